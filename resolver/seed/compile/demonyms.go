package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// demonym is a nationality word of a country before the choice of merge.go.
type demonym struct {
	entity, text, lang string
	source             uint64
	rank               int
}

// readDemonyms reads nationality words: lists in eight languages, and those in
// CLDR's names of currencies ("won nordcoreano") and languages.
func (w *world) readDemonyms() error {
	src := w.source("i18n-nationality", "i18n-nationality 1.4.0. MIT licence.")
	factbook := w.source("factbook", "")
	err := w.rows("demonyms/demonyms.tsv", []string{"qid", "name", "lang", "source"}, func(f []string) error {
		e := w.at(f[0])
		if e == nil || f[0] == "" {
			return nil
		}
		lang := writing.Tag(f[2])
		switch f[3] {
		case "i18n-nationality":
			for _, part := range strings.FieldsFunc(withoutParentheses(f[1]), func(r rune) bool { return r == '/' || r == ',' }) {
				w.addDemonym(e, part, lang, src, rankWeak)
			}
		case "factbook:noun", "factbook:adjective":
			for _, text := range factbookDemonyms(f[1]) {
				w.addDemonym(e, text, lang, factbook, rankReviewed)
			}
		default:
			return fmt.Errorf("source %q is none of i18n-nationality, factbook:noun, factbook:adjective", f[3])
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.readCurrencies(); err != nil {
		return err
	}
	if err := w.readLanguageNames(); err != nil {
		return err
	}
	w.deriveDemonyms()
	return nil
}

// peopleOf are the languages that name a people by the name of its state with a
// word before or after it, whatever the state.
var peopleOf = map[string]struct{ before, after string }{
	"zh": {after: "人"}, "zh-Hant": {after: "人"}, "ja": {after: "人"}, "ko": {after: "인"},
	"vi": {before: "người "}, "id": {before: "orang "}, "ms": {before: "orang "}, "th": {before: "ชาว"},
}

// deriveDemonyms forms the words of those languages.
func (w *world) deriveDemonyms() {
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if !e.state {
			continue
		}
		for _, n := range e.names {
			if affix, ok := peopleOf[n.lang]; ok && n.kind == fact.Primary && n.rank <= rankReviewed {
				w.addDemonym(e, affix.before+clean(n.text)+affix.after, n.lang, n.source, rankReviewed)
			}
		}
	}
}

func (w *world) addDemonym(e *entity, text, lang string, source uint64, rank int) {
	// The hyphen of a compound's first part stays: "sino-" is no word by itself.
	hyphen := ""
	if strings.HasSuffix(text, "-") {
		hyphen = "-"
	}
	if text = clean(text); text != "" {
		w.demonyms = append(w.demonyms, demonym{e.id, text + hyphen, lang, source, rank})
	}
}

var (
	factbookNote  = regexp.MustCompile(`;.*|\(colloquial\)|\(US [^)]*\)|\(singular\)|\(plural\)|\(singular and plural\)|\(collective plural\)|\bnote\b.*`)
	factbookMen   = regexp.MustCompile(`^(.*)man ?\(men\)$`)
	factbookWomen = regexp.MustCompile(`^(.*)woman ?\(women\)$`)
)

// factbookDemonyms expands the factbook's notation: "Lao(s) or Laotian(s)",
// "Frenchman(men), Frenchwoman(women)", "Motswana (singular), Batswana (plural)".
func factbookDemonyms(s string) []string {
	var list []string
	s = factbookNote.ReplaceAllString(s, "")
	s = strings.NewReplacer(" or ", ",", "/", ",", "(or ", ",").Replace(s)
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		switch {
		case part == "" || part == "none" || part == "NA":
		case factbookWomen.MatchString(part):
			stem := factbookWomen.FindStringSubmatch(part)[1]
			list = append(list, stem+"woman", stem+"women")
		case factbookMen.MatchString(part):
			stem := factbookMen.FindStringSubmatch(part)[1]
			list = append(list, stem+"man", stem+"men")
		case strings.HasSuffix(part, "(s)"):
			stem := strings.TrimSuffix(part, "(s)")
			list = append(list, stem, stem+"s")
		default:
			list = append(list, strings.Trim(part, " )"))
		}
	}
	return list
}

// adjectival are the languages in which a currency is named by the adjective of
// its country. Elsewhere it is the country's name, often in the genitive, which
// is no word for its people.
var adjectival = set(`it es pt ca gl ro fr ru uk be pl cs sk bg sr sr-Latn hr bs sl mk de nl sv da no en el ar he sq hi ka eo ast lb is cy ga mt af fy oc sc`)

// readCurrencies takes the nationality word out of the names of currencies: what
// remains when the words that several countries' currencies share are struck
// out, if it is one word and resembles a name of the country.
func (w *world) readCurrencies() error {
	cldr := w.source("cldr", "")
	type currency struct{ country, lang, name string }
	var all []currency
	countriesOf := map[string]map[string]bool{} // language and word → countries
	err := w.rows("demonyms/cldr_currency_names.tsv", []string{"qid", "lang", "display_name"}, func(f []string) error {
		lang := writing.Tag(f[1])
		if !adjectival[lang] || f[0] == "" || w.at(f[0]) == nil {
			return nil
		}
		c := currency{w.resolve(f[0]), lang, withoutParentheses(f[2])}
		all = append(all, c)
		for word := range strings.FieldsSeq(c.name) {
			key := lang + " " + fold(word)
			if countriesOf[key] == nil {
				countriesOf[key] = map[string]bool{}
			}
			countriesOf[key][c.country] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		var rest []string
		for word := range strings.FieldsSeq(c.name) {
			if len(countriesOf[c.lang+" "+fold(word)]) < 2 {
				rest = append(rest, word)
			}
		}
		if e := w.at(c.country); len(rest) == 1 && w.resembles(e, rest[0], c.lang) {
			w.addDemonym(e, rest[0], c.lang, cldr, rankWeak)
		}
	}
	return nil
}

// languageIsDemonym are the languages in which the name of a language is also
// the adjective of its people ("coreano", "Russian").
var languageIsDemonym = set(`it es pt ca gl fr en nl`)

func (w *world) readLanguageNames() error {
	cldr := w.source("cldr", "")
	return w.rows("demonyms/cldr_language_names.tsv", []string{"lang_code", "countries", "lang", "name"}, func(f []string) error {
		lang, e := writing.Tag(f[2]), w.territory[strings.ToLower(f[1])]
		if e != nil && languageIsDemonym[lang] && !strings.Contains(f[3], " ") && w.resembles(e, f[3], lang) {
			w.addDemonym(e, f[3], lang, cldr, rankWeak)
		}
		return nil
	})
}

// resembles reports whether a word begins like a word of one of the country's
// names in the language, and is not one of them.
func (w *world) resembles(e *entity, word, lang string) bool {
	word = fold(word)
	similar := false
	for _, n := range e.names {
		if n.lang != lang && n.lang != "" {
			continue
		}
		name := fold(n.text)
		if name == word && n.lang == lang {
			return false
		}
		for part := range strings.FieldsSeq(name) {
			if part == word && n.lang == lang {
				return false // "north", of North Korea
			}
			similar = similar || samePrefix(part, word, 3)
		}
	}
	return similar
}

// samePrefix reports whether a and b share their first n characters.
func samePrefix(a, b string, n int) bool {
	ra, rb := []rune(a), []rune(b)
	return len(ra) >= n && len(rb) >= n && slices.Equal(ra[:n], rb[:n])
}

// readParadigms reads a file of demonyms/: stems and the endings they take.
func (w *world) readParadigms(path string) error {
	lang, err := factTag(strings.TrimSuffix(filepath.Base(path), ".txt"))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	endings := map[string][]string{}
	var source uint64
	return w.lines(path, func(_ int, text string) error {
		word, rest := cutField(text)
		switch word {
		case "source":
			source = w.source("desk", "Hand-written facts; the files under resolver/seed/facts say what each rests on.")
			return nil
		case "paradigm":
			name, list := cutField(rest)
			if name == "" || list == "" {
				return fmt.Errorf("paradigm needs a name and endings")
			}
			for e := range strings.FieldsSeq(list) {
				if e == "-" {
					e = ""
				}
				endings[name] = append(endings[name], e)
			}
			return nil
		}
		// "prefix Q222 албанска-": the first part of a compound adjective, which
		// the resolver takes for a name only before a hyphen.
		if word == "prefix" {
			word, rest = cutField(rest)
		}
		if err := checkID(word); err != nil {
			return err
		}
		e := w.at(word)
		if e == nil {
			return fmt.Errorf("%s is not in the table", word)
		}
		if source == 0 {
			return fmt.Errorf("%s stands before any source line", word)
		}
		for entry := range strings.FieldsSeq(rest) {
			part := strings.Split(entry, "/")
			stem := strings.ReplaceAll(part[0], "_", " ")
			if len(part) == 1 {
				w.addDemonym(e, stem, lang, source, rankDesk)
				continue
			}
			for _, name := range part[1:] {
				list, ok := endings[name]
				if !ok {
					return fmt.Errorf("paradigm %q of %q is not defined above", name, entry)
				}
				for _, ending := range list {
					w.addDemonym(e, stem+strings.ReplaceAll(ending, "_", " "), lang, source, rankDesk)
				}
			}
		}
		return nil
	})
}

// giveDemonyms turns the words into names. A word that two lands share stays
// with both when hand-written facts or the factbook say so; a list's word stays
// only where it resembles the land's own name, so that "French" is not a word
// for Martinique.
func (w *world) giveDemonyms() {
	ofStates := map[string]bool{} // language and word
	for _, d := range w.demonyms {
		if e := w.at(d.entity); e != nil && e.state {
			ofStates[d.lang+" "+fold(d.text)] = true
		}
	}
	for _, d := range w.demonyms {
		e := w.at(d.entity)
		if e == nil {
			continue
		}
		// "francês" is listed for French Polynesia, which it resembles.
		if d.rank == rankWeak && !e.state && (ofStates[d.lang+" "+fold(d.text)] || !w.resembles(e, d.text, d.lang)) {
			continue
		}
		e.name(d.text, d.lang, fact.Demonym, d.source, d.rank)
	}
}
