// Package framework is the frameworks that an organisation brings along: catalogs of requirements in NIST's Open Security
// Controls Assessment Language (OSCAL), read from JSON, renewed in place when a newer version comes, and the organisation's
// controls mapped to them. A mapping is management's statement; nothing here says that a requirement is met.
package framework

import (
	"fmt"
	"strings"
	"time"
)

// ID identifies an imported framework.
type ID string

// Framework is an imported catalog as it is now.
type Framework struct {
	ID        ID
	Ref       string // "FW-1"
	Title     string
	Edition   string // the catalog's own version
	Published string // day, as the catalog says it; empty if it does not
	OSCAL     string // version of the language
	UUID      string // of the document
	SHA256    string // of the file
	File      string // its name
	Bytes     int64
	Number    int // of the revision that is in force, from 1
	By        string
	At        time.Time  // of that revision
	Removed   *time.Time // nil while it is in use
}

// Name is title and edition.
func (f Framework) Name() string {
	if f.Edition == "" || strings.Contains(f.Title, f.Edition) {
		return f.Title
	}
	return f.Title + ", " + f.Edition
}

// Family is a group of requirements.
type Family struct {
	ID    string
	Title string // with those of the groups around it
}

// Requirement is a control or an enhancement of a catalog.
type Requirement struct {
	Code      string   // identifier in the catalog: "ac-2.1"
	Label     string   // as people write it: "AC-2(1)"; the code if the catalog has none
	Title     string   // one line
	Statement string   // what is asked for, with the parameters written out; empty if the catalog has none
	Family    string   // identifier
	Parent    string   // code of the requirement that it enhances; empty for none
	Withdrawn bool     // by the publisher
	Became    []string // codes of those that took its place, where the catalog says so
	Controls  []string // references of the organisation's controls that the catalog itself names, as it writes them
}

// Catalog is what a file holds.
type Catalog struct {
	Title        string
	Edition      string
	Published    string
	OSCAL        string
	UUID         string
	Families     []Family      // in order
	Requirements []Requirement // in order
}

// Kept is a requirement as the organisation has it.
type Kept struct {
	Requirement
	N      int // place in the catalog
	Gone   int // revision in which it vanished from the catalog; 0 while it is there
	Mapped []Mapping
}

// Source says where a mapping comes from.
type Source string

// The sources of mappings.
const (
	ByHand    Source = "hand"    // on a page
	ByFile    Source = "file"    // a table that was imported
	ByCatalog Source = "catalog" // the catalog names the control
)

// Word is the source as people read it.
func (s Source) Word() string {
	switch s {
	case ByHand:
		return "By hand"
	case ByFile:
		return "From a file"
	case ByCatalog:
		return "Named by the catalog"
	}
	return string(s)
}

// Mapping says that a control answers a requirement.
type Mapping struct {
	Code    string // of the requirement
	Control string // reference
	Source  Source
	By      string
	At      time.Time
}

// Revision is one import of a framework, with what it changed against the one before.
type Revision struct {
	Number  int
	Edition string
	OSCAL   string
	UUID    string
	SHA256  string
	File    string
	Bytes   int64
	By      string
	At      time.Time
	Changes Changes
	Total   int // requirements
	Seq     int64
}

// Changes are what differs between two versions of a catalog.
type Changes struct {
	Added   []Mark `json:"added"`
	Removed []Mark `json:"removed"`
	Changed []Mark `json:"changed"`
}

// None reports whether nothing differs.
func (c Changes) None() bool { return len(c.Added)+len(c.Removed)+len(c.Changed) == 0 }

// Sentence counts them.
func (c Changes) Sentence() string {
	if c.None() {
		return "no requirement changed"
	}
	return fmt.Sprintf("%d added, %d removed, %d changed", len(c.Added), len(c.Removed), len(c.Changed))
}

// Mark is a requirement that differs.
type Mark struct {
	Code   string   `json:"code"`
	Label  string   `json:"label"`
	Title  string   `json:"title"`
	What   []string `json:"what,omitempty"`   // of a changed one: "title", "statement", ...
	Mapped int      `json:"mapped,omitempty"` // controls that are mapped to a removed one
}

// Compare says what a catalog changes against requirements that were there; those that vanished before count as not there.
func Compare(old []Kept, next []Requirement) Changes {
	c := Changes{Added: []Mark{}, Removed: []Mark{}, Changed: []Mark{}}
	was := map[string]Kept{}
	for _, k := range old {
		if k.Gone == 0 {
			was[k.Code] = k
		}
	}
	is := map[string]bool{}
	for _, q := range next {
		is[q.Code] = true
		k, known := was[q.Code]
		if !known {
			c.Added = append(c.Added, Mark{Code: q.Code, Label: q.Label, Title: q.Title})
			continue
		}
		if what := differs(k.Requirement, q); len(what) > 0 {
			c.Changed = append(c.Changed, Mark{Code: q.Code, Label: q.Label, Title: q.Title, What: what})
		}
	}
	for _, k := range old {
		if k.Gone == 0 && !is[k.Code] {
			c.Removed = append(c.Removed, Mark{Code: k.Code, Label: k.Label, Title: k.Title, Mapped: len(k.Mapped)})
		}
	}
	return c
}

func differs(a, b Requirement) []string {
	var out []string
	add := func(on bool, what string) {
		if on {
			out = append(out, what)
		}
	}
	add(a.Label != b.Label, "label")
	add(a.Title != b.Title, "title")
	add(a.Statement != b.Statement, "statement")
	add(a.Family != b.Family, "family")
	add(a.Parent != b.Parent, "place")
	switch {
	case b.Withdrawn && !a.Withdrawn:
		out = append(out, "withdrawn")
	case a.Withdrawn && !b.Withdrawn:
		out = append(out, "no longer withdrawn")
	}
	return out
}

// FamilyCount is a family with how many of its requirements have controls. Withdrawn and vanished ones are not counted.
type FamilyCount struct {
	Family
	Requirements int
	Mapped       int
}

// Overview is a framework with its figures.
type Overview struct {
	Framework
	Families  []FamilyCount
	Total     int // requirements, without withdrawn ones
	Mapped    int // of them, with a control
	Withdrawn int
	Stale     int // mappings to requirements that vanished or were withdrawn
}

// Arranged is a framework's families with the references of controls mapped to each: an arrangement of a report's matrix.
type Arranged struct {
	Framework
	Families []ArrangedFamily
}

// ArrangedFamily is a family with the controls that answer it.
type ArrangedFamily struct {
	Family
	// Label is the identifier as the labels of its requirements write it, "AC" where AC-1 is one of "ac"; the identifier if they do not.
	Label    string
	Controls []string
}
