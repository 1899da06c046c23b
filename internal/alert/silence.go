package alert

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Matcher chooses signals: each field that is not empty must match. * stands for any characters, case counts for nothing.
type Matcher struct {
	Rule   string `json:"rule,omitempty"`
	Entity string `json:"entity,omitempty"`
	Source string `json:"source,omitempty"`
}

// String is the matcher as people read it.
func (m Matcher) String() string {
	var out []string
	for _, p := range [][2]string{{"rule", m.Rule}, {"entity", m.Entity}, {"source", m.Source}} {
		if p[1] != "" {
			out = append(out, p[0]+" "+p[1])
		}
	}
	return strings.Join(out, ", ")
}

func (m Matcher) matches(x Signal) bool {
	return like(m.Rule, x.Rule) && like(m.Entity, x.Entity) && like(m.Source, x.Source)
}

// like compares with a pattern in which only * is special. An empty pattern takes everything.
func like(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	pattern, s = strings.ToLower(pattern), strings.ToLower(s)
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	rest, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, last)
}

// Hush is a silence: signals that match raise no alert until it ends. They are kept and counted all the same. Every one has an
// owner, a reason and an end (domain brief 9.2).
type Hush struct {
	ID      string        `json:"id"`
	Ref     string        `json:"ref"` // "SIL-3"
	Match   Matcher       `json:"match"`
	Reason  string        `json:"reason"`
	Owner   access.UserID `json:"owner"`
	Begins  time.Time     `json:"begins"`
	Ends    time.Time     `json:"ends"`
	Alert   string        `json:"alert,omitempty"` // reference of the alert it was made from
	Ended   *Mark         `json:"ended,omitempty"` // by hand
	Version int           `json:"version"`
	Signals int           `json:"-"` // that it kept quiet
}

// Active reports whether it keeps signals quiet at an instant.
func (h Hush) Active(at time.Time) bool {
	return h.Ended == nil && !at.Before(h.Begins) && at.Before(h.Ends)
}

// Matches reports whether a signal is kept quiet.
func (h Hush) Matches(x Signal) bool { return h.Match.matches(x) }

// Bounds of silences and of what people write.
const (
	MinWhy      = 10
	MaxWhy      = 2000
	MaxSilence  = 366 * 24 * time.Hour
	maxSilences = 500 // active at once
)

// AddSilence keeps matching signals quiet until an instant. A silence that matches everything is refused.
func (s *Service) AddSilence(ctx context.Context, scope access.Scope, now time.Time, h Hush) (Hush, error) {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return Hush{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	h.Match = Matcher{text.Line(h.Match.Rule), text.Line(h.Match.Entity), text.Line(h.Match.Source)}
	h.Reason, h.Alert = text.Prose(h.Reason), strings.ToUpper(text.Line(h.Alert))
	h.ID, h.Begins, h.Ends, h.Ended, h.Version = id.New("sil", now), now, h.Ends.UTC().Truncate(time.Microsecond), nil, 1
	for _, m := range [][2]string{{"rule", h.Match.Rule}, {"entity", h.Match.Entity}, {"source", h.Match.Source}} {
		if err := text.Bounds(m[0], "the "+m[0], m[1], 0, maxWord); err != nil {
			return Hush{}, err
		}
	}
	if err := text.Bounds("reason", "the reason", h.Reason, MinWhy, MaxWhy); err != nil {
		return Hush{}, err
	}
	switch {
	case strings.Trim(h.Match.Rule+h.Match.Entity+h.Match.Source, "* ") == "":
		return Hush{}, errs.New(errs.Invalid, "everything would be silent").At("rule").WithHint("Name a rule, an entity or a source.")
	case !h.Ends.After(now):
		return Hush{}, errs.New(errs.Invalid, "it would have ended already").At("ends").WithHint("Choose a later day.")
	case h.Ends.Sub(now) > MaxSilence:
		return Hush{}, errs.New(errs.Invalid, "it would last longer than a year").At("ends").WithHint("Choose an earlier day; a silence can be made again.")
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		owner, err := s.person(ctx, scope.ReadScope, string(h.Owner), "owner", string(scope.User()))
		if err != nil {
			return err
		}
		if h.Owner = owner; owner == "" {
			return errs.New(errs.Invalid, "say who answers for it").At("owner")
		}
		have, err := s.Settings.Silences(ctx, scope.ReadScope, now)
		if err != nil {
			return err
		}
		if len(have) >= maxSilences {
			return errs.New(errs.Exhausted, "there are %d silences, as many as can be", len(have)).WithHint("End some first, or switch rules off.")
		}
		if h, err = s.Settings.AddSilence(ctx, scope, h); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "silence.added", h.ID, map[string]any{"ref": h.Ref, "match": h.Match.String(), "reason": h.Reason, "owner": string(h.Owner), "ends": h.Ends.Format(time.RFC3339), "alert": h.Alert})
		return err
	})
	if err != nil {
		return Hush{}, err
	}
	return h, nil
}

