package text

import (
	"onoma/resolver"
	"onoma/resolver/fact"
)

// datelineTokens is how far behind its place a dateline may reach.
const datelineTokens = 10

// isDateline reports whether the run is the place that a dispatch comes from: the
// first words of a line, in capitals before a sign that is no space, or before a
// dash: "KYIV, Oct 25 (Reuters) –", "MOSKAU/KIEW.", "Berlin (dpa) -". A place that
// few know is one with a day, a country or an agency behind it: no "Yes - and" is.
func (w *work) isDateline(r *run) bool {
	list := w.tokens.list
	if list[r.from].form&formChar != 0 {
		return w.isCharDateline(r)
	}
	if r.title || len(r.candidates) == 0 || list[r.from].form&(formCased|formUpper|formTitle) != formCased|formUpper || r.to == len(list) {
		return false
	}
	top := &r.candidates[0]
	if top.Name.Valid() && top.Name.Kind() == fact.Acronym || top.Method == resolver.Inflected || r.inflected {
		return false
	}
	bearer := bearerOf(top)
	switch bearer.Kind() {
	case fact.Place, fact.Country, fact.Region:
	default:
		return false
	}
	known := bearer.Prominence() >= everywhereKnown
	first := r.from
	for first > 0 && list[first].gap&gapSlash != 0 && list[first-1].form&formCaps != 0 {
		first--
	}
	if list[first].gap&(gapFirst|gapLine) == 0 {
		return false
	}
	caps := true
	for k := first; k < r.to; k++ {
		caps = caps && list[k].form&formCaps != 0
	}
	next := &list[r.to]
	if next.gap&gapLine != 0 || next.gap == gapSpace {
		return false
	}
	known = known || first != r.from || next.gap&(gapComma|gapOpen|gapSlash) != 0
	if known && caps && (next.form&formCaps == 0 || next.gap&(gapOpen|gapSlash) != 0) && next.gap != gapHyphen && next.gap != gapQuote {
		return true
	}
	for k := r.to; k < min(len(list), r.to+datelineTokens); k++ {
		switch g := list[k].gap; {
		case g&(gapStop|gapLine) != 0:
			return false
		case g&(gapHyphen|gapOther) != 0 && g&gapSpace != 0 && g&gapComma == 0:
			return known
		}
	}
	return false
}

// isAgency reports whether the run is what stands in brackets behind the place of a
// dateline: "DAMASCUS (AP)", "BERLIN (dpa)".
func (w *work) isAgency(r *run) bool {
	list := w.tokens.list
	if r.from == 0 || r.kind() != fact.Organization || list[r.from].gap&^gapSpace != gapOpen || w.covered[r.from-1] == 0 {
		return false
	}
	place := &w.runs[w.covered[r.from-1]-1]
	return place != r && place.to == r.from && len(place.candidates) > 0 && w.isDateline(place)
}

// isCharDateline is the same of scripts without case: a day behind the place, or
// the sign before the agency: "新华社北京4月9日电", "(서울=연합뉴스)", "【アンカラ＝共同】".
func (w *work) isCharDateline(r *run) bool {
	const agency = 8 // characters before the place
	list := w.tokens.list
	if r.to+1 >= len(list) || !isPlace(bearerOf(&r.candidates[0]).Kind()) {
		return false
	}
	first := r.from
	for r.from-first < agency && list[first].gap&(gapFirst|gapLine|gapOpen|gapStop) == 0 {
		first--
	}
	next := &list[r.to]
	switch {
	case list[first].gap&(gapFirst|gapLine|gapOpen) == 0:
		return false
	case next.gap&gapSlash != 0, next.gap == gapMiddle && list[r.from].gap&gapOpen != 0:
		return true
	}
	if next.form&formDigits == 0 || next.gap&^gapSpace != 0 {
		return false
	}
	unit := w.tokens.surface(r.to+1, r.to+2)
	return unit == "月" || unit == "日" || unit == "월" || unit == "일"
}
