package resolver

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// LikenessFeatures are the terms of the odds that two names are one, in the
// order of [LikenessTerms]. The model is a logistic regression over them.
type LikenessFeatures [numLikeness]float64

// LikenessTerms names the features, as data/odds.txt does.
var LikenessTerms = [numLikeness]string{
	"bias", "similarity", "similarity squared", "evidence", "evidence of a short agreement",
	"query aligned", "name aligned", "contradicted", "missing", "extra", "worst word",
	"one word", "one word, similarity", "one word, evidence", "initials", "nicknames", "joined", "out of order",
	"number mismatch", "opposed words", "other script", "other script, similarity", "other script, one word",
	"organization", "organization, missing", "organization, extra", "place", "place, missing", "place, extra",
	"a word against another", "other script, missing", "other script, extra", "initials clash", "words", "other script, worst word",
	"initials opposed", "legal forms clash",
}

const numLikeness = 37

// FeaturesOf returns the features of a comparison with a name of an entity of
// the kind.
func FeaturesOf(c *name.Comparison, words int, kind fact.Kind) (f LikenessFeatures) {
	one := flag(words == 1)
	other := flag(c.CrossScript)
	organization := flag(kind == fact.Organization || kind == fact.Facility)
	place := flag(kind == fact.Place || kind == fact.Region || kind == fact.Country)
	evidence := math.Min(c.Evidence, 60) / 10
	return LikenessFeatures{
		1, c.Similarity, c.Similarity * c.Similarity, evidence, math.Max(0, 1.5-evidence),
		c.Query, c.Name, c.Contradicted, c.Missing, c.Extra, c.Worst,
		one, one * c.Similarity, one * evidence, float64(min(c.Initials, 2)), float64(min(c.Nicknames, 2)),
		flag(c.Joined > 0), flag(c.OutOfOrder),
		flag(c.NumberMismatch), flag(c.Opposed), other, other * c.Similarity, other * one,
		organization, organization * c.Missing, organization * c.Extra, place, place * c.Missing, place * c.Extra,
		(1 - other) * flag(c.Contradicted > 0), other * c.Missing, other * c.Extra, flag(c.InitialsClash), float64(min(words, 5)), other * c.Worst,
		flag(c.InitialsOpposed), flag(c.FormsClash),
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

//go:embed data/odds.txt
var oddsFile string

// likenessWeights are the fitted weights, in nats.
var likenessWeights = mustParseOdds(oddsFile)

func mustParseOdds(text string) (weights LikenessFeatures) {
	if err := ParseWeights("odds.txt", text, LikenessTerms[:], weights[:]); err != nil {
		panic(err) // an embedded file: a test would have failed
	}
	return weights
}

// ParseWeights reads the text of a file of "weight TAB term" lines, in the order of
// the terms, into weights of as many places. Lines that begin with # are comments.
func ParseWeights(file, text string, terms []string, weights []float64) (err error) {
	i := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		weight, term, _ := strings.Cut(line, "\t")
		if i == len(terms) || term != terms[i] {
			return fmt.Errorf("%s: term %q is not expected at place %d", file, term, i+1)
		}
		if weights[i], err = strconv.ParseFloat(weight, 64); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		i++
	}
	if i != len(terms) {
		return fmt.Errorf("%s: %d terms, expected %d", file, i, len(terms))
	}
	return nil
}

// odds returns the log10 odds that the features speak of one name.
func (f *LikenessFeatures) odds() float64 {
	sum := 0.0
	for i, weight := range likenessWeights {
		sum += weight * f[i]
	}
	return sum / math.Ln10
}
