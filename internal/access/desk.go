package access

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Sent is what a form that was sent came to.
type Sent struct {
	Path  string // where it led; empty while it is being worked on
	Flash string // the words shown there, as the door keeps them
	At    time.Time
}

// Preferences are how a person likes the pages, by name.
type Preferences map[string]string

// The preferences there are, with their values. The first one is meant when none is set.
var choices = map[string][]string{
	"keys":    {"on", "off"},                  // single-letter keys (WCAG 2.1.4)
	"density": {"normal", "compact", "roomy"}, // of tables
	"start":   {"open", "closed"},             // the checklist of the first run on the home page
	"digest":  {"weekly", "daily", "off"},     // the e-mail about what waits for one
}

// Choices are the values a preference can have; the first is its default.
func Choices(name string) []string { return slices.Clone(choices[name]) }

// Get is the value of a preference, or its default.
func (p Preferences) Get(name string) string {
	all := choices[name]
	if v := p[name]; slices.Contains(all, v) {
		return v
	}
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// View is a list saved under a name.
type View struct {
	ID      string
	Org     OrgID
	User    UserID // who saved it
	Shared  bool   // everybody of the organisation sees it
	Name    string
	Path    string // address of the list, with its filters
	Created time.Time
}

// DeskStore keeps what accounts keep for themselves. Laws: of two claims of one token one wins, until it is released or
// older than stale; a view is read by whoever may see it, and written by who saved it.
type DeskStore interface {
	ClaimOnce(ctx context.Context, user UserID, token string, at, stale time.Time) (bool, error)
	Once(ctx context.Context, user UserID, token string) (Sent, error)
	SettleOnce(ctx context.Context, user UserID, token string, x Sent) error
	ReleaseOnce(ctx context.Context, user UserID, token string) error
	SweepOnce(ctx context.Context, before time.Time) error

	Preferences(ctx context.Context, user UserID) (Preferences, error)
	SetPreference(ctx context.Context, user UserID, name, value string) error

	// Views lists a person's own and the shared ones, by name.
	Views(ctx context.Context, org OrgID, user UserID) ([]View, error)
	AddView(ctx context.Context, v View) error
	UpdateView(ctx context.Context, v View) error
	RemoveView(ctx context.Context, org OrgID, id string) error
}

// onceStale is how long a form may be worked on before somebody else may try: longer than a request may last.
const onceStale = 2 * time.Minute

// onceLife is how long the answer to a form is kept.
const onceLife = 24 * time.Hour

// ClaimOnce takes the one-time value of a form for working on it; false when it was taken before.
func (s *Service) ClaimOnce(ctx context.Context, g Grant, now time.Time, token string) (bool, error) {
	return s.Desk.ClaimOnce(ctx, g.User.ID, digest(token), now, now.Add(-onceStale))
}

// Once is what a form came to that was taken before; NotFound when it was released meanwhile.
func (s *Service) Once(ctx context.Context, g Grant, token string) (Sent, error) {
	return s.Desk.Once(ctx, g.User.ID, digest(token))
}

// SettleOnce keeps what a form came to; with no path it may be sent again.
func (s *Service) SettleOnce(ctx context.Context, g Grant, token string, x Sent) error {
	if x.Path == "" {
		return s.Desk.ReleaseOnce(ctx, g.User.ID, digest(token))
	}
	return s.Desk.SettleOnce(ctx, g.User.ID, digest(token), x)
}

// SweepOnce forgets forms of more than a day ago.
func (s *Service) SweepOnce(ctx context.Context, now time.Time) error {
	return s.Desk.SweepOnce(ctx, now.Add(-onceLife))
}

// OwnPreferences are those of whoever is signed in.
func (s *Service) OwnPreferences(ctx context.Context, g Grant) (Preferences, error) {
	return s.Desk.Preferences(ctx, g.User.ID)
}

// PreferencesOf are those of a member, for the program's own jobs: how often somebody wants to be written to, say.
func (s *Service) PreferencesOf(ctx context.Context, scope ReadScope, who UserID) (Preferences, error) {
	if _, err := s.Eyes(ctx, scope, who); err != nil {
		return nil, err
	}
	return s.Desk.Preferences(ctx, who)
}

// SetOwnPreferences changes some of them. They concern nobody else, so that the ledger says nothing of them.
func (s *Service) SetOwnPreferences(ctx context.Context, g Grant, values map[string]string) error {
	for name, v := range values {
		if all, ok := choices[name]; !ok || !slices.Contains(all, v) {
			return errs.New(errs.Invalid, "%q is no choice of %s", clip(v, 40), clip(name, 40)).At(name)
		}
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if err := s.Desk.SetPreference(ctx, g.User.ID, name, values[name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Limits of saved views.
const (
	maxViews    = 100  // of one person in an organisation
	maxViewName = 60   // characters
	maxViewPath = 6000 // a hunt holds its SQL
)

// Views lists the views a person may open, by name.
func (s *Service) Views(ctx context.Context, g Grant) ([]View, error) {
	return s.Desk.Views(ctx, g.Org.ID, g.User.ID)
}

// MayShareViews reports whether a role may save a view for everybody: whoever keeps the programme.
func MayShareViews(r ReadScope) bool { return r.Can(EditControls) || r.Can(ManageOrg) }

// SaveView keeps a list under a name. The path must have been found to be one of the program.
func (s *Service) SaveView(ctx context.Context, g Grant, now time.Time, name, path string, shared bool) (View, error) {
	v := View{ID: id.New("viw", now), Org: g.Org.ID, User: g.User.ID, Shared: shared, Path: path, Created: now}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Views(ctx, g)
		if err != nil {
			return err
		}
		if v.Name, err = viewName(g, all, v, name); err != nil {
			return err
		}
		own := 0
		for _, x := range all {
			if x.User == g.User.ID {
				own++
			}
		}
		if own >= maxViews {
			return errs.New(errs.Exhausted, "you have %d saved views; more are not kept", own).WithHint("Remove one you no longer use.")
		}
		if err := s.Desk.AddView(ctx, v); err != nil {
			return err
		}
		return s.noteView(ctx, g, now, "view.shared", v)
	})
	return v, err
}

// viewName checks the name and path of a view among those the person sees.
func viewName(g Grant, all []View, v View, name string) (string, error) {
	if err := validName(name, "name"); err != nil {
		return "", err
	}
	name = strings.TrimSpace(name)
	if n := len([]rune(name)); n > maxViewName {
		return "", errs.New(errs.Invalid, "the name has %d characters; at most %d are kept", n, maxViewName).At("name")
	}
	if len(v.Path) > maxViewPath || !strings.HasPrefix(v.Path, "/") {
		return "", errs.New(errs.Invalid, "this address cannot be saved").At("path")
	}
	if v.Shared && !MayShareViews(g.Read) {
		return "", errs.New(errs.Denied, "the role %s may not save views for everybody", g.Read.role.Title()).At("shared").WithHint("Save it for yourself, or ask an owner.")
	}
	for _, x := range all {
		if x.ID != v.ID && x.Shared == v.Shared && strings.EqualFold(x.Name, name) {
			return "", errs.New(errs.Conflict, "there is a view %q already", x.Name).At("name").WithHint("Choose another name.")
		}
	}
	return name, nil
}

// View finds a view a person may open.
func (s *Service) View(ctx context.Context, g Grant, viewID string) (View, error) {
	all, err := s.Views(ctx, g)
	if err != nil {
		return View{}, err
	}
	for _, v := range all {
		if v.ID == viewID {
			return v, nil
		}
	}
	return View{}, errs.New(errs.NotFound, "no saved view %s", clip(viewID, 60))
}

// MayChange reports whether a person may rename or remove a view: one's own, and for who may share any shared one.
func (v View) MayChange(g Grant) bool {
	return v.User == g.User.ID || v.Shared && MayShareViews(g.Read)
}

// RenameView gives a view another name.
func (s *Service) RenameView(ctx context.Context, g Grant, now time.Time, viewID, name string) (View, error) {
	var v View
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Views(ctx, g)
		if err != nil {
			return err
		}
		if v, err = s.changeable(ctx, g, viewID); err != nil {
			return err
		}
		if v.Name, err = viewName(g, all, v, name); err != nil {
			return err
		}
		if err := s.Desk.UpdateView(ctx, v); err != nil {
			return err
		}
		return s.noteView(ctx, g, now, "view.shared", v)
	})
	return v, err
}

// RemoveView forgets a view and returns it, so that it can be brought back.
func (s *Service) RemoveView(ctx context.Context, g Grant, now time.Time, viewID string) (View, error) {
	var v View
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if v, err = s.changeable(ctx, g, viewID); err != nil {
			return err
		}
		if err := s.Desk.RemoveView(ctx, g.Org.ID, v.ID); err != nil {
			return err
		}
		return s.noteView(ctx, g, now, "view.removed", v)
	})
	return v, err
}

func (s *Service) changeable(ctx context.Context, g Grant, viewID string) (View, error) {
	v, err := s.View(ctx, g, viewID)
	if err == nil && !v.MayChange(g) {
		err = errs.New(errs.Denied, "the view %q belongs to somebody else", v.Name)
	}
	return v, err
}

// noteView records what everybody sees of a shared view; a person's own are nobody else's business.
func (s *Service) noteView(ctx context.Context, g Grant, now time.Time, kind string, v View) error {
	if !v.Shared {
		return nil
	}
	_, err := s.Recorder.Append(ctx, Scope{g.Read}, now, kind, v.ID, map[string]any{"name": v.Name, "path": v.Path})
	return err
}
