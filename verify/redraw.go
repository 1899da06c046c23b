package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Where a bundle keeps frozen populations and the samples that were drawn from them, one JSON document each.
const (
	PopulationPrefix = "populations/"
	SamplePrefix     = "samples/"
)

// maxDraw bounds one such document.
const maxDraw = 256 << 20

// Population is a population that was frozen: what items there were to draw from. Its hash is the SHA-256 of the canonical JSON
// (RFC 8785) of {"columns": …, "key": name of the key column, "rows": …}.
type Population struct {
	V       int      `json:"v"`
	Ref     string   `json:"ref"`
	Title   string   `json:"title"`
	Source  string   `json:"source"` // in words: where the rows come from
	Columns []string `json:"columns"`
	Key     int      `json:"key"` // column that tells items apart
	// Rows is everything the population holds; null where only keys are disclosed, and then nobody can hash it again.
	Rows [][]string `json:"rows"`
	Keys []string   `json:"keys"` // of the rows, in their order
	// Days is the day of each item as YYYY-MM-DD, empty where it has none. Strata follow from it.
	Days []string `json:"days"`
	// Passed are the keys of the items that a test of the client passed. A census of many counts them and lists the others.
	Passed []string `json:"passed"`
	SHA256 string   `json:"sha256"`
	Frozen string   `json:"frozen"`       // RFC 3339
	Entry  int64    `json:"ledger_entry"` // that names the hash; 0 when the bundle's ledger is another one
}

// Sample is what was drawn from a population for a test.
type Sample struct {
	V          int    `json:"v"`
	Paper      string `json:"paper"` // reference of the workpaper
	Control    string `json:"control"`
	Population string `json:"population"` // reference
	SHA256     string `json:"sha256"`     // of the population
	Method     string `json:"method"`     // "table", "statistics" or "census"
	Table      string `json:"table"`      // name of the table of sizes, its version and line
	Version    int    `json:"table_version"`
	Line       string `json:"table_line"`
	Risk       string `json:"risk"`
	Confidence int    `json:"confidence"` // in ten-thousandths, as the tolerable rate
	Tolerable  int    `json:"tolerable"`
	Expected   int    `json:"expected"` // deviations that the plan allows for
	Size       int    `json:"size"`
	Extended   int    `json:"extended"` // the whole size after an extension; 0 for none
	ExtendWhy  string `json:"extend_why"`
	Machine    int    `json:"machine"` // of a census: items that are counted and not listed
	Strata     string `json:"strata"`  // "", "month" or "quarter"
	Seed       string `json:"seed"`
	Drawing    string `json:"drawing"` // DrawMethod
	At         string `json:"at"`      // RFC 3339
	// Planned is the ledger entry with the seed, Drawn the one with the items: the seed stands before. 0 when the bundle's
	// ledger is another one.
	Planned int64        `json:"planned_entry"`
	Drawn   int64        `json:"drawn_entry"`
	Items   []SampleItem `json:"items"` // in the order of drawing
}

// SampleItem is an item of a sample. A void one stays, and the next in the order of drawing stands in for it.
type SampleItem struct {
	N      int    `json:"n"`
	Key    string `json:"key"`
	Origin string `json:"origin"` // "drawn", "extended" or "replaced"
	Void   string `json:"void"`   // why it is void; empty for one that counts
}

// Redrawn is a sample that was drawn again: what came out.
type Redrawn struct {
	Paper      string `json:"paper"`
	Population string `json:"population"`
	Rows       int    `json:"rows"`
	Items      int    `json:"items"`
	Method     string `json:"method"`
	Hashed     bool   `json:"hashed"` // the rows are in the bundle and give the hash that the draw began with
	Same       bool   `json:"same"`
	First      string `json:"first"` // the first difference; empty when there is none
}

// PopulationHash is the hash of a population's rows.
func PopulationHash(columns []string, key int, rows [][]string) (string, error) {
	c := struct {
		Columns []string   `json:"columns"`
		Key     string     `json:"key"`
		Rows    [][]string `json:"rows"`
	}{columns, "", rows}
	if key >= 0 && key < len(columns) {
		c.Key = columns[key]
	}
	b, err := canonical(c)
	if err != nil {
		return "", err
	}
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:]), nil
}

