package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	"onoma/internal/server"

	onomav1 "onoma/proto/onoma/v1"
)

// writeCallers writes a file of callers with one token a role and returns the
// tokens.
func writeCallers(t testing.TB, more ...string) (file string, tokens map[server.Role]string) {
	t.Helper()
	tokens = make(map[server.Role]string)
	lines := []string{"# who may call"}
	for role := server.Reader; role <= server.Admin; role++ {
		token, credential := server.NewToken()
		tokens[role] = token
		lines = append(lines, fmt.Sprintf("the-%s %s %s", role, role, credential))
	}
	file = filepath.Join(t.TempDir(), "callers")
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, more...), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, tokens
}

func newAccess(t testing.TB, o server.AccessOptions) *server.Access {
	t.Helper()
	a, err := server.NewAccess(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func withToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// call makes a call of any method with an empty request.
func call(ctx context.Context, conn *grpc.ClientConn, method string, info grpc.MethodInfo) error {
	if !info.IsClientStream && !info.IsServerStream {
		return conn.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{})
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: info.IsClientStream, ServerStreams: info.IsServerStream}, method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&emptypb.Empty{}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_ = stream.CloseSend() // the answer tells
	if err := stream.RecvMsg(&emptypb.Empty{}); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// TestEveryMethodForEveryRole asks every method that the server has as each
// role. What a role may not do is refused as such; what it may do comes to the
// method, which may say what it likes.
func TestEveryMethodForEveryRole(t *testing.T) {
	// Each method stands here, so that a new one must be thought of.
	least := map[string]server.Role{
		"/grpc.health.v1.Health/Check": server.Nobody, "/grpc.health.v1.Health/Watch": server.Nobody, "/grpc.health.v1.Health/List": server.Nobody,

		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      server.Reader,
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": server.Reader,

		"/onoma.v1.ResolverService/Resolve": server.Reader, "/onoma.v1.ResolverService/BatchResolve": server.Reader,
		"/onoma.v1.ResolverService/StreamResolve": server.Reader, "/onoma.v1.ResolverService/Annotate": server.Reader,
		"/onoma.v1.ResolverService/StreamAnnotate": server.Reader, "/onoma.v1.ResolverService/Explain": server.Reader,
		"/onoma.v1.ResolverService/GetEntity": server.Reader, "/onoma.v1.ResolverService/BatchGetEntities": server.Reader,
		"/onoma.v1.ResolverService/SearchEntities": server.Reader,

		"/onoma.v1.AliasService/ListEntities": server.Reader, "/onoma.v1.AliasService/ExportEntities": server.Reader,
		"/onoma.v1.AliasService/ListVersions": server.Reader, "/onoma.v1.AliasService/GetTableInfo": server.Reader,
		"/onoma.v1.AliasService/WatchTable": server.Reader,

		"/onoma.v1.AliasService/LoadEntities": server.Loader, "/onoma.v1.AliasService/UpsertEntities": server.Loader,
		"/onoma.v1.AliasService/DeleteEntities": server.Loader,
		"/onoma.v1.AliasService/SetOverrides":   server.Admin, "/onoma.v1.AliasService/Rollback": server.Admin,

		"/test.Empty/Call": server.Admin + 1, // of no list, and so for nobody
	}
	file, tokens := writeCallers(t)
	s, conn := start(t, server.Options{
		Access:   newAccess(t, server.AccessOptions{File: file}),
		Register: func(r grpc.ServiceRegistrar) { r.RegisterService(&emptyService, nil) },
	})
	asked := make(map[string]bool)
	for service, about := range s.Services() {
		for _, method := range about.Methods {
			full := "/" + service + "/" + method.Name
			need, known := least[full]
			if !known {
				t.Errorf("%s: who may call it?", full)
			}
			asked[full] = true
			for role := server.Nobody; role <= server.Admin; role++ {
				err := call(withToken(t.Context(), tokens[role]), conn, full, method)
				code := status.Code(err)
				refused := code == codes.PermissionDenied || code == codes.Unauthenticated
				if want := role < need; refused != want {
					t.Errorf("%s as %s: %v, refused %t, want %t", full, role, err, refused, want)
				}
				if refused && (code == codes.Unauthenticated) != (role == server.Nobody) {
					t.Errorf("%s as %s: %s", full, role, code)
				}
			}
		}
	}
	// The server has every method of the contract, as its descriptors tell.
	for _, file := range []protoreflect.FileDescriptor{onomav1.File_onoma_v1_resolver_service_proto, onomav1.File_onoma_v1_alias_service_proto} {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for k := range service.Methods().Len() {
				full := "/" + string(service.FullName()) + "/" + string(service.Methods().Get(k).Name())
				if !asked[full] {
					t.Errorf("%s is in the contract and not on the server", full)
				}
			}
		}
	}
	for method := range least {
		if !asked[method] {
			t.Errorf("%s is not on the server", method)
		}
	}
}

func TestCredentials(t *testing.T) {
	file, tokens := writeCallers(t)
	access := newAccess(t, server.AccessOptions{File: file})
	_, conn := start(t, server.Options{Access: access})
	client := onomav1.NewResolverServiceClient(conn)
	resolve := func(values ...string) error {
		ctx := t.Context()
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", v)
		}
		_, err := client.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
		return err
	}
	good := tokens[server.Reader]
	for _, c := range []struct {
		values []string
		code   codes.Code
	}{
		{[]string{"Bearer " + good}, codes.OK},
		{[]string{"bearer " + good}, codes.OK},
		{nil, codes.Unauthenticated},
		{[]string{""}, codes.Unauthenticated},
		{[]string{"Bearer "}, codes.Unauthenticated},
		{[]string{good}, codes.Unauthenticated},
		{[]string{"Basic " + good}, codes.Unauthenticated},
		{[]string{"Bearer " + good + "x"}, codes.Unauthenticated},
		{[]string{"Bearer " + good[:len(good)-1]}, codes.Unauthenticated},
		{[]string{"Bearer " + good, "Bearer " + tokens[server.Admin]}, codes.Unauthenticated},
	} {
		if got := status.Code(resolve(c.values...)); got != c.code {
			t.Errorf("authorization %d values: %s, want %s", len(c.values), got, c.code)
		}
	}

	// A bad file leaves the callers; a good one changes them.
	if err := os.WriteFile(file, []byte("reader reader sha256:zz"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := access.Reload(); err == nil || changed {
		t.Errorf("a bad file: changed %t, %v", changed, err)
	}
	if err := resolve("Bearer " + good); err != nil {
		t.Errorf("after a bad file: %v", err)
	}
	fresh, credential := server.NewToken()
	if err := os.WriteFile(file, []byte("news reader "+credential), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := access.Reload(); err != nil || !changed {
		t.Errorf("a new file: changed %t, %v", changed, err)
	}
	if code := status.Code(resolve("Bearer " + good)); code != codes.Unauthenticated {
		t.Errorf("a token that was taken away: %s", code)
	}
	if err := resolve("Bearer " + fresh); err != nil {
		t.Errorf("a new token: %v", err)
	}
}

func TestParseCallersNamesTheFault(t *testing.T) {
	_, good := server.NewToken()
	for text, says := range map[string]string{
		"":                                       "no caller",
		"\n# nothing\n":                          "no caller",
		"a reader":                               "line 1: has 2 fields",
		"\na boss " + good:                       `line 2: "boss" is no role`,
		"a nobody " + good:                       `"nobody" is no role`,
		"a reader sha256:12":                     "64 hexadecimal digits",
		"a reader " + good + "0":                 "64 hexadecimal digits",
		"a reader plain:secret":                  `neither with "sha256:" nor with "cert:"`,
		"a reader cert:":                         "empty",
		"a reader " + good + " 0":                "above 0",
		"a reader " + good + " NaN":              "above 0",
		"a reader " + good + " 5 -1":             "burst",
		"a reader " + good + "\nb admin " + good: "same token",
	} {
		if _, err := server.ParseCallers([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

func TestQuotaCountsQueries(t *testing.T) {
	token, credential := server.NewToken()
	file, tokens := writeCallers(t, "small reader "+credential+" 0.01 10")
	_, conn := start(t, server.Options{Access: newAccess(t, server.AccessOptions{File: file})})
	client := onomav1.NewResolverServiceClient(conn)
	batch := func(token string, n int) error {
		request := &onomav1.BatchResolveRequest{}
		for range n {
			request.Queries = append(request.Queries, &onomav1.Query{Name: "Mosca"})
		}
		_, err := client.BatchResolve(withToken(t.Context(), token), request)
		return err
	}
	if err := batch(token, 6); err != nil {
		t.Errorf("6 of 10: %v", err)
	}
	if err := batch(token, 4); err != nil {
		t.Errorf("10 of 10: %v", err)
	}
	err := batch(token, 1)
	if status.Code(err) != codes.ResourceExhausted {
		t.Fatalf("11 of 10: %v", err)
	}
	var retry *errdetails.RetryInfo
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			retry = r
		}
	}
	if wait := retry.GetRetryDelay().AsDuration(); wait < 50*time.Second || wait > 101*time.Second {
		t.Errorf("retry after %s, want about 100 s", wait)
	}
	if err := batch(tokens[server.Reader], 100); err != nil {
		t.Errorf("another caller: %v", err)
	}
	stream, err := client.StreamResolve(withToken(t.Context(), token))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&onomav1.StreamResolveRequest{Queries: []*onomav1.Query{{Name: "Mosca"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the same over a stream: %v", err)
	}
}

func TestAuditTellsWhoAndWhatButNoName(t *testing.T) {
	var audit syncBuffer
	file, tokens := writeCallers(t)
	_, conn := start(t, server.Options{
		Access: newAccess(t, server.AccessOptions{File: file}), Audit: slog.New(slog.NewTextHandler(&audit, nil)),
	})
	client := onomav1.NewAliasServiceClient(conn)
	request := &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "w-1", Note: "Jane Roe", Entities: []*onomav1.Entity{{Id: "x", CanonicalName: "Jane Roe"}}}
	_, _ = client.UpsertEntities(withToken(t.Context(), tokens[server.Loader]), request)
	_, _ = client.UpsertEntities(withToken(t.Context(), tokens[server.Reader]), request)
	_, _ = client.GetTableInfo(withToken(t.Context(), tokens[server.Reader]), &onomav1.GetTableInfoRequest{})
	lines := strings.Split(strings.TrimSpace(audit.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one a write:\n%s", len(lines), audit.String())
	}
	for i, wants := range [][]string{
		{"caller=the-loader", "source=desk", "write_id=w-1", "peer=127.0.0.1:", "UpsertEntities"},
		{"code=PermissionDenied", "UpsertEntities"},
	} {
		for _, want := range wants {
			if !strings.Contains(lines[i], want) {
				t.Errorf("line %q lacks %s", lines[i], want)
			}
		}
	}
	for _, secret := range []string{"Jane", tokens[server.Loader]} {
		if strings.Contains(audit.String(), secret) {
			t.Errorf("the audit log holds %q", secret)
		}
	}
}

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key, a.pem, _ = sign(t, nil, "authority", time.Hour)
	return a
}

func sign(t testing.TB, by *authority, name string, life time.Duration) (cert *x509.Certificate, key *ecdsa.PrivateKey, certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: by == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// dial connects over TLS; name is that of the client's certificate, or "".
func dial(t testing.TB, address string, by *authority, name string) *grpc.ClientConn {
	t.Helper()
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	config.RootCAs.AddCert(by.cert)
	if name != "" {
		_, _, cert, key := sign(t, by, name, time.Hour)
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestCertificatesRotateAndKeepTheOldPairWhenTheNewIsBad(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	by := newAuthority(t)
	write := func(cert, key []byte) {
		t.Helper()
		for file, text := range map[string][]byte{certFile: cert, keyFile: key} {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, _, cert, key := sign(t, by, "one.example", time.Hour)
	write(cert, key)
	certificates, err := server.NewCertificates(certFile, keyFile, "")
	if err != nil {
		t.Fatal(err)
	}
	address := serve(t, server.Options{Extra: []grpc.ServerOption{certificates.Option()}})
	shown := func() *big.Int {
		t.Helper()
		pool := x509.NewCertPool()
		pool.AddCert(by.cert)
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}}
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber
	}
	if shown().Cmp(first.SerialNumber) != 0 {
		t.Error("the first certificate is not shown")
	}
	old := dial(t, address, by, "")
	resolves := func(conn *grpc.ClientConn) error {
		_, err := onomav1.NewResolverServiceClient(conn).Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
		return err
	}
	if err := resolves(old); err != nil {
		t.Fatal(err)
	}

	_, _, otherCert, _ := sign(t, by, "two.example", time.Hour)
	_, _, endedCert, endedKey := sign(t, by, "three.example", -time.Hour)
	for what, bad := range map[string][2][]byte{
		"of two pairs": {otherCert, key}, "empty": {nil, nil}, "cut off": {cert[:len(cert)/2], key}, "ended": {endedCert, endedKey},
	} {
		write(bad[0], bad[1])
		if changed, err := certificates.Reload(); err == nil || changed {
			t.Errorf("%s: changed %t, %v", what, changed, err)
		}
		if shown().Cmp(first.SerialNumber) != 0 {
			t.Errorf("%s: the first certificate is not kept", what)
		}
	}
	next, _, cert, key := sign(t, by, "next.example", time.Hour)
	write(cert, key)
	if changed, err := certificates.Reload(); err != nil || !changed {
		t.Fatalf("a good pair: changed %t, %v", changed, err)
	}
	if shown().Cmp(next.SerialNumber) != 0 {
		t.Error("the new certificate is not shown")
	}
	if err := resolves(old); err != nil {
		t.Errorf("a connection made before: %v", err)
	}
}

func TestMutualTLS(t *testing.T) {
	dir := t.TempDir()
	by, stranger := newAuthority(t), newAuthority(t)
	_, _, cert, key := sign(t, by, "server.example", time.Hour)
	files := [3]string{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")}
	for i, text := range [][]byte{cert, key, by.pem} {
		if err := os.WriteFile(files[i], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certificates, err := server.NewCertificates(files[0], files[1], files[2])
	if err != nil {
		t.Fatal(err)
	}
	callers, _ := writeCallers(t, "nightly loader cert:nightly.example")
	address := serve(t, server.Options{
		Access: newAccess(t, server.AccessOptions{File: callers, Certified: server.Reader}),
		Extra:  []grpc.ServerOption{certificates.Option()},
	})
	ask := func(conn *grpc.ClientConn) (read, write codes.Code) {
		_, readErr := onomav1.NewResolverServiceClient(conn).Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
		_, writeErr := onomav1.NewAliasServiceClient(conn).UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{})
		return status.Code(readErr), status.Code(writeErr)
	}
	if read, write := ask(dial(t, address, by, "nightly.example")); read != codes.OK || write == codes.PermissionDenied || write == codes.Unavailable {
		t.Errorf("a loader's certificate: read %s, write %s", read, write)
	}
	if read, write := ask(dial(t, address, by, "someone.example")); read != codes.OK || write != codes.PermissionDenied {
		t.Errorf("another certificate of the authority: read %s, write %s", read, write)
	}
	if read, _ := ask(dial(t, address, by, "")); read != codes.Unavailable {
		t.Errorf("no certificate: %s", read)
	}
	// The client's certificate is of an authority that the server does not know.
	_, _, strangerCert, strangerKey := sign(t, stranger, "nightly.example", time.Hour)
	pair, err := tls.X509KeyPair(strangerCert, strangerKey)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(by.cert)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if read, _ := ask(conn); read != codes.Unavailable {
		t.Errorf("a stranger's certificate: %s", read)
	}
}

// serve is start without a connection.
func serve(t testing.TB, options server.Options) (address string) {
	t.Helper()
	_, conn := start(t, options)
	return conn.Target()
}

// TestAdmissionSheds fills the server and asks once more.
func TestAdmissionSheds(t *testing.T) {
	s, conn := start(t, server.Options{Admission: server.AdmissionOptions{Working: 1, Queue: 1, Target: 20 * time.Millisecond, Interval: 20 * time.Millisecond}})
	release := s.Occupy()
	client := onomav1.NewResolverServiceClient(conn)
	request := &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}
	begin := time.Now()
	_, err := client.Resolve(t.Context(), request)
	took := time.Since(begin)
	if status.Code(err) != codes.Unavailable || took > time.Second {
		t.Errorf("a full server: %v after %s", err, took)
	}
	retry := false
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok && r.RetryDelay.AsDuration() > 0 {
			retry = true
		}
	}
	if !retry {
		t.Error("UNAVAILABLE without RetryInfo")
	}
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("health of a full server: %v", err)
	}
	release()
	if _, err := client.Resolve(t.Context(), request); err != nil {
		t.Errorf("after the crowd: %v", err)
	}
}

// syncBuffer is a buffer that several goroutines may use.
type syncBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}
