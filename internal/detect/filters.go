package detect

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// maxFilterDays bounds how long a filter runs before somebody must look at it again.
const maxFilterDays = 366

// NewFilter is what somebody asks to be left out.
type NewFilter struct {
	Title  string
	Text   string // a Sigma document with filter; empty to make one of Rule and Equal
	Rule   string
	Equal  map[string]string // field -> value; all must hold
	Owner  string
	Reason string
	Until  time.Time
}

// AddFilter takes matches away from rules from now on, until it ends.
func (s *Service) AddFilter(ctx context.Context, scope access.Scope, now time.Time, d NewFilter) (Filter, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Filter{}, err
	}
	f := Filter{ID: id.New("flt", now), Title: text.Line(d.Title), Text: d.Text, Owner: text.Line(d.Owner), Reason: text.Prose(d.Reason), Until: d.Until.UTC(), At: now, By: scope.Actor()}
	if err := responsible(f.Owner, f.Reason, f.Until, now); err != nil {
		return Filter{}, err
	}
	if err := text.Bounds("title", "the title", f.Title, 1, maxTitle); err != nil {
		return Filter{}, err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Program(ctx, scope.ReadScope, now)
		if err != nil {
			return err
		}
		if strings.TrimSpace(f.Text) == "" {
			if f.Text, err = p.write(d, f.ID); err != nil {
				return err
			}
		}
		if f.Rules, err = p.check(f.Text); err != nil {
			return err
		}
		if f, err = s.Store.AddFilter(ctx, scope, f); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "detection.filter.added", f.ID, map[string]any{"ref": f.Ref, "title": f.Title, "rules": f.Rules, "owner": f.Owner, "reason": f.Reason, "until": f.Until.Format(time.RFC3339), "text": f.Text}); err != nil {
			return err
		}
		return s.Store.Bump(ctx, scope)
	})
	return f, err
}

// responsible holds what every exception to detection needs: who answers for it, why, and an end.
func responsible(owner, reason string, until, now time.Time) error {
	if err := text.Bounds("owner", "who answers for it", owner, 1, maxTitle); err != nil {
		return err
	}
	if err := text.Bounds("reason", "the reason", reason, 1, maxReason); err != nil {
		return err
	}
	switch {
	case !until.After(now):
		return errs.New(errs.Invalid, "the end lies in the past").At("until")
	case until.After(now.AddDate(0, 0, maxFilterDays)):
		return errs.New(errs.Invalid, "the end is more than a year away").At("until").WithHint("Choose an earlier day; it can be said again then.")
	}
	return nil
}

// check compiles a filter alone with the rules, and gives the keys of those it names.
func (p *Program) check(document string) ([]string, error) {
	if len(document) > 64<<10 {
		return nil, errs.New(errs.Invalid, "the filter is longer than 64 KiB").At("text")
	}
	set := setOf([]sigma.File{{Path: "filter", Text: []byte(document)}})
	switch {
	case len(set.Refused) > 0:
		return nil, errs.New(errs.Invalid, "the filter cannot be used: %s", set.Refused[0].Error()).At("text")
	case len(set.Filters) != 1 || len(set.Rules)+len(set.Correlations) > 0:
		return nil, errs.New(errs.Invalid, "write exactly one document with filter, and no rule beside it").At("text")
	}
	f := set.Filters[0]
	if len(f.Rules) == 0 {
		return nil, errs.New(errs.Invalid, "the filter names no rule").At("text").WithHint("A filter for every rule of a log source would hide attacks nobody thought of: name those it is meant for.")
	}
	var keys []string
	for _, name := range f.Rules {
		i, ok := p.byKey[name]
		if !ok {
			return nil, errs.New(errs.Invalid, "there is no rule %q", text.Line(name)).At("text")
		}
		keys = append(keys, p.Rules[i].Key)
	}
	e, err := sigma.Compile(&sigma.Set{Rules: p.set.Rules, Filters: set.Filters}, Options())
	if err != nil {
		return nil, errs.As(errs.Internal, err, "compiling the filter")
	}
	for _, r := range e.Refused() {
		if r.Path == "filter" {
			return nil, errs.New(errs.Invalid, "the filter cannot be used: %s", r.Reason).At("text")
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// write makes the document of a filter from a rule and the values of its fields.
func (p *Program) write(d NewFilter, id string) (string, error) {
	i := slices.IndexFunc(p.set.Rules, func(r *sigma.Rule) bool { return r.Key() == d.Rule })
	if i < 0 {
		return "", errs.New(errs.Invalid, "choose a rule that looks at single events").At("rule")
	}
	if len(d.Equal) == 0 || len(d.Equal) > 10 {
		return "", errs.New(errs.Invalid, "name one to ten fields and their values").At("field")
	}
	selection := map[string]string{}
	for name, value := range d.Equal {
		name, value = text.Line(name), text.Line(value)
		if name == "" || strings.ContainsAny(name, "|*?") || len(name) > maxTitle {
			return "", errs.New(errs.Invalid, "%q is no name of a field", name).At("field")
		}
		if err := text.Bounds("value", "the value", value, 1, maxReason); err != nil {
			return "", err
		}
		selection[name] = plainValue(value)
	}
	source := map[string]string{}
	for name, v := range map[string]string{"product": p.set.Rules[i].Source.Product, "category": p.set.Rules[i].Source.Category, "service": p.set.Rules[i].Source.Service} {
		if v != "" {
			source[name] = v
		}
	}
	out, err := yaml.Marshal(map[string]any{"title": text.Line(d.Title), "name": id, "logsource": source,
		"filter": map[string]any{"rules": []string{d.Rule}, "selection": selection, "condition": "selection"}})
	return string(out), errs.As(errs.Internal, err, "writing the filter")
}

// plainValue is a value in which nothing is a wildcard.
func plainValue(v string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(v)
}

// Filters lists the filters, the newest first, also those that ended.
func (s *Service) Filters(ctx context.Context, scope access.ReadScope) ([]Filter, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Store.Filters(ctx, scope)
}

// EndFilter ends a filter before its time.
func (s *Service) EndFilter(ctx context.Context, scope access.Scope, now time.Time, ref string) (Filter, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Filter{}, err
	}
	var f Filter
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Filters(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(x Filter) bool { return x.Ref == ref || x.ID == ref })
		if i < 0 {
			return errs.New(errs.NotFound, "no filter %s", text.Line(ref))
		}
		if f = all[i]; !f.Runs(now) {
			return errs.New(errs.Conflict, "%s ended already", f.Ref)
		}
		f.Ended = &now
		if err := s.Store.EndFilter(ctx, scope, f.ID, now); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "detection.filter.ended", f.ID, map[string]any{"ref": f.Ref, "title": f.Title}); err != nil {
			return err
		}
		return s.Store.Bump(ctx, scope)
	})
	return f, err
}
