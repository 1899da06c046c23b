package framework

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// maxFrameworks is how many an organisation keeps at once.
const maxFrameworks = 50

// Service is the use cases. Reading needs the right to read the programme, everything else that to change controls.
type Service struct {
	Store    Store
	Mappings Mappings
	Controls Controls
	Blobs    Blobs
	Tx       access.Tx
	Ledger   access.Recorder
}

// Import takes a catalog in: as a new framework, or, with the reference of one, as its newer version. Requirements that vanished and
// are mapped are kept and marked.
func (s *Service) Import(ctx context.Context, scope access.Scope, now time.Time, of, file string, body []byte) (Framework, Revision, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Framework{}, Revision{}, err
	}
	file = cmp.Or(short(text.Line(file), 200), "catalog.json")
	c, err := Parse(file, body)
	if err != nil {
		return Framework{}, Revision{}, err
	}
	sum, err := s.Blobs.Store(body)
	if err != nil {
		return Framework{}, Revision{}, err
	}
	var f Framework
	r := Revision{Edition: c.Edition, OSCAL: c.OSCAL, UUID: c.UUID, SHA256: sum, File: file, Bytes: int64(len(body)), By: scope.Actor(), At: now, Total: len(c.Requirements)}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if f, err = s.take(ctx, scope, now, of, c, &r); err != nil {
			return err
		}
		return s.named(ctx, scope, now, f, c)
	})
	return f, r, err
}

// take writes the catalog over the framework it belongs to.
func (s *Service) take(ctx context.Context, scope access.Scope, now time.Time, of string, c Catalog, r *Revision) (Framework, error) {
	f, err := s.place(ctx, scope, now, of, c, r.SHA256)
	if err != nil {
		return f, err
	}
	old, err := s.Store.All(ctx, scope.ReadScope, f.ID)
	if err != nil {
		return f, err
	}
	r.Changes = Compare(old, c.Requirements)
	if of != "" && len(r.Changes.Added) == len(c.Requirements) {
		return f, errs.New(errs.Conflict, "%s has no requirement in common with %s, %s", c.Title, f.Ref, f.Title).At("file").WithHint("It is another framework: import it as a new one.")
	}
	f.Title, f.Edition, f.Published, f.OSCAL, f.UUID = c.Title, c.Edition, c.Published, c.OSCAL, c.UUID
	f.SHA256, f.File, f.Bytes, f.By, f.At = r.SHA256, r.File, r.Bytes, r.By, r.At
	f.Number++
	r.Number = f.Number
	kind := "framework.imported"
	if r.Number > 1 {
		kind = "framework.renewed"
	}
	if r.Seq, err = s.Ledger.Append(ctx, scope, now, kind, string(f.ID), map[string]any{
		"ref": f.Ref, "title": f.Title, "version": f.Edition, "oscal": f.OSCAL, "file": f.File, "sha256": f.SHA256, "revision": r.Number, "requirements": r.Total,
		"added": len(r.Changes.Added), "removed": len(r.Changes.Removed), "changed": len(r.Changes.Changed),
	}); err != nil {
		return f, err
	}
	if r.Number == 1 { // everything is new: that needs no list
		r.Changes = Changes{Added: []Mark{}, Removed: []Mark{}, Changed: []Mark{}}
	}
	return f, s.Store.Put(ctx, scope, f, *r, c.Families, keep(old, c.Requirements, r.Number))
}