// EndSilence ends a silence before its time.
func (s *Service) EndSilence(ctx context.Context, scope access.Scope, now time.Time, ref string) (Hush, error) {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return Hush{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	var h Hush
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if h, err = s.Settings.Silence(ctx, scope.ReadScope, ref); err != nil {
			return err
		}
		if !h.Active(now) {
			return errs.New(errs.Conflict, "%s has ended already", h.Ref)
		}
		base := h.Version
		h.Ended, h.Version = &Mark{scope.Actor(), now}, base+1
		if err := s.Settings.SaveSilence(ctx, scope, h, base); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "silence.ended", h.ID, map[string]any{"ref": h.Ref})
		return err
	})
	return h, err
}

// Silences lists silences, the newest first.
func (s *Service) Silences(ctx context.Context, scope access.ReadScope) ([]Hush, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Settings.Silences(ctx, scope, time.Time{})
}

// Silence reads one by reference.
func (s *Service) Silence(ctx context.Context, scope access.ReadScope, ref string) (Hush, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Hush{}, err
	}
	return s.Settings.Silence(ctx, scope, ref)
}

// Hushed lists what a silence kept quiet, the newest first.
func (s *Service) Hushed(ctx context.Context, scope access.ReadScope, ref string, q paging.Query) (paging.Result[Kept], error) {
	h, err := s.Silence(ctx, scope, ref)
	if err != nil {
		return paging.Result[Kept]{}, err
	}
	return s.Store.Signals(ctx, scope, SignalFilter{Hushed: h.Ref}, q)
}

// person finds a member who can act. Empty is otherwise, which may be empty too.
func (s *Service) person(ctx context.Context, scope access.ReadScope, who, field, otherwise string) (access.UserID, error) {
	if who = strings.TrimSpace(who); who == "" {
		return access.UserID(otherwise), nil
	}
	m, err := s.Members.Member(ctx, scope, who)
	switch {
	case errs.Is(err, errs.NotFound):
		return "", errs.New(errs.Invalid, "nobody here is %q", clip(who, 100)).At(field)
	case err != nil:
		return "", err
	case m.Disabled:
		return "", errs.New(errs.Invalid, "the account of %s is blocked", m.Name).At(field)
	}
	return m.ID, nil
}

// change reads an alert, changes it and keeps it, with a step in its history and in the ledger.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, act Act, note string, do func(ctx context.Context, a *Alert, says map[string]any) error) (Alert, error) {
	if err := scope.Require(access.HandleAlerts); err != nil {
		return Alert{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	var a Alert
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Alert(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.Changed(was.Ref, &Stale{Theirs: was})
		}
		a = was
		says := map[string]any{}
		if err := do(ctx, &a, says); err != nil {
			return err
		}
		a.Version, a.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, scope, a, was.Version); err != nil {
			return s.lost(ctx, scope.ReadScope, ref, err)
		}
		return s.step(ctx, scope, now, a, act, note, says)
	})
	if err != nil {
		return Alert{}, err
	}
	return a, nil
}

func (s *Service) lost(ctx context.Context, scope access.ReadScope, ref string, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	theirs, err := s.Store.Alert(ctx, scope, ref)
	if err != nil {
		return errors.Join(cause, err)
	}
	return errs.Changed(theirs.Ref, &Stale{Theirs: theirs})
}

// oneOf reports whether a choice is one of a list; empty is all.
func oneOf[T ~string](list []T, x T) bool { return x == "" || slices.Contains(list, x) }
