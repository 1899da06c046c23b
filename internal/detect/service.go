package detect

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Service is the use cases of rules and baselines.
type Service struct {
	Store   Store
	Counted CountStore
	Tuning  TuningStore
	History History // nil while no events are stored
	Feeds   Feeds   // nil while nothing sends
	Tx      access.Tx
	Ledger  access.Recorder
	Clock   func() int64 // nanoseconds of a clock that only grows; nil means that costs are not sampled

	programs programs
}

// RuleFilter narrows the list of rules. Zero values do not narrow.
type RuleFilter struct {
	Level, Log, Technique, Criterion, Set string
	State                                 string // "on", "off", "trouble"
}

// HitDays is for how many days hits are counted, today included.
const HitDays = 30

// Rules lists rules. Sort names: title, level, log, technique, hits, last, state, set.
func (s *Service) Rules(ctx context.Context, scope access.ReadScope, now time.Time, f RuleFilter, q paging.Query) (paging.Result[Rule], error) {
	q = q.Norm()
	res := paging.Result[Rule]{Query: q}
	all, err := s.counted(ctx, scope, now)
	if err != nil {
		return res, err
	}
	search := strings.ToLower(q.Search)
	kept := make([]Rule, 0, len(all))
	for i := range all {
		r := &all[i]
		if f.Level != "" && r.Level != f.Level || f.Log != "" && !slices.Contains(r.Logs, f.Log) || f.Criterion != "" && !slices.Contains(r.Criteria, f.Criterion) ||
			f.Technique != "" && !slices.ContainsFunc(r.Techniques, func(t string) bool { return t == f.Technique || strings.HasPrefix(t, f.Technique+".") }) ||
			f.Set == "own" && r.Set != "" || f.Set != "" && f.Set != "own" && r.Set != f.Set ||
			f.State == "on" && !r.On || f.State == "off" && r.On || f.State == "trouble" && r.Trouble == "" ||
			search != "" && !strings.Contains(strings.ToLower(r.Title+"\n"+r.Description+"\n"+r.Key+"\n"+strings.Join(r.Techniques, " ")), search) {
			continue
		}
		kept = append(kept, *r)
	}
	sortRules(kept, q.Sort, q.Desc)
	res.Total = len(kept)
	res.Rows = kept[min(q.Offset(), len(kept)):min(q.Offset()+q.Size, len(kept))]
	return res, nil
}

func (s *Service) counted(ctx context.Context, scope access.ReadScope, now time.Time) ([]Rule, error) {
	p, err := s.Program(ctx, scope, now)
	if err != nil {
		return nil, err
	}
	counts, err := s.Counted.Counts(ctx, scope, dayOf(now)-HitDays)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(p.Rules)
	for _, c := range counts {
		if i, ok := p.byKey[c.Rule]; ok {
			all[i].Hits, all[i].Last = c.Hits, c.Last
			if c.Evaluated > 0 {
				all[i].Nanos = float64(c.Nanos) / float64(c.Evaluated)
			}
		}
	}
	return all, nil
}

func dayOf(t time.Time) int { return int(t.Unix() / 86400) }

func sortRules(list []Rule, by string, desc bool) {
	first := func(l []string) string {
		if len(l) == 0 {
			return "~"
		}
		return l[0]
	}
	onOff := func(r Rule) int {
		if r.On {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b Rule) int {
		c := 0
		switch by {
		case "title":
		case "log":
			c = cmp.Compare(first(a.Logs), first(b.Logs))
		case "technique":
			c = cmp.Compare(first(a.Techniques), first(b.Techniques))
		case "hits":
			c = cmp.Compare(a.Hits, b.Hits)
		case "last":
			c = a.Last.Compare(b.Last)
		case "state":
			c = onOff(a) - onOff(b)
		case "set":
			c = cmp.Compare(a.Set, b.Set)
		default:
			c = levelRank(a.Level) - levelRank(b.Level)
		}
		if c = cmp.Or(c, cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)), cmp.Compare(a.Key, b.Key)); desc {
			return -c
		}
		return c
	})
}

// RuleRecord is everything about one rule.
type RuleRecord struct {
	Rule
	Text    string // the document as it was written
	Days    []Count
	Filters []Filter // that run and name it
	Trials  []Trial  // the newest first
}

