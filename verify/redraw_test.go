package verify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/verify"
)

// drawing is a population of 60 items over the year and a sample of 12 of it, with a void one and its replacement.
func drawing(t *testing.T) (verify.Population, verify.Sample) {
	t.Helper()
	p := verify.Population{V: 1, Ref: "P-01", Title: "Leavers", Columns: []string{"No", "Day"}}
	for i := range 60 {
		k, d := fmt.Sprintf("T-%02d", i), fmt.Sprintf("2025-%02d-10", i%12+1)
		p.Rows, p.Keys, p.Days = append(p.Rows, []string{k, d}), append(p.Keys, k), append(p.Days, d)
	}
	var err error
	if p.SHA256, err = verify.PopulationHash(p.Columns, 0, p.Rows); err != nil {
		t.Fatal(err)
	}
	s := verify.Sample{V: 1, Paper: "CC6.3-1", Population: "P-01", SHA256: p.SHA256, Method: "table", Size: 12, Strata: "month", Seed: "A-SEED-OF-26-LETTERS", Drawing: verify.DrawMethod}
	all := make([]verify.Drawable, 60)
	for i := range all {
		all[i] = verify.Drawable{Key: p.Keys[i], Stratum: p.Days[i][:7]}
	}
	order, err := verify.Draw(s.Seed, s.SHA256, all)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 13 {
		s.Items = append(s.Items, verify.SampleItem{N: i + 1, Key: order[i].Key, Origin: "drawn"})
	}
	s.Items[3].Void, s.Items[12].Origin = "no account at all", "replaced"
	return p, s
}

func doc(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRedraw draws a sample of a bundle again, sound and after each way to tamper with it.
func TestRedraw(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		tamper func(p *verify.Population, s *verify.Sample)
		want   string // in the finding; empty for sound
	}{
		"sound":         {func(*verify.Population, *verify.Sample) {}, ""},
		"keys alone":    {func(p *verify.Population, _ *verify.Sample) { p.Rows = nil }, ""},
		"chosen item":   {func(_ *verify.Population, s *verify.Sample) { s.Items[6].Key = "T-59" }, "item 7 is"},
		"two swapped":   {func(_ *verify.Population, s *verify.Sample) { s.Items[0], s.Items[1] = s.Items[1], s.Items[0] }, "item 1 is numbered 2"},
		"dropped void":  {func(_ *verify.Population, s *verify.Sample) { s.Items[3].Void = "" }, "13 items count, 12 were to"},
		"not replaced":  {func(_ *verify.Population, s *verify.Sample) { s.Items = s.Items[:12] }, "11 items count"},
		"grown quietly": {func(_ *verify.Population, s *verify.Sample) { s.Items[12].Origin = "extended" }, "not recorded"},
		"other seed":    {func(_ *verify.Population, s *verify.Sample) { s.Seed = "ANOTHER-SEED-OF-LETTERS" }, "drawn again it is"},
		"other rows":    {func(p *verify.Population, _ *verify.Sample) { p.Rows[4][1] = "2025-01-11" }, "its rows have the hash"},
		"other key":     {func(p *verify.Population, _ *verify.Sample) { p.Keys[4] = "T-99" }, "is not that of row 5"},
		"other strata":  {func(_ *verify.Population, s *verify.Sample) { s.Strata = "" }, "drawn again it is"},
		"other method":  {func(_ *verify.Population, s *verify.Sample) { s.Drawing = "by hand" }, `drawn by "by hand"`},
		"other hash":    {func(_ *verify.Population, s *verify.Sample) { s.SHA256 = strings.Repeat("a", 64) }, "it was drawn from rows"},
		"no seed entry": {func(_ *verify.Population, s *verify.Sample) { s.Planned, s.Drawn = 3, 4 }, "another seed"},
		"not sealed":    {func(p *verify.Population, _ *verify.Sample) { p.Entry = 3 }, "does not name the hash of the population"},
		"gone":          {func(p *verify.Population, _ *verify.Sample) { p.Ref = "P-02" }, "no sound population P-01"},
		"whole census":  {func(_ *verify.Population, s *verify.Sample) { s.Method = "census" }, "drawn again it is"},
	} {
		p, s := drawing(t)
		x.tamper(&p, &s)
		w := newWorld(t)
		w.file("populations/P-01.json", doc(t, p))
		w.file("samples/CC6.3-1.json", doc(t, s))
		w.seal()
		rep := w.verify(nil, verify.Options{Keys: []string{w.vkey}})
		switch {
		case x.want == "" && (!rep.OK() || len(rep.Redrawn) != 1 || !rep.Redrawn[0].Same):
			t.Errorf("%s: %v %+v", name, rep.Findings, rep.Redrawn)
		case x.want != "" && !strings.Contains(fmt.Sprint(rep.Findings), x.want):
			t.Errorf("%s: %v, want %q", name, rep.Findings, x.want)
		}
	}
}

// TestForeignProof: a proof from another ledger has to hold, and to name the hash of its file.
func TestForeignProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.file("evidence/E-1", "content")
	w.file("proofs/evidence/E-1.json", `{"v":1,"entry":"{}","batch":"{}","checkpoint":"x"}`)
	w.file("proofs/evidence/E-2.json", "no proof")
	w.seal()
	rep := w.verify(nil, verify.Options{Keys: []string{w.vkey}})
	if s := fmt.Sprint(rep.Findings); !strings.Contains(s, "proofs/evidence/E-1.json entry") || !strings.Contains(s, "not a proof") || rep.Proofs != 2 {
		t.Error(s)
	}
}