// Stratum is the part of the period that a day (YYYY-MM-DD) belongs to, when a sample is spread "month" by month or "quarter"
// by quarter; items without a day are a stratum of their own.
func Stratum(day, strata string) string {
	if strata == "" {
		return ""
	}
	t, err := time.Parse(time.DateOnly, day)
	switch {
	case err != nil:
		return "no day"
	case strata == "quarter":
		return fmt.Sprintf("%d Q%d", t.Year(), (int(t.Month())+2)/3)
	}
	return t.Format("2006-01")
}

// Again draws a sample again, and says whether it is the one that is recorded.
func (s Sample) Again(p Population) (Redrawn, error) {
	r := Redrawn{Paper: s.Paper, Population: s.Population, Rows: len(p.Keys), Items: len(s.Items), Method: s.Method, Hashed: p.Rows != nil}
	if s.SHA256 != p.SHA256 {
		return r, fmt.Errorf("it was drawn from rows with the hash %s; %s has %s", s.SHA256, p.Ref, p.SHA256)
	}
	keys, err := s.keys(p)
	if err != nil {
		return r, err
	}
	r.First = s.differs(keys, len(p.Keys))
	r.Same = r.First == ""
	return r, nil
}

// keys are the items in the order in which they are drawn; of a census those it lists.
func (s Sample) keys(p Population) ([]string, error) {
	if len(p.Days) != len(p.Keys) {
		return nil, fmt.Errorf("%s has %d items and %d days", p.Ref, len(p.Keys), len(p.Days))
	}
	if s.Method == "census" {
		if s.Machine == 0 {
			return p.Keys, nil
		}
		passed := make(map[string]bool, len(p.Passed))
		for _, k := range p.Passed {
			passed[k] = true
		}
		return slices.DeleteFunc(slices.Clone(p.Keys), func(k string) bool { return passed[k] }), nil
	}
	if s.Drawing != DrawMethod {
		return nil, fmt.Errorf("it was drawn by %q; this verifier knows %q", s.Drawing, DrawMethod)
	}
	all := make([]Drawable, len(p.Keys))
	for i, k := range p.Keys {
		all[i] = Drawable{k, Stratum(p.Days[i], s.Strata)}
	}
	order, err := Draw(s.Seed, s.SHA256, all)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(order))
	for i, x := range order {
		out[i] = x.Key
	}
	return out, nil
}

// differs names the first difference between the items recorded and those drawn again.
func (s Sample) differs(keys []string, rows int) string {
	whole := max(s.Size, s.Extended)
	counted, drawn, extended, void := 0, 0, 0, 0
	for i, x := range s.Items {
		switch {
		case i >= len(keys):
			return fmt.Sprintf("item %d is %q; the population gives no more than %d", i+1, x.Key, len(keys))
		case x.N != i+1:
			return fmt.Sprintf("item %d is numbered %d", i+1, x.N)
		case x.Key != keys[i]:
			return fmt.Sprintf("item %d is %q; drawn again it is %q", i+1, x.Key, keys[i])
		}
		switch x.Origin {
		case "drawn":
			drawn++
		case "extended":
			extended++
		}
		if x.Void != "" {
			void++
		} else {
			counted++
		}
	}
	switch {
	case s.Method == "census" && (len(s.Items) != len(keys) || len(keys)+s.Machine != rows):
		return fmt.Sprintf("all %d items are tested, it says; it lists %d and counts %d", rows, len(s.Items), s.Machine)
	case s.Method == "census":
		return ""
	case drawn != s.Size:
		return fmt.Sprintf("%d items were to be drawn, %d are", s.Size, drawn)
	case s.Extended > 0 && extended != s.Extended-s.Size:
		return fmt.Sprintf("the extension to %d adds %d items, not %d", s.Extended, s.Extended-s.Size, extended)
	case s.Extended == 0 && extended > 0:
		return fmt.Sprintf("%d items were added by an extension that is not recorded", extended)
	case counted != whole && (counted > whole || len(s.Items) < len(keys)):
		return fmt.Sprintf("%d items count, %d were to; %d are void", counted, whole, void)
	}
	return ""
}

