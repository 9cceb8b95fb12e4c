package name

import "testing"

func TestBags(t *testing.T) {
	a, b, c := BagOf([]byte("zelensky"), Latin), BagOf([]byte("selenskyj"), Latin), BagOf([]byte("brown"), Latin)
	if near, far := a.Likeness(b, true), a.Likeness(c, true); near < 0.8 || far > 0.3 {
		t.Errorf("likeness of near words %v, of far ones %v", near, far)
	}
	if a.Likeness(b, true) != b.Likeness(a, true) {
		t.Error("likeness depends on the order")
	}
	if Bag(0).Likeness(0, true) != 0 {
		t.Error("empty bags are alike")
	}
}
