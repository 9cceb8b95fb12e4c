package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"onoma/client"
)

// serverFlags say which server is asked, how it is known to be the right one,
// and who asks. A token is never a flag: others on the machine can read those.
type serverFlags struct {
	addr          string
	tls, insecure bool
	ca, name      string
	cert, key     string
	tokenFile     string
	lookup        func(variable string) (string, bool)
}

// tokenVariable holds the bearer token when no file does.
const tokenVariable = "ONOMA_TOKEN"

// maxTokenBytes bounds what is read of a file of a token.
const maxTokenBytes = 4096

// add adds the flags; says is what --addr does.
func (f *serverFlags) add(cmd *cobra.Command, env environment, says string) {
	f.lookup = env.lookup
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "", says)
	flags.BoolVar(&f.tls, "tls", false, "speak TLS with the server; the flags below that need it imply it")
	flags.StringVar(&f.ca, "tls-ca", "", "`FILE` of the authorities that the server's certificate must be signed by, PEM; the system's by default")
	flags.StringVar(&f.name, "tls-server-name", "", "`NAME` that the server's certificate must bear; the host of --addr by default")
	flags.StringVar(&f.cert, "client-cert", "", "`FILE` of the certificate to show the server, PEM")
	flags.StringVar(&f.key, "client-key", "", "`FILE` of its key, PEM")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` of the bearer token to show; else "+tokenVariable+" is shown")
	flags.BoolVar(&f.insecure, "insecure", false, "show the token to another machine although nothing is encrypted")
}

// given reports whether a server is named.
func (f *serverFlags) given() bool { return f.addr != "" }

// dial returns a client of the server. The caller closes it. No call has an end
// of its own: writes of big tables take as long as they take.
func (f *serverFlags) dial() (*client.Client, error) {
	o := client.Options{Dial: []grpc.DialOption{grpc.WithDefaultServiceConfig(`{}`)}}
	var err error
	if o.TLS, err = f.transport(); err != nil {
		return nil, err
	}
	if o.Token, err = f.token(); err != nil {
		return nil, err
	}
	if o.Token != "" && o.TLS == nil && !f.insecure && !isLoopback(f.addr) {
		return nil, &usageError{fmt.Errorf("the token would go to %s in the clear: give --tls or --tls-ca, or say --insecure", f.addr)}
	}
	c, err := client.New(f.addr, o)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--addr %q: %w", f.addr, err)}
	}
	return c, nil
}

// transport returns what TLS is spoken with; nil when none is.
func (f *serverFlags) transport() (*tls.Config, error) {
	if (f.cert == "") != (f.key == "") {
		return nil, &usageError{errors.New("--client-cert and --client-key go together")}
	}
	if !f.tls && f.ca == "" && f.name == "" && f.cert == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.name}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--tls-ca: %s holds no certificate", f.ca)
		}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("--client-cert and --client-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// token returns the token to show, or "".
func (f *serverFlags) token() (string, error) {
	said, _ := f.lookup(tokenVariable)
	where := tokenVariable
	if f.tokenFile != "" {
		where = "--token-file"
		file, err := os.Open(f.tokenFile)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, maxTokenBytes+1))
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		if said = string(text); strings.TrimSpace(said) == "" {
			return "", fmt.Errorf("--token-file: %s is empty", f.tokenFile)
		}
	}
	token := strings.TrimSpace(said)
	// What is wrong is said without showing the token.
	if len(token) > maxTokenBytes {
		return "", fmt.Errorf("%s: the token is longer than %d bytes", where, maxTokenBytes)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", fmt.Errorf("%s: the token has a space or another character that no token has", where)
	}
	return token, nil
}

// message is what an error says to a person: a status without its code's dress,
// and what to do about it.
func message(err error) string {
	s, ok := status.FromError(err)
	if !ok {
		return err.Error()
	}
	said := fmt.Sprintf("%s: %s", s.Code(), s.Message())
	switch text := s.Message(); s.Code() {
	case codes.Unauthenticated:
		said += "; show who you are with --token-file, " + tokenVariable + " or --client-cert"
	case codes.PermissionDenied:
		said += "; whoever keeps the server's file of callers can give another role"
	case codes.Unavailable:
		switch {
		case strings.Contains(text, "first record does not look like a TLS handshake"):
			said += "; the server speaks no TLS"
		case strings.Contains(text, "certificate signed by unknown authority"):
			said += "; name its authority with --tls-ca"
		case strings.Contains(text, "certificate required"), strings.Contains(text, "bad certificate"):
			said += "; the server asks for a certificate: --client-cert, --client-key"
		case strings.Contains(text, "server preface"), strings.Contains(text, "broken pipe"), strings.Contains(text, "connection reset"):
			// A server that hangs up may do so before its reason is read.
			said += "; perhaps the server speaks TLS (--tls, --tls-ca), or asks for a certificate (--client-cert, --client-key)"
		}
	}
	return said
}
