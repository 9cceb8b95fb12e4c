package name

import (
	"slices"
	"testing"
)

func TestScriptOf(t *testing.T) {
	for s, want := range map[string]Script{
		"": Unknown, "123 !": Unknown, "Kyiv": Latin, "Łódź": Latin, "Київ": Cyrillic, "Αθήνα": Greek, "Երևան": Armenian,
		"თბილისი": Georgian, "ירושלים": Hebrew, "القاهرة": Arabic, "تهران": Arabic, "दिल्ली": Devanagari, "ঢাকা": Bengali,
		"சென்னை": Tamil, "กรุงเทพ": Thai, "ရန်ကုန်": Burmese, "ភ្នំពេញ": Khmer, "አዲስ አበባ": Ethiopic, "서울": Hangul,
		Fold("서울"): Hangul, "トウキョウ": Kana, "とうきょう": Kana, "東京": Han, "ｻｲﾀﾏ": Kana, "abАБ": Mixed, "Putin Путин В": Cyrillic,
	} {
		if got := ScriptOf(s); got != want {
			t.Errorf("ScriptOf(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestScriptBlocksAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(scriptBlocks[:], func(a, b scriptBlock) int { return int(a.lo - b.lo) }) {
		t.Error("blocks are not sorted")
	}
	for i, b := range scriptBlocks {
		if b.lo > b.hi || i > 0 && scriptBlocks[i-1].hi >= b.lo {
			t.Errorf("block %U to %U overlaps", b.lo, b.hi)
		}
	}
}

func TestScriptWords(t *testing.T) {
	for s := range Script(Scripts) {
		if got, ok := ParseScript(s.String()); !ok || got != s {
			t.Errorf("ParseScript(%q) = %v, %v", s.String(), got, ok)
		}
	}
	if _, ok := ParseScript("latin"); ok {
		t.Error("ParseScript takes any case")
	}
}
