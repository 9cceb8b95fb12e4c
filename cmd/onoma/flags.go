package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// flagsFromEnvironment sets each flag that the command line left alone from the
// variable ONOMA_FLAG_NAME, when there is one.
func flagsFromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var problems []error
	flags.VisitAll(func(f *pflag.Flag) {
		variable := "ONOMA_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := lookup(variable)
		if !ok || f.Changed {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			problems = append(problems, &usageError{fmt.Errorf("%s: %w", variable, err)})
		}
	})
	return errors.Join(problems...)
}

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

func newChoice(allowed ...string) *choice { return &choice{allowed[0], allowed} }

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(s string) error {
	for _, a := range c.allowed {
		if strings.EqualFold(a, s) {
			c.value = a
			return nil
		}
	}
	return fmt.Errorf("%q is none of %s", s, strings.Join(c.allowed, ", "))
}