// checkDraws hashes every population again and draws every sample again.
func (b *bundle) checkDraws(l *ledger) {
	populations := map[string]Population{}
	for _, name := range b.below(PopulationPrefix) {
		var p Population
		if !b.document(name, &p) {
			continue
		}
		if _, dup := populations[p.Ref]; dup {
			b.rep.find(CheckFormat, name, "a second population %s", p.Ref)
			continue
		}
		if b.checkPopulation(l, name, p) {
			populations[p.Ref] = p
		}
	}
	for _, name := range b.below(SamplePrefix) {
		var s Sample
		if !b.document(name, &s) {
			continue
		}
		p, ok := populations[s.Population]
		if !ok {
			b.rep.find(CheckRedraw, name, "the bundle has no sound population %s to draw it from", s.Population)
			continue
		}
		r, err := s.Again(p)
		switch {
		case err != nil:
			b.rep.find(CheckRedraw, name, "%v", err)
		case !r.Same:
			b.rep.find(CheckRedraw, name, "%s", r.First)
		}
		if err == nil {
			b.rep.Redrawn = append(b.rep.Redrawn, r)
			b.checkSeed(l, name, s)
		}
	}
}

// below lists the files of a folder.
func (b *bundle) below(prefix string) []string {
	var out []string
	for name := range b.files {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// document reads a JSON document of the bundle.
func (b *bundle) document(name string, v any) bool {
	data := b.read(name, maxDraw)
	if data == nil {
		return false
	}
	if err := strict(data, v); err != nil {
		b.rep.find(CheckFormat, name, "%v", err)
		return false
	}
	return true
}

// checkPopulation reports whether a population is what it says: its keys are those of its rows, and the rows give its hash.
func (b *bundle) checkPopulation(l *ledger, name string, p Population) bool {
	was := len(b.rep.Findings)
	if p.Rows == nil {
		b.rep.note("%s: the rows are not in the bundle, the keys are; the hash is as the ledger names it", p.Ref)
	} else {
		if len(p.Rows) != len(p.Keys) {
			b.rep.find(CheckRedraw, name, "%d rows and %d keys", len(p.Rows), len(p.Keys))
			return false
		}
		for i, row := range p.Rows {
			if p.Key < 0 || p.Key >= len(row) || row[p.Key] != p.Keys[i] {
				b.rep.find(CheckRedraw, name, "key %d, %q, is not that of row %d", i+1, p.Keys[i], i+1)
				return false
			}
		}
		if sum, err := PopulationHash(p.Columns, p.Key, p.Rows); err != nil || sum != p.SHA256 {
			b.rep.find(CheckRedraw, name, "its rows have the hash %s, frozen was %s", sum, p.SHA256)
		}
	}
	if p.Entry > 0 && !l.names(p.Entry, p.SHA256) {
		b.rep.find(CheckUnsealed, name, "ledger entry %d does not name the hash of the population", p.Entry)
	}
	return len(b.rep.Findings) == was
}

// checkSeed makes sure that the seed was on record before the items, and both as they are here.
func (b *bundle) checkSeed(l *ledger, name string, s Sample) {
	if s.Planned == 0 {
		return
	}
	var planned, drawn struct {
		Seed   string   `json:"seed"`
		SHA256 string   `json:"sha256"`
		Items  []string `json:"items"`
	}
	for _, x := range []struct {
		seq  int64
		into any
	}{{s.Planned, &planned}, {s.Drawn, &drawn}} {
		if p, ok := l.payloads[x.seq]; !ok || l.tokens[x.seq] == nil || json.Unmarshal([]byte(p.Payload), x.into) != nil {
			b.rep.find(CheckRedraw, name, "ledger entry %d does not say what was drawn", x.seq)
			return
		}
	}
	switch {
	case s.Planned >= s.Drawn:
		b.rep.find(CheckRedraw, name, "the seed went on record with entry %d, after the draw (entry %d)", s.Planned, s.Drawn)
	case planned.Seed != s.Seed || drawn.Seed != s.Seed || planned.SHA256 != s.SHA256:
		b.rep.find(CheckRedraw, name, "ledger entry %d recorded another seed or population", s.Planned)
	case len(drawn.Items) > len(s.Items):
		b.rep.find(CheckRedraw, name, "ledger entry %d names %d items, the sample has %d", s.Drawn, len(drawn.Items), len(s.Items))
	default:
		for i, k := range drawn.Items {
			if s.Items[i].Key != k {
				b.rep.find(CheckRedraw, name, "item %d is %q; ledger entry %d names %q", i+1, s.Items[i].Key, s.Drawn, k)
				return
			}
		}
	}
}
