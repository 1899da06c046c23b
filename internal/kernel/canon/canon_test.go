package canon_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/tickmark/tickmark/internal/kernel/canon"
)

func TestTransform(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"b":1,"a":2}`:                         `{"a":2,"b":1}`,
		` { "a" : [ 1 , true , null , "x" ] } `: `{"a":[1,true,null,"x"]}`,
		`"\u00e9\u2028</script>"`:               "\"é\u2028</script>\"",
		`"\u0001\n\t\"\\"`:                      `"\u0001\n\t\"\\"`,
		`-0`:                                    `0`,
		`9007199254740991`:                      `9007199254740991`,
		// RFC 8785 section 3.2.3: sorted by UTF-16 code units, so that U+1F600 (a surrogate pair) comes before U+FB33.
		"{\"\ufb33\":1,\"\U0001f600\":2}": "{\"\U0001f600\":2,\"\ufb33\":1}",
		`{}`:                              `{}`, `[]`: `[]`,
	} {
		got, err := canon.Transform([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, bad := range []string{``, `{`, `[1,]`, `1.5`, `1e3`, `9007199254740992`, `{"a":1,"a":2}`, `1 2`, `nul`, "\"\xff\"", strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		if got, err := canon.Transform([]byte(bad)); err == nil {
			t.Errorf("%.40q accepted as %s", bad, got)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	a, err := canon.Hash(map[string]any{"x": 1, "y": []string{"<"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := canon.Hash(struct {
		Y []string `json:"y"`
		X int      `json:"x"`
	}{[]string{"<"}, 1})
	if err != nil || a != b {
		t.Errorf("equal values hash to %s and %s, %v", a, b, err)
	}
	if _, err := canon.JSON(1.5); err == nil {
		t.Error("a fraction was accepted")
	}
}

// FuzzTransform compares with another implementation of RFC 8785: whatever we accept, it writes the same way.
func FuzzTransform(f *testing.F) {
	for _, s := range []string{`{"b":[1,"é\u0000"],"a":{}}`, `"\ud83d\ude00"`, `[-1,0,12345678901]`, `"\ud800"`, `{"":"","\u20ac":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := canon.Transform([]byte(s))
		if err != nil {
			t.Skip()
		}
		if !json.Valid(got) {
			t.Fatalf("%q became invalid JSON %q", s, got)
		}
		again, err := canon.Transform(got)
		if err != nil || string(again) != string(got) {
			t.Fatalf("not stable: %q then %q, %v", got, again, err)
		}
		want, err := jcs.Transform(got)
		if err != nil || string(want) != string(got) {
			t.Fatalf("%q: ours %q, other %q, %v", s, got, want, err)
		}
	})
}
