package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A licence is told by a sentence that none of the others has.
var licences = []struct {
	name, sentence string
}{
	{"Apache-2.0", "apache license version 2.0, january 2004"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"MPL-2.0", "mozilla public license, version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD", "redistribution and use in source and binary forms, with or without modification, are permitted"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
}

// licenceFile is the licence of the module as a whole; files such as
// LICENSE-3RD-PARTY.md carry notices of what it contains.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)(\.(md|txt|rst))?$`)

// Every module that is linked into the module's packages is under a licence that
// asks for no more than notice, and for MPL-2.0 for its own files.
func TestLicences(t *testing.T) {
	modules := linkedModules(t)
	if len(modules) == 0 {
		t.Fatal("go list names no module that the packages need")
	}
	for _, m := range modules {
		texts := licenceTexts(t, m.Dir)
		if len(texts) == 0 {
			t.Errorf("%s %s has no licence file", m.Path, m.Version)
		}
		for file, text := range texts {
			name := licenceOf(text)
			if name == "" {
				t.Errorf("%s %s: %s is none of the licences allowed", m.Path, m.Version, file)
				continue
			}
			t.Logf("%s %s: %s", m.Path, m.Version, name)
		}
	}
}

func TestLicenceOf(t *testing.T) {
	for text, want := range map[string]string{
		"Apache License\n  Version 2.0, January 2004\n":                                      "Apache-2.0",
		"Permission is hereby granted, free of charge, to any person\nobtaining a copy":      "MIT",
		"GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\nmozilla public license":        "",
		"Server Side Public License\nPermission is hereby granted to any person for a fee":   "",
		"GNU AFFERO GENERAL PUBLIC LICENSE\nApache License Version 2.0, January 2004 if not": "",
	} {
		if got := licenceOf(text); got != want {
			t.Errorf("licence of %q is %q, want %q", text, got, want)
		}
	}
}

type linkedModule struct {
	Path, Version, Dir string
	Main               bool
}

// linkedModules lists the modules of the packages that this module's packages
// are built from, tests left out.
func linkedModules(t *testing.T) []linkedModule {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Module", "./...")
	list.Dir = root
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var modules []linkedModule
	seen := map[string]bool{}
	for decode := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct{ Module *linkedModule }
		if err := decode.Decode(&pkg); errors.Is(err, io.EOF) {
			return modules
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if m := pkg.Module; m != nil && !m.Main && !seen[m.Path] {
			seen[m.Path] = true
			modules = append(modules, *m)
		}
	}
}

func licenceTexts(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[entry.Name()] = string(text)
	}
	return texts
}

// licenceOf names the licence of a text, or answers "" for one that is unknown
// or asks for more.
func licenceOf(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if title := text[:min(len(text), 200)]; strings.Contains(title, "gnu ") {
		return ""
	}
	for _, l := range licences {
		if strings.Contains(text, l.sentence) {
			return l.name
		}
	}
	return ""
}