// Rule reads a rule by its key.
func (s *Service) Rule(ctx context.Context, scope access.ReadScope, now time.Time, key string) (RuleRecord, error) {
	all, err := s.counted(ctx, scope, now)
	if err != nil {
		return RuleRecord{}, err
	}
	i := slices.IndexFunc(all, func(r Rule) bool { return r.Key == key })
	if i < 0 {
		return RuleRecord{}, errs.New(errs.NotFound, "no rule %s", text.Line(key)).WithHint("It may have been part of a set that was removed.")
	}
	out := RuleRecord{Rule: all[i]}
	if out.Text, err = s.text(ctx, scope, out.Rule); err != nil {
		return out, err
	}
	if out.Days, err = s.Counted.CountsOf(ctx, scope, key, dayOf(now)-HitDays); err != nil {
		return out, err
	}
	if out.Trials, err = s.Counted.Trials(ctx, scope, key); err != nil {
		return out, err
	}
	filters, err := s.Store.Filters(ctx, scope)
	for _, f := range filters {
		if f.Runs(now) && (slices.Contains(f.Rules, key) || len(f.Rules) == 0) {
			out.Filters = append(out.Filters, f)
		}
	}
	return out, err
}

// StaleSetting is the cause of a Conflict when somebody else decided about a rule meanwhile.
type StaleSetting struct{ Theirs Setting }

// Error says what was decided.
func (s *StaleSetting) Error() string {
	if s.Theirs.On {
		return "it was turned on"
	}
	return "it was turned off"
}

// Bounds of what people write.
const (
	maxReason = 2000
	maxTitle  = 200
	maxMany   = 5000 // rules that are decided about at once
)

// Turn turns rules on or off, with a reason. was is the version of the setting that was decided upon, or -1 for any; it counts
// only for one rule at a time.
func (s *Service) Turn(ctx context.Context, scope access.Scope, now time.Time, keys []string, on bool, reason string, was int) (int, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return 0, err
	}
	reason = text.Prose(reason)
	if err := text.Bounds("reason", "the reason", reason, 1, maxReason); err != nil {
		return 0, err
	}
	if len(keys) == 0 || len(keys) > maxMany {
		return 0, errs.New(errs.Invalid, "choose between 1 and %d rules", maxMany).At("rule")
	}
	n := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		n = 0
		p, err := s.Program(ctx, scope.ReadScope, now)
		if err != nil {
			return err
		}
		kind := "detection.rule.off"
		if on {
			kind = "detection.rule.on"
		}
		for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
			r, ok := p.Rule(key)
			switch {
			case !ok:
				return errs.New(errs.NotFound, "no rule %s", text.Line(key)).At("rule")
			case len(keys) == 1 && was >= 0 && was != r.Setting.Version:
				return errs.Changed(r.Title, &StaleSetting{r.Setting})
			case r.On == on:
				continue
			}
			n++
			if err := s.Store.Set(ctx, scope, Setting{Rule: r.Key, On: on, Reason: reason, Version: r.Setting.Version + 1, At: now, By: scope.Actor()}); err != nil {
				return err
			}
			if _, err := s.Ledger.Append(ctx, scope, now, kind, r.Key, map[string]any{"title": r.Title, "level": r.Level, "set": r.Set, "reason": reason}); err != nil {
				return err
			}
		}
		if n == 0 {
			return errs.New(errs.Conflict, "nothing is changed").At("rule")
		}
		return s.Store.Bump(ctx, scope)
	})
	return n, err
}

// Bounds of an uploaded set. All public rules together are 3,757 files and 15 MB.
const (
	MaxUpload = 32 << 20
	maxRules  = 10_000
	maxSets   = 20
)

