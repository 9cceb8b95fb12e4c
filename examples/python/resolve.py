"""Resolve names from Python.

    pip install grpcio grpcio-tools
    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. \\
        proto/onoma/v1/*.proto proto/google/rpc/status.proto
    PYTHONPATH=. python examples/python/resolve.py 127.0.0.1:7411 Mosca "Casa Bianca"

The service config is the one that the Go client ships: round robin over all
replicas, health checks, tries again for reads.
"""

import pathlib
import sys

import grpc
from onoma.v1 import query_pb2, resolver_service_pb2, resolver_service_pb2_grpc

CONFIG = pathlib.Path(__file__).parents[2] / "client" / "service_config.json"


def main(target: str, names: list[str]) -> None:
    options = [
        ("grpc.service_config", CONFIG.read_text()),
        ("grpc.max_receive_message_length", 64 << 20),
    ]
    # With TLS and a token: grpc.secure_channel(target, grpc.composite_channel_credentials(
    #     grpc.ssl_channel_credentials(), grpc.access_token_call_credentials(token)))
    with grpc.insecure_channel(target, options=options) as channel:
        onoma = resolver_service_pb2_grpc.ResolverServiceStub(channel)
        batch = resolver_service_pb2.BatchResolveRequest(
            queries=[query_pb2.Query(name=name) for name in names]
        )
        for name, item in zip(names, onoma.BatchResolve(batch, timeout=5).items):
            if item.HasField("error"):
                print(f"{name}\terror\t{item.error.message}")
                continue
            best = item.result.candidates[0] if item.result.candidates else None
            found = f"{best.entity_id}\t{best.canonical_name}\t{best.score:.3f}" if best else "-"
            print(f"{name}\t{found}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
