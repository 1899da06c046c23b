package httpx

import (
	"encoding/json"
	"testing"
)

// Cutting an array and decoding each element accepts what encoding/json accepts, and gives the same elements.
func FuzzSplitArray(f *testing.F) {
	for _, s := range []string{
		`[]`, ` [ ] `, `[1, "a,]\"", {"b":[1,{"c":"}"}]}, null , []]`, `[1,]`, `[,1]`, `[1 2]`, `[1]]`, `[1`, `["a\\"]`, `{}`, `[{]}`, `[}]`, ``, `[1],[2]`, `["\`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var want []json.RawMessage
		fine := json.Unmarshal(doc, &want) == nil && string(doc) != "null"
		got, err := splitArray(doc)
		for _, e := range got {
			if !json.Valid(e) {
				err = errComma
			}
		}
		if (err == nil) != fine {
			// encoding/json takes a top-level null for an empty array; the answer's own check refuses it before.
			var doc2 any
			if json.Unmarshal(doc, &doc2) == nil && doc2 == nil {
				return
			}
			t.Fatalf("%q: %v, want fine %v", doc, err, fine)
		}
		if err != nil {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %d elements, want %d", doc, len(got), len(want))
		}
		for i := range got {
			if string(got[i]) != string(want[i]) {
				t.Errorf("%q: element %d is %q, want %q", doc, i, got[i], want[i])
			}
		}
	})
}
