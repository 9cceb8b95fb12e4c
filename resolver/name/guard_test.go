package name

import "testing"

func TestConfusable(t *testing.T) {
	for _, pair := range [][2]string{{"Iran", "Iraq"}, {"Austria", "Australia"}, {"Niger", "Nigeria"}, {"Albany", "Albania"}, {"Гамбия", "Гамбия"}} {
		a, b := Fold(pair[0]), Fold(pair[1])
		if got, want := Confusable(a, b), a != b; got != want {
			t.Errorf("Confusable(%q, %q) = %v, want %v", a, b, got, want)
		}
		if Confusable(a, b) != Confusable(b, a) {
			t.Errorf("Confusable(%q, %q) depends on the order", a, b)
		}
	}
	if Confusable("iran", "kyiv") {
		t.Error("names of different sets are confusable")
	}
}

func TestOpposed(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"North Korea", "South Korea", true}, {"Nordkorea", "Südkorea", true}, {"Северная Корея", "Южная Корея", true},
		{"Corea del Nord", "Corea del Sud", true}, {"朝鲜 北", "南韩国", true}, {"North Korea", "Nordkorea", false},
		{"North Korea", "Korea", false}, {"Norden", "Süden", false}, {"Martin Luther King Jr", "Martin Luther King Sr", true},
	} {
		if got := Opposed([]byte(Fold(c.a)), []byte(Fold(c.b))); got != c.want {
			t.Errorf("Opposed(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
