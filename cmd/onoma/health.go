package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// newHealth asks a server's operations listener, for container engines whose
// images hold this program and no other.
func newHealth() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:     "health",
		Short:   "Ask a server whether it is ready; exits 1 when it is not",
		Example: `  onoma health --ops 127.0.0.1:7412`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&address, "ops", "127.0.0.1:7412", "`HOST:PORT` of the server's operations listener")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client := &http.Client{Timeout: 2 * time.Second}
		request, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return &usageError{fmt.Errorf("--ops %q: %w", address, err)}
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(io.LimitReader(response.Body, 1024))
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", response.Status, text)
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	return cmd
}
