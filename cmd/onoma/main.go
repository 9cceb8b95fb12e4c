// Command onoma resolves names to entities: as a gRPC server, or by itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK         = 0
	exitFailed     = 1 // something went wrong; standard error says what
	exitUsage      = 2 // the command line is wrong
	exitUnresolved = 3 // --strict, and a name was not RESOLVED
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment{os.Stdin, os.Stdout, os.Stderr, os.LookupEnv})
	stop()
	os.Exit(code)
}

// environment is what the program sees of the world around it.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(variable string) (string, bool)
}

// run is the whole program.
func run(ctx context.Context, args []string, env environment) int {
	root := newRoot(env)
	root.SetArgs(args)
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var unresolved *unresolvedError
	var usage *usageError
	if !errors.As(err, &unresolved) {
		fmt.Fprintf(env.stderr, "onoma: %s\n", message(err))
	}
	switch {
	case unresolved != nil:
		return exitUnresolved
	case errors.As(err, &usage):
		fmt.Fprintln(env.stderr, "Try 'onoma --help'.")
		return exitUsage
	default:
		return exitFailed
	}
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func newRoot(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "onoma",
		Short: "From a name to the entity it stands for",
		Long: `onoma maps the names that texts use (Zelenskyj, Pyongyang, nordcoreane, Casa Bianca)
to the ID of the entity they stand for. It answers by itself from the table built
into it, or serves the same answers over gRPC.

Exit codes: 0 answered; 1 failed; 2 wrong usage; 3 with --strict, a name was not
RESOLVED. Every flag can be set by the environment: --as-of by ONOMA_AS_OF.`,
		Example: `  onoma resolve Mosca "Casa Bianca" Зеленський
  onoma resolve --output json < names.txt
  onoma explain Georgia Q230
  onoma serve`,
		Version:       version(),
		Args:          asUsage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := flagsFromEnvironment(cmd.Flags(), env.lookup); err != nil {
				return err
			}
			return flagsFromFile(cmd.Flags())
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	group := func(title string, verbs ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
		for _, c := range verbs {
			c.GroupID = title
		}
		root.AddCommand(verbs...)
	}
	group("Ask", newResolve(env), newAnnotate(env), newExplain(env), newList(env), newInfo(env))
	group("Change the table", newLoad(env), newUpsert(env), newDelete(env), newPin(env), newDeny(env), newLift(env), newRollback(env))
	group("Read the table", newExport(env), newOverrides(env), newVersions(env), newWatch(env))
	group("Serve", newServe(env), newToken(), newHealth(), newBench(env))
	for _, c := range root.Commands() {
		c.Args = asUsage(c.Args)
	}
	return root
}

func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return &usageError{err}
		}
		return nil
	}
}

// version is the module's version, or the commit that was built.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return build.Main.Version
}