// place finds the framework that a catalog goes to, or makes room for a new one.
func (s *Service) place(ctx context.Context, scope access.Scope, now time.Time, of string, c Catalog, sum string) (Framework, error) {
	if of != "" {
		f, err := s.Store.Framework(ctx, scope.ReadScope, of)
		if err == nil && f.SHA256 == sum {
			err = errs.New(errs.Conflict, "%s is this very file already", f.Ref).At("file").WithHint("Nothing was changed.")
		}
		return f, err
	}
	all, err := s.Store.Frameworks(ctx, scope.ReadScope)
	if err != nil {
		return Framework{}, err
	}
	if len(all) >= maxFrameworks {
		return Framework{}, errs.New(errs.Exhausted, "there are %d imported frameworks already", len(all)).WithHint("Remove one that is not used.")
	}
	if i := slices.IndexFunc(all, func(f Framework) bool { return strings.EqualFold(f.Title, c.Title) || f.SHA256 == sum }); i >= 0 {
		return Framework{}, errs.New(errs.Conflict, "%s is called %s already", all[i].Ref, all[i].Title).At("file").WithHint("Import the file as a newer version of %s.", all[i].Ref)
	}
	return s.Store.Add(ctx, scope, Framework{ID: ID(id.New("frw", now)), Title: c.Title, By: scope.Actor(), At: now})
}

// keep are the requirements of the catalog in its order, and after them those that vanished.
func keep(old []Kept, next []Requirement, revision int) []Kept {
	out := make([]Kept, 0, len(next))
	is := map[string]bool{}
	for i, q := range next {
		is[q.Code] = true
		out = append(out, Kept{Requirement: q, N: i + 1})
	}
	for _, k := range old {
		if is[k.Code] {
			continue
		}
		if k.Gone == 0 {
			k.Gone = revision
		}
		k.N = len(out) + 1
		out = append(out, k)
	}
	return out
}

// named maps the controls that the catalog itself names, where the organisation has them.
func (s *Service) named(ctx context.Context, scope access.Scope, now time.Time, f Framework, c Catalog) error {
	for _, q := range c.Requirements {
		for _, ref := range q.Controls {
			if q.Withdrawn {
				continue
			}
			x, err := s.Controls.Control(ctx, scope.ReadScope, strings.ToUpper(ref))
			if errs.Is(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if _, err := s.put(ctx, scope, now, f, Mapping{Code: q.Code, Control: x.Ref, Source: ByCatalog}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove takes a framework out of use. What was frozen with it stays.
func (s *Service) Remove(ctx context.Context, scope access.Scope, now time.Time, ref string) error {
	if err := scope.Require(access.EditControls); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		f, err := s.Store.Framework(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if err := s.Store.Remove(ctx, scope, f.ID, now); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "framework.removed", string(f.ID), map[string]any{"ref": f.Ref, "title": f.Title})
		return err
	})
}

// Map says that a control answers a requirement. It reports whether that is new. The requirement is named by code or label.
func (s *Service) Map(ctx context.Context, scope access.Scope, now time.Time, ref, requirement, controlRef string, from Source) (bool, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return false, err
	}
	fresh := false
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		f, k, err := s.find(ctx, scope.ReadScope, ref, requirement)
		if err != nil {
			return err
		}
		switch {
		case k.Gone > 0:
			return errs.New(errs.Conflict, "%s is not in %s any more", k.Label, f.Title).At("requirement").WithHint("Map the control to what took its place.")
		case k.Withdrawn:
			return errs.New(errs.Conflict, "%s is withdrawn", k.Label).At("requirement").WithHint("Map the control to what took its place.")
		}
		c, err := s.Controls.Control(ctx, scope.ReadScope, strings.ToUpper(strings.TrimSpace(controlRef)))
		if err != nil {
			if errs.Is(err, errs.NotFound) {
				return errs.New(errs.Invalid, "there is no control %q", short(text.Line(controlRef), 40)).At("control").WithHint("Give its reference, such as IAM-04.")
			}
			return err
		}
		fresh, err = s.put(ctx, scope, now, f, Mapping{Code: k.Code, Control: c.Ref, Source: from})
		return err
	})
	return fresh, err
}

func (s *Service) put(ctx context.Context, scope access.Scope, now time.Time, f Framework, m Mapping) (bool, error) {
	m.By, m.At = scope.Actor(), now
	fresh, err := s.Mappings.Map(ctx, scope, f.ID, m)
	if err != nil || !fresh {
		return false, err
	}
	_, err = s.Ledger.Append(ctx, scope, now, "framework.mapped", string(f.ID), map[string]any{"ref": f.Ref, "requirement": m.Code, "control": m.Control, "source": m.Source})
	return true, err
}

