// Resolve names from TypeScript, with the protos as they are:
//
//   cd examples/typescript && npm ci
//   npx tsx resolve.ts 127.0.0.1:7411 Mosca "Casa Bianca"
//
// The service config is the one that the Go client ships.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const definition = loadSync("onoma/v1/resolver_service.proto", {
  includeDirs: [join(root, "proto")],
  keepCase: false,
  longs: Number,
  enums: String,
  defaults: true,
});
const { onoma } = grpc.loadPackageDefinition(definition) as any;

const [target, ...names] = process.argv.slice(2);
// With TLS and a token: grpc.credentials.combineChannelCredentials(grpc.credentials.createSsl(),
//   grpc.credentials.createFromMetadataGenerator((_, done) => { … authorization: `Bearer ${token}` … }))
const client = new onoma.v1.ResolverService(target, grpc.credentials.createInsecure(), {
  "grpc.service_config": readFileSync(join(root, "client/service_config.json"), "utf8"),
  "grpc.max_receive_message_length": 64 << 20,
});

const request = { queries: names.map((name) => ({ name })) };
client.batchResolve(request, { deadline: Date.now() + 5000 }, (error: grpc.ServiceError | null, response: any) => {
  if (error) {
    console.error(`${grpc.status[error.code]}: ${error.details}`);
    process.exitCode = 1;
  } else {
    response.items.forEach((item: any, i: number) => {
      if (item.error) {
        console.log([names[i], "error", item.error.message].join("\t"));
        return;
      }
      const best = item.result?.candidates[0];
      console.log([names[i], ...(best ? [best.entityId, best.canonicalName, best.score.toFixed(3)] : ["-"])].join("\t"));
    });
  }
  client.close();
});
