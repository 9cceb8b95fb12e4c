package name

import "bytes"

// Thing is a kind of thing that a generic word of a name says: see
// data/words/classes.txt.
type Thing string

// The things.
const (
	NoThing  Thing = ""
	Region   Thing = "region"   // oblast, province, state, district
	Building Thing = "building" // palace
)

// Generic parts a folded key from a generic word that it ends in or begins with, as
// it is or inflected, and from the preposition or article beside it: Kursk oblast,
// région de Kursk, Курской области. It tries the end first and returns NoThing when
// neither is one; rest is of key's memory.
func (s *Stems) Generic(key []byte) (rest []byte, thing Thing) {
	if at := bytes.LastIndexByte(key, ' '); at > 0 {
		if thing = s.thing(key[at+1:]); thing != NoThing {
			return key[:at], thing
		}
	}
	word, rest, ok := bytes.Cut(key, []byte(" "))
	if !ok {
		return nil, NoThing
	}
	if thing = s.thing(word); thing == NoThing {
		return nil, NoThing
	}
	for range mostAhead {
		if rest, ok = TrimAhead(rest); !ok {
			break
		}
	}
	return rest, thing
}

// TrimAhead returns a folded key without the preposition or article that it begins
// with, and whether it begins with one.
func TrimAhead(key []byte) (rest []byte, ok bool) {
	word, rest, ok := bytes.Cut(key, []byte(" "))
	if !ok || clitics().ahead[string(word)] < CliticAhead && !stripTables().articles[string(word)] {
		return key, false
	}
	return rest, true
}

// thing returns what a word says that it is, as it stands or without its ending.
func (s *Stems) thing(word []byte) Thing {
	v := words()
	if thing := v.things[v.knownOf(word).kind.class]; thing != NoThing {
		return thing
	}
	script := ScriptOf(viewOf(word))
	for _, stem := range s.BoldBeside(word, script) {
		if thing := v.things[v.knownOf(stem.Text).kind.class]; thing != NoThing {
			return thing
		}
	}
	return NoThing
}