// Unmap takes a mapping back.
func (s *Service) Unmap(ctx context.Context, scope access.Scope, now time.Time, ref, requirement, controlRef string) error {
	if err := scope.Require(access.EditControls); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		f, k, err := s.find(ctx, scope.ReadScope, ref, requirement)
		if err != nil {
			return err
		}
		there, err := s.Mappings.Unmap(ctx, scope, f.ID, k.Code, controlRef)
		if err != nil {
			return err
		}
		if !there {
			return errs.New(errs.NotFound, "%s is not mapped to %s", short(text.Line(controlRef), 40), k.Label).WithHint("Somebody may have taken it back meanwhile.")
		}
		_, err = s.Ledger.Append(ctx, scope, now, "framework.unmapped", string(f.ID), map[string]any{"ref": f.Ref, "requirement": k.Code, "control": controlRef})
		return err
	})
}

// find reads a framework and one of its requirements, by code or label in any case.
func (s *Service) find(ctx context.Context, scope access.ReadScope, ref, requirement string) (Framework, Kept, error) {
	f, err := s.Store.Framework(ctx, scope, ref)
	if err != nil {
		return f, Kept{}, err
	}
	all, err := s.Store.All(ctx, scope, f.ID)
	if err != nil {
		return f, Kept{}, err
	}
	requirement = strings.TrimSpace(requirement)
	for _, same := range []func(k Kept) bool{
		func(k Kept) bool { return k.Code == requirement },
		func(k Kept) bool { return strings.EqualFold(k.Code, requirement) },
		func(k Kept) bool { return strings.EqualFold(k.Label, requirement) && k.Gone == 0 },
	} {
		if i := slices.IndexFunc(all, same); i >= 0 {
			return f, all[i], nil
		}
	}
	return f, Kept{}, errs.New(errs.NotFound, "%s has no requirement %q", f.Ref, short(text.Line(requirement), 60)).At("requirement").WithHint("Give its identifier as the catalog has it, such as %s.", example(all))
}

func example(all []Kept) string {
	if len(all) == 0 {
		return "ac-2"
	}
	return all[0].Code
}

// Frameworks lists the imported frameworks with their figures, in the order in which they came.
func (s *Service) Frameworks(ctx context.Context, scope access.ReadScope) ([]Overview, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	all, err := s.Store.Frameworks(ctx, scope)
	if err != nil {
		return nil, err
	}
	out := make([]Overview, 0, len(all))
	for _, f := range all {
		x, err := s.overview(ctx, scope, f)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// Framework reads one with its figures.
func (s *Service) Framework(ctx context.Context, scope access.ReadScope, ref string) (Overview, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Overview{}, err
	}
	f, err := s.Store.Framework(ctx, scope, ref)
	if err != nil {
		return Overview{}, err
	}
	return s.overview(ctx, scope, f)
}

func (s *Service) overview(ctx context.Context, scope access.ReadScope, f Framework) (Overview, error) {
	x := Overview{Framework: f}
	families, err := s.Store.Families(ctx, scope, f.ID)
	if err != nil {
		return x, err
	}
	all, err := s.Store.All(ctx, scope, f.ID)
	if err != nil {
		return x, err
	}
	at := map[string]int{}
	for i, y := range families {
		at[y.ID] = i
		x.Families = append(x.Families, FamilyCount{Family: y})
	}
	for _, k := range all {
		if k.Gone > 0 || k.Withdrawn {
			x.Stale += len(k.Mapped)
			if k.Gone == 0 {
				x.Withdrawn++
			}
			continue
		}
		x.Total++
		x.Families[at[k.Family]].Requirements++
		if len(k.Mapped) > 0 {
			x.Mapped++
			x.Families[at[k.Family]].Mapped++
		}
	}
	return x, nil
}

// Requirements lists requirements. Sort names: code (the order of the catalog), title, controls.
func (s *Service) Requirements(ctx context.Context, scope access.ReadScope, id ID, f Filter, q paging.Query) (paging.Result[Kept], error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return paging.Result[Kept]{}, err
	}
	return s.Mappings.Requirements(ctx, scope, id, f, q)
}

