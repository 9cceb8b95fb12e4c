package server_test

import (
	"fmt"
	"testing"

	onomav1 "onoma/proto/onoma/v1"
)

// A text is read by the table as it is, through layers and folds, whichever annotator
// was made before it was asked for.
func TestAnnotateFollowsTheTable(t *testing.T) {
	k := startKeeping(t)
	surname := func(i int) string { return fmt.Sprintf("Zel%cn%ck", 'a'+i/26, 'a'+i%26) }
	found := func(i int, version int64) bool {
		t.Helper()
		response, err := k.resolver.Annotate(t.Context(), &onomav1.AnnotateRequest{Document: &onomav1.Document{
			Text: "Yesterday Volodymyr " + surname(i) + " spoke in Moscow.", MinTableVersion: version,
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range response.Mentions {
			for _, c := range m.Candidates {
				if c.EntityId == fmt.Sprintf("P%03d", i) {
					return true
				}
			}
		}
		return false
	}
	if found(0, 0) {
		t.Fatal("found what is not there")
	}
	for i := range 130 {
		response, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: fmt.Sprint("upsert ", i), Entities: []*onomav1.Entity{
			person(fmt.Sprintf("P%03d", i), "Volodymyr "+surname(i), "Volodymyr "+surname(i)),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 && !found(i, response.Result.TableVersion) {
			t.Fatalf("person %d is not found at version %d", i, response.Result.TableVersion)
		}
		if i%10 != 9 {
			continue
		}
		removed, err := k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: "desk", RequestId: fmt.Sprint("delete ", i), EntityIds: []string{fmt.Sprintf("P%03d", i/2)}})
		if err != nil {
			t.Fatal(err)
		}
		if found(i/2, removed.Result.TableVersion) || !found(i/2+1, removed.Result.TableVersion) {
			t.Fatalf("person %d was removed, %d not: the text says otherwise", i/2, i/2+1)
		}
	}
}
