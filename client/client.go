// Package client is a thin client of Onoma: the generated stubs over a connection
// that spreads its calls over all replicas, leaves the sick ones out, tries reads
// again, and gives every call an end.
//
//	c, err := client.New("dns:///onoma-replicas:7411", client.Options{Token: token, TLS: &tls.Config{}})
//	defer c.Close()
//	answer, err := c.Resolver.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
//
// The policy is gRPC's service config, [ServiceConfig], and serves clients in any
// language as it stands.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // without it health checks of the service config do nothing
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	onomav1 "onoma/proto/onoma/v1"
)

// ServiceConfig is what a client does beyond sending calls. Round robin spreads
// them; this package's own leaves out replicas that are behind or silent, too. Replicas
// that say NOT_SERVING, as one that drains, get none. Unary reads
// are tried four times when a replica is UNAVAILABLE, until one call in ten is a
// second try: then the service is ill, and tries make it worse. Unary calls end
// after 10 s and batches after 60 s when the caller sets no deadline. Writes and
// streams are never tried again by themselves.
//
//go:embed service_config.json
var ServiceConfig string

const (
	// maxAnswer bounds one answer; the server's own bound is 64 MB.
	maxAnswer = 64 << 20
	// probeEvery and probeTimeout end a connection with calls under way that nobody
	// answers on any more. Servers want no probes more often than every 10 s.
	probeEvery   = 15 * time.Second
	probeTimeout = 5 * time.Second
)

// Options of a client. The zero Options speak in the clear and show no credential.
type Options struct {
	// TLS, when given, encrypts; with certificates the client shows one.
	TLS *tls.Config
	// Token, when given, is shown with each call. It is never sent in the clear
	// unless the whole connection is.
	Token string
	// Patience is how long a call looks for a replica whose table is no older than
	// what this client has seen or written, and than the request's min_table_version;
	// 0 is 2 s, and below 0 any is taken. Answers of one client thus never go back in
	// time while a replica has the newest. Streams have one replica each and do not look.
	Patience time.Duration
	// SecondAfter is how long a read may be without an answer before another replica is
	// asked as well, and the first answer taken; 0 is 50 ms, and below 0 none is. Each
	// byte of the request adds 20 µs. At most one read in ten is asked twice, and none
	// whose caller wants its header, trailer or peer. Streams and writes never are.
	SecondAfter time.Duration
	// Dial are further options, which outrank those of this package.
	Dial []grpc.DialOption
}

// Client is safe for concurrent use.
type Client struct {
	Resolver onomav1.ResolverServiceClient
	Alias    onomav1.AliasServiceClient
	conn     *grpc.ClientConn
	forward  *forward
}

// New returns a client of the target, such as dns:///onoma-replicas:7411, whose
// name leads to all replicas. It connects when it is first used.
func New(target string, o Options) (*Client, error) {
	transport := insecure.NewCredentials()
	if o.TLS != nil {
		transport = credentials.NewTLS(o.TLS)
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(ServiceConfig),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: probeEvery, Timeout: probeTimeout}),
	}
	if o.Token != "" {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{o.Token, o.TLS != nil}))
	}
	f := &forward{patience: cmp.Or(o.Patience, defaultPatience)}
	f.second.after = cmp.Or(o.SecondAfter, defaultSecondAfter)
	f.second.budget.Store(10 * mostSeconds)
	dial = append(dial, grpc.WithChainUnaryInterceptor(f.intercept))
	conn, err := grpc.NewClient(target, append(dial, o.Dial...)...)
	if err != nil {
		return nil, fmt.Errorf("client of %q: %w", target, err)
	}
	return &Client{Resolver: onomav1.NewResolverServiceClient(conn), Alias: onomav1.NewAliasServiceClient(conn), conn: conn, forward: f}, nil
}

// Close ends the connections; calls under way fail.
func (c *Client) Close() error { return c.conn.Close() }

// bearer shows a token with each call.
type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }

const (
	// chunkRows and chunkBytes bound a chunk of a load: well under the server's
	// 10,000 rows and 4 MB.
	chunkRows  = 2000
	chunkBytes = 1 << 20
	// loadTries is how often a load that breaks off is taken up again.
	loadTries = 5
)

// Load sends rows in chunks, and publishes them together or not at all. With a
// request ID in the header a load that breaks off is resumed where the server
// stands: rows is then ranged over again from its start, and must yield the same.
func (c *Client) Load(ctx context.Context, header *onomav1.LoadHeader, rows iter.Seq2[*onomav1.Row, error]) (*onomav1.WriteResult, error) {
	resume := header.Resume
	for try := 1; ; try++ {
		result, err := c.load(ctx, header, resume, rows)
		c.forward.raise(result.GetTableVersion())
		if status.Code(err) != codes.Unavailable || header.RequestId == "" || try == loadTries || ctx.Err() != nil {
			return result, err
		}
		resume = true
	}
}

func (c *Client) load(ctx context.Context, header *onomav1.LoadHeader, resume bool, rows iter.Seq2[*onomav1.Row, error]) (*onomav1.WriteResult, error) {
	ctx, cancel := context.WithCancel(ctx) // a load that is given up must not publish
	defer cancel()
	stream, err := c.Alias.LoadEntities(ctx)
	if err != nil {
		return nil, err
	}
	l := &loading{stream: stream}
	opening := &onomav1.LoadHeader{
		Source: header.Source, Mode: header.Mode, DryRun: header.DryRun, RequestId: header.RequestId,
		BaseVersion: header.BaseVersion, MaxRejections: header.MaxRejections, Note: header.Note, Resume: resume,
	}
	if err := l.send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Header{Header: opening}}); err != nil {
		return l.end(err)
	}
	md, err := stream.Header()
	if err != nil {
		return l.end(err)
	}
	next := md.Get("onoma-next-sequence")
	if len(next) == 0 {
		return l.end(io.EOF) // answered already: the answer of an earlier call, or an error
	}
	if l.next, err = strconv.ParseInt(next[0], 10, 64); err != nil {
		return nil, fmt.Errorf("load: the server asks for chunk %q", next[0])
	}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if err := l.add(row); err != nil {
			return l.end(err)
		}
	}
	if err := l.flush(); err != nil {
		return l.end(err)
	}
	commit := &onomav1.LoadCommit{RowCount: l.count}
	return l.end(l.send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Commit{Commit: commit}}))
}

// loading is one stream of a load.
type loading struct {
	stream         grpc.ClientStreamingClient[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse]
	chunk          onomav1.LoadChunk
	bytes          int
	sequence, next int64 // of this chunk, and of the first that the server lacks
	count          int64
}

func (l *loading) add(row *onomav1.Row) error {
	l.chunk.Rows = append(l.chunk.Rows, row)
	l.bytes += proto.Size(row)
	l.count++
	if len(l.chunk.Rows) < chunkRows && l.bytes < chunkBytes {
		return nil
	}
	return l.flush()
}

func (l *loading) flush() error {
	if len(l.chunk.Rows) == 0 {
		return nil
	}
	chunk := &onomav1.LoadChunk{Sequence: l.sequence, Rows: l.chunk.Rows}
	l.chunk.Rows, l.bytes = nil, 0
	l.sequence++
	if chunk.Sequence < l.next {
		return nil
	}
	return l.send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Chunk{Chunk: chunk}})
}

func (l *loading) send(m *onomav1.LoadEntitiesRequest) error { return l.stream.Send(m) }

// end reads the answer. A send that met the end of the stream is explained by it.
func (l *loading) end(err error) (*onomav1.WriteResult, error) {
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	response, err := l.stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return response.Result, nil
}