// Around is a requirement with those next to it and those that enhance it.
type Around struct {
	Framework    Framework
	Kept         Kept
	Family       Family
	Previous     string // codes; empty at the ends
	Next         string
	Enhancements []Kept
	Became       []Kept // what took its place, as far as the catalog has it
}

// Requirement reads a requirement, by code or label.
func (s *Service) Requirement(ctx context.Context, scope access.ReadScope, ref, requirement string) (Around, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Around{}, err
	}
	f, k, err := s.find(ctx, scope, ref, requirement)
	if err != nil {
		return Around{}, err
	}
	a := Around{Framework: f, Kept: k}
	all, err := s.Store.All(ctx, scope, f.ID)
	if err != nil {
		return a, err
	}
	families, err := s.Store.Families(ctx, scope, f.ID)
	if err != nil {
		return a, err
	}
	for _, y := range families {
		if y.ID == k.Family {
			a.Family = y
		}
	}
	for i, x := range all {
		switch {
		case x.Code == k.Code && k.Gone == 0:
			if i > 0 {
				a.Previous = all[i-1].Code
			}
			if i+1 < len(all) && all[i+1].Gone == 0 {
				a.Next = all[i+1].Code
			}
		case x.Parent == k.Code && x.Gone == 0:
			a.Enhancements = append(a.Enhancements, x)
		}
		if slices.Contains(k.Became, x.Code) {
			a.Became = append(a.Became, x)
		}
	}
	return a, nil
}

// Revisions lists the imports of a framework, the newest first.
func (s *Service) Revisions(ctx context.Context, scope access.ReadScope, ref string) (Framework, []Revision, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Framework{}, nil, err
	}
	f, err := s.Store.Framework(ctx, scope, ref)
	if err != nil {
		return f, nil, err
	}
	all, err := s.Store.Revisions(ctx, scope, f.ID)
	return f, all, err
}

// File is the catalog as it was imported last.
func (s *Service) File(ctx context.Context, scope access.ReadScope, ref string) (Framework, []byte, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Framework{}, nil, err
	}
	f, err := s.Store.Framework(ctx, scope, ref)
	if err != nil {
		return f, nil, err
	}
	body, err := s.Blobs.Content(f.SHA256)
	return f, body, err
}

// Arrange puts controls in the families of each framework that one of them is mapped to. Withdrawn and vanished requirements, and
// mappings to controls that are not asked for, count for nothing.
func (s *Service) Arrange(ctx context.Context, scope access.ReadScope, controls []string) ([]Arranged, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	all, err := s.Store.Frameworks(ctx, scope)
	if err != nil {
		return nil, err
	}
	var out []Arranged
	for _, f := range all {
		families, err := s.Store.Families(ctx, scope, f.ID)
		if err != nil {
			return nil, err
		}
		kept, err := s.Store.All(ctx, scope, f.ID)
		if err != nil {
			return nil, err
		}
		answers := map[string]map[string]bool{} // family -> control
		labels := map[string]string{}
		for _, k := range kept {
			if letters, _, ok := strings.Cut(k.Label, "-"); ok && labels[k.Family] == "" && strings.EqualFold(letters, k.Family) {
				labels[k.Family] = letters
			}
			for _, m := range k.Mapped {
				if k.Gone == 0 && !k.Withdrawn {
					if answers[k.Family] == nil {
						answers[k.Family] = map[string]bool{}
					}
					answers[k.Family][m.Control] = true
				}
			}
		}
		x, some := Arranged{Framework: f}, false
		for _, y := range families {
			in := ArrangedFamily{Family: y, Label: cmp.Or(labels[y.ID], y.ID), Controls: []string{}}
			for _, c := range controls {
				if answers[y.ID][c] {
					in.Controls, some = append(in.Controls, c), true
				}
			}
			x.Families = append(x.Families, in)
		}
		if some {
			out = append(out, x)
		}
	}
	return out, nil
}
