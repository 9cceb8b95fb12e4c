package main

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"onoma/internal/source"
	"onoma/internal/table"
)

func newBench(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "What benchmarks need", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	generate := newGenerate(env)
	generate.Args = asUsage(generate.Args)
	cmd.AddCommand(generate)
	return cmd
}

func newGenerate(env environment) *cobra.Command {
	var (
		names int64
		seed  uint64
		out   string
	)
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make entities with names in several scripts, as JSON lines",
		Long: `Generate writes people, organisations and places with names in five scripts until
there are --names of them, in the format that load reads (jsonl). The same seed
makes the same entities. A --out that ends in .zst is compressed.`,
		Example: `  onoma bench generate --names 10000000 --out names.jsonl`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().Int64Var(&names, "names", 1_000_000, "how many names to make, at least")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "what the draw begins with")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; standard output when not given")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		to, closeIt, err := output(env, out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		buffer := bufio.NewWriterSize(to, 1<<20)
		var packed io.WriteCloser
		lines := source.NewWriter(buffer)
		if strings.HasSuffix(out, ".zst") {
			if packed, err = zstd.NewWriter(buffer); err != nil {
				return err
			}
			lines = source.NewWriter(packed)
		}
		err = source.NewGenerator(seed).Rows(names, func(row table.Row) error {
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return lines.Write(&row)
		})
		if packed != nil {
			err = errors.Join(err, packed.Close())
		}
		return errors.Join(err, buffer.Flush())
	}
	return cmd
}
