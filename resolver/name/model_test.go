package name

import "testing"

// Every embedded weights file compiles, and every script that has spellings has
// skeletons to be found by.
func TestLearnedFiles(t *testing.T) {
	Warm()
	compiled := 0
	for s := range Script(Scripts) {
		spelling, skeleton := spellingModel(s), skeletonModel(s)
		if (spelling == nil) != (skeleton == nil) {
			t.Errorf("%v has one of spelling and skeleton only", s)
		}
		if spelling != nil {
			compiled++
			if len(spelling.chunks) < 25 || len(skeleton.chunks) < 15 {
				t.Errorf("%v: %d and %d chunks", s, len(spelling.chunks), len(skeleton.chunks))
			}
		}
	}
	for i, m := range tongueModels() {
		if sounds := tongueSkeletons()[i]; len(m.chunks) < 3000 || len(sounds.chunks) != len(m.chunks) {
			t.Errorf("%s: %d and %d characters", tongues[i].name, len(m.chunks), len(sounds.chunks))
		}
	}
	if compiled < 25 {
		t.Errorf("%d scripts have weights", compiled)
	}
}

func TestCompileModelRejects(t *testing.T) {
	for _, text := range []string{"a b:1", "a\tb", "a\tb:x", "a\tabcdefgh:1", "a\tb:99999"} {
		if _, err := compileModel("test", text, false); err == nil {
			t.Errorf("%q compiles", text)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, s := range []Script{Latin, Cyrillic, Han} {
		b.Run(s.String(), func(b *testing.B) {
			for b.Loop() {
				for _, skeleton := range []bool{false, true} {
					file := map[bool]string{false: ".txt", true: ".keys.txt"}[skeleton]
					mustCompile(map[Script]string{Latin: "latin", Cyrillic: "cyrillic", Han: "han"}[s]+file, s, skeleton)
				}
			}
		})
	}
}
