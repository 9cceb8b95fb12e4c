package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
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

// configFlag names the file of flags, where a command takes one.
const configFlag = "config"

// flagsFromFile sets each flag that the command line and the environment left
// alone from the file that --config names.
func flagsFromFile(flags *pflag.FlagSet) error {
	config := flags.Lookup(configFlag)
	if config == nil || config.Value.String() == "" {
		return nil
	}
	file := config.Value.String()
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("--%s: %w", configFlag, err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return &usageError{fmt.Errorf("%s: %w", file, err)}
	}
	if len(document.Content) == 0 {
		return nil
	}
	settings := document.Content[0]
	if settings.Kind != yaml.MappingNode {
		return &usageError{fmt.Errorf("%s:%d: not a list of flags, such as 'listen: 0.0.0.0:7411'", file, settings.Line)}
	}
	var problems []error
	seen := make(map[string]bool)
	for i := 0; i < len(settings.Content); i += 2 {
		key, value := settings.Content[i], settings.Content[i+1]
		if err := flagFromFile(flags, key.Value, value, seen); err != nil {
			problems = append(problems, &usageError{fmt.Errorf("%s:%d: %w", file, key.Line, err)})
		}
	}
	return errors.Join(problems...)
}

func flagFromFile(flags *pflag.FlagSet, name string, value *yaml.Node, seen map[string]bool) error {
	f := flags.Lookup(name)
	switch {
	case f == nil || name == configFlag || name == "help":
		return fmt.Errorf("there is no flag %q to set", name)
	case seen[name]:
		return fmt.Errorf("%s stands here a second time", name)
	}
	seen[name] = true
	var words []string
	switch value.Kind {
	case yaml.ScalarNode:
		words = []string{value.Value}
	case yaml.SequenceNode:
		for _, item := range value.Content {
			words = append(words, item.Value)
		}
	default:
		return fmt.Errorf("%s is neither a value nor a list of values", name)
	}
	if f.Changed {
		return nil
	}
	if err := flags.Set(name, strings.Join(words, ",")); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
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
