package org

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Imported says what an import did, or would do: the keys of records by what happens to them.
type Imported struct {
	Added     []string
	Changed   []string
	Removed   []string
	Unchanged int
	Seq       int64 // ledger entry; 0 when nothing changed or nothing was written
}

// Any reports whether anything changes.
func (i Imported) Any() bool { return len(i.Added)+len(i.Changed)+len(i.Removed) > 0 }

// Import makes the description say what a document says: records that differ get a new revision, new ones are added, and
// those the document lacks are removed. Records are told apart by their keys. With dry it only says what would happen.
func (s *Service) Import(ctx context.Context, scope access.Scope, now time.Time, d Description, note string, dry bool) (Imported, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return Imported{}, err
	}
	d = d.clean()
	if list := d.check(s.Catalog); len(list) > 0 {
		return Imported{}, refuse(list)
	}
	note, err := checkNote(note)
	if err != nil {
		return Imported{}, err
	}
	var out Imported
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Current(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		var steps []step
		if steps, out, err = plan(d, all, now); err != nil || dry || !out.Any() {
			return err
		}
		for _, st := range steps {
			st.Note = note
			if st.Removed {
				err = s.remove(ctx, scope, now, st.Revision, note)
			} else {
				st.Author, st.At = scope.Actor(), now
				err = s.add(ctx, scope, st.Revision, "description.saved")
			}
			if err != nil {
				return errs.Wrap(err, "%s %s", words(string(st.Kind)), st.Key)
			}
		}
		sum, err := canon.Hash(d)
		if err != nil {
			return err
		}
		out.Seq, err = s.Ledger.Append(ctx, scope, now, "description.imported", "description", map[string]any{
			"sha256": sum, "added": len(out.Added), "changed": len(out.Changed), "removed": len(out.Removed), "unchanged": out.Unchanged, "note": note,
		})
		return err
	})
	if err != nil {
		return Imported{}, err
	}
	return out, nil
}

// step is a revision an import adds. For a removal it is the newest revision with Removed set.
type step struct{ Revision }

// plan compares a document with what is there. Removals come first, so that a key is free before it is given again.
func plan(d Description, all []Revision, now time.Time) ([]step, Imported, error) {
	var out Imported
	var removals, saves []step
	have := map[string]Revision{}
	for _, r := range all {
		if now.Before(r.At) {
			return nil, out, errs.New(errs.Invalid, "%s %s was saved after %s", words(string(r.Kind)), r.Key, now.UTC().Format(time.RFC3339)).WithHint("Check the clock.")
		}
		have[string(r.Kind)+" "+r.Key] = r
	}
	for _, p := range keepPlaces(d.records(), all) {
		r := Revision{ID: RecordID(id.New("dsc", now)), Number: 1, Place: p.place}
		if err := r.seal(p.record); err != nil {
			return nil, out, err
		}
		name := string(r.Kind) + " " + r.Key
		old, was := have[name]
		delete(have, name)
		switch {
		case !was:
			out.Added = append(out.Added, name)
		case old.SHA256 == r.SHA256 && old.Place == r.Place:
			out.Unchanged++
			continue
		default:
			r.ID, r.Number = old.ID, old.Number+1
			out.Changed = append(out.Changed, name)
		}
		saves = append(saves, step{r})
	}
	for _, r := range all {
		if _, left := have[string(r.Kind)+" "+r.Key]; left {
			out.Removed = append(out.Removed, string(r.Kind)+" "+r.Key)
			r.Removed = true
			removals = append(removals, step{r})
		}
	}
	return append(removals, saves...), out, nil
}

// keepPlaces gives records the places they have, as long as the document keeps their order and adds only at the end of a
// list: otherwise taking one record out would mean a new revision of every one behind it.
func keepPlaces(doc []placed, all []Revision) []placed {
	have := map[string]int{}
	for _, r := range all {
		have[string(r.Kind)+" "+r.Key] = r.Place
	}
	for start := 0; start < len(doc); {
		section, _, _ := strings.Cut(doc[start].path, "[")
		end := start + 1
		for end < len(doc) && strings.HasPrefix(doc[end].path, section+"[") {
			end++
		}
		places, last, news := make([]int, 0, end-start), -1, false
		for _, p := range doc[start:end] {
			place, old := have[string(p.record.Kind())+" "+p.record.Key()]
			if !old {
				place, news = last+1, true
			}
			if place <= last || old && news {
				break
			}
			places, last = append(places, place), place
		}
		if len(places) == end-start {
			for i := range places {
				doc[start+i].place = places[i]
			}
		}
		start = end
	}
	return doc
}
