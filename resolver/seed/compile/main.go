// Command compile turns the source data and the hand-written facts into the
// embedded table of package seed.
//
//	go run ./resolver/seed/compile --data DIR [--facts DIR] [--out FILE] [--keep-going]
//
// Each source is read by one file here, into one [world] that merges by entity
// ID:
//
//	territories.go    countries and first-level regions, with their names
//	cities.go         cities
//	places.go         further names of places, and disputed lands and seas
//	organisations.go  international organisations
//	people.go         who holds or held which post, and under which names
//	posts.go          the posts, their classes and titles
//	leaders.go        the present heads of state and government
//	demonyms.go       nationality words
//	facts.go          hand-written facts, which win over everything above
//
// Then names are sifted (names.go), relations and posts settled (merge.go),
// prominence computed (prominence.go) and the file written (write.go). The same
// input gives the same bytes; nothing but the output file is written.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "compile:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("compile", flag.ContinueOnError)
	flags.SetOutput(stderr)
	data := flags.String("data", "", "directory of the source data (required)")
	facts := flags.String("facts", filepath.Join("resolver", "seed", "facts"), "directory of the hand-written facts")
	out := flags.String("out", filepath.Join("resolver", "seed", "seed.bin.zst"), "file to write")
	keepGoing := flags.Bool("keep-going", false, "pass over hand-written lines that cannot be read or point nowhere, reporting each")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *data == "" || flags.NArg() > 0 {
		flags.Usage()
		return errors.New("--data DIR is required, and nothing but flags is taken")
	}
	w := newWorld(*data, newProgress(stderr, *data, *facts))
	defer w.progress.close()
	w.keepGoing = *keepGoing
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"states", func() error { return w.readStates(*facts) }},
		{"territories", w.readTerritories},
		{"cities", w.readCities},
		{"places", w.readPlaces},
		{"organisations", w.readOrganisations},
		{"offices", func() error { return w.readOffices(*facts) }},
		{"facts", func() error { return w.readFacts(*facts) }},
		{"posts", w.readPosts},
		{"people", w.readPeople},
		{"demonyms", w.readDemonyms},
		{"leaders", w.readLeaders},
		{"merge", w.merge},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	if err := w.write(*out); err != nil {
		return err
	}
	if w.problems > 0 {
		return fmt.Errorf("%d hand-written lines were passed over", w.problems)
	}
	return nil
}