// Upload adds a set of rules: an archive, or one file. All its rules are off until somebody turns them on. What cannot be used is
// listed with the reason.
func (s *Service) Upload(ctx context.Context, scope access.Scope, now time.Time, title, name string, content []byte) (Ruleset, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Ruleset{}, err
	}
	title, name = text.Line(title), path.Base(text.Line(name))
	if err := text.Bounds("title", "the title", title, 1, maxTitle); err != nil {
		return Ruleset{}, err
	}
	if len(content) > MaxUpload {
		return Ruleset{}, errs.New(errs.Invalid, "the file is larger than %d MiB", MaxUpload>>20).At("file")
	}
	files, err := filesOf(name, content)
	if err != nil {
		return Ruleset{}, errs.AtField(err, "file")
	}
	set := setOf(files)
	r := Ruleset{ID: id.New("rls", now), Title: title, Name: name, Files: len(files), Rules: len(set.Rules) + len(set.Correlations), Refused: set.Refused, At: now, By: scope.Actor()}
	sum := sha256.Sum256(content)
	r.SHA256 = hex.EncodeToString(sum[:])
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Program(ctx, scope.ReadScope, now)
		if err != nil {
			return err
		}
		all, err := s.Store.Rulesets(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.SHA256 == r.SHA256 {
				return errs.New(errs.Conflict, "the same file is %s already", x.Ref).At("file")
			}
		}
		if len(all) >= maxSets {
			return errs.New(errs.Exhausted, "there are %d sets of rules, and no more than that can be kept", maxSets).WithHint("Remove one that is not needed.")
		}
		try := &Program{byKey: p.byKeyCopy(), Rules: slices.Clone(p.Rules), set: &sigma.Set{}}
		before := len(try.Rules)
		try.take(set, "new", nil)
		r.Rules, r.Refused = len(try.Rules)-before, try.Refused
		switch {
		case r.Rules == 0:
			return errs.New(errs.Invalid, "%s holds no rule that can be used: %s", name, firstRefusal(r.Refused)).At("file").WithHint("Upload Sigma rules as .yml, or as zip, tar, tar.gz or tar.zst.")
		case len(try.Rules) > maxRules:
			return errs.New(errs.Exhausted, "with these there would be %d rules; %d can be kept", len(try.Rules), maxRules).At("file")
		}
		if r, err = s.Store.AddRuleset(ctx, scope, r, files); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "detection.rules.added", r.ID, map[string]any{"ref": r.Ref, "title": r.Title, "sha256": r.SHA256, "rules": r.Rules, "refused": len(r.Refused)}); err != nil {
			return err
		}
		return s.Store.Bump(ctx, scope)
	})
	return r, err
}

func (p *Program) byKeyCopy() map[string]int {
	out := make(map[string]int, len(p.byKey))
	for k, v := range p.byKey {
		out[k] = v
	}
	return out
}

func firstRefusal(list []sigma.Refusal) string {
	if len(list) == 0 {
		return "it is empty"
	}
	return list[0].Error()
}

func filesOf(name string, content []byte) ([]sigma.File, error) {
	if lower := strings.ToLower(name); strings.HasSuffix(lower, ".yml") || strings.HasSuffix(lower, ".yaml") {
		return []sigma.File{{Path: name, Text: content}}, nil
	}
	files, err := sigma.ReadArchive(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errs.New(errs.Invalid, "%s holds no .yml or .yaml file", name).WithHint("Upload Sigma rules as .yml, or as zip, tar, tar.gz or tar.zst.")
	}
	total := 0
	for _, f := range files {
		if total += len(f.Text); total > 2*MaxUpload {
			return nil, errs.New(errs.Invalid, "%s unpacks to more than %d MiB of rules", name, 2*MaxUpload>>20)
		}
	}
	return files, nil
}

// Check reads rules as Upload does, and keeps nothing: how many can be used, and which cannot and why.
func Check(name string, content []byte) (rules int, refused []sigma.Refusal, err error) {
	if len(content) > MaxUpload {
		return 0, nil, errs.New(errs.Invalid, "the file is larger than %d MiB", MaxUpload>>20).At("file")
	}
	files, err := filesOf(name, content)
	if err != nil {
		return 0, nil, err
	}
	set := setOf(files)
	engine, err := sigma.Compile(set, Options())
	if err != nil {
		return 0, nil, err
	}
	refused = engine.Refused()
	return max(0, len(set.Rules)+len(set.Correlations)-(len(refused)-len(set.Refused))), refused, nil
}

// Rulesets lists the sets that were uploaded and not removed.
func (s *Service) Rulesets(ctx context.Context, scope access.ReadScope) ([]Ruleset, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Store.Rulesets(ctx, scope)
}

// RemoveRuleset takes a set away. What its rules found stays.
func (s *Service) RemoveRuleset(ctx context.Context, scope access.Scope, now time.Time, ref, reason string) (Ruleset, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Ruleset{}, err
	}
	reason = text.Prose(reason)
	if err := text.Bounds("reason", "the reason", reason, 1, maxReason); err != nil {
		return Ruleset{}, err
	}
	var r Ruleset
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Rulesets(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(x Ruleset) bool { return x.Ref == ref || x.ID == ref })
		if i < 0 {
			return errs.New(errs.NotFound, "no set of rules %s", text.Line(ref))
		}
		r = all[i]
		if err := s.Store.RemoveRuleset(ctx, scope, r.ID, now); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "detection.rules.removed", r.ID, map[string]any{"ref": r.Ref, "title": r.Title, "reason": reason}); err != nil {
			return err
		}
		return s.Store.Bump(ctx, scope)
	})
	return r, err
}

// Count keeps what rules did. It changes nothing that runs.
func (s *Service) Count(ctx context.Context, scope access.Scope, list []Count) error {
	if err := scope.Require(access.RunDetection); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Counted.AddCounts(ctx, scope, list) })
}
