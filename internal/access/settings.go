package access

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Settings is what an organisation chooses for itself. The zero value is what the program does by itself.
type Settings struct {
	Version   int    // raised with each change; 0 before the first
	LegalName string // as it stands in reports and contracts
	Site      string // address of the web site
	Contact   string // where security is reported to: an email address or a page
	// SecondFactor makes everybody set up a second factor before anything else.
	SecondFactor bool
	// Idle and Life end a session: unused for so long, and after so long in any case. 0 means the program's own, 12 hours and
	// 7 days.
	Idle, Life time.Duration
	// Every is how often connections without an interval of their own are read; 0 for the installation's.
	Every time.Duration
}

// IdleAfter is how long a session may be unused.
func (s Settings) IdleAfter() time.Duration {
	if s.Idle == 0 {
		return sessionIdle
	}
	return s.Idle
}

// life is how long a session may be at all.
func (s Settings) life() time.Duration {
	if s.Life == 0 {
		return sessionLife
	}
	return s.Life
}

// IdleChoices are the lengths an organisation can choose from, as LifeChoices and EveryChoices are; 0 leaves it to the program.
func IdleChoices() []time.Duration {
	return []time.Duration{0, 30 * time.Minute, time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour}
}

// LifeChoices see IdleChoices.
func LifeChoices() []time.Duration {
	return []time.Duration{0, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour}
}

// EveryChoices see IdleChoices. An hour is the least because a source must not be read without pause.
func EveryChoices() []time.Duration {
	return []time.Duration{0, time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
}

// NeedsSecondFactor reports whether the organisation asks for a second factor that the person has not set up.
func (g Grant) NeedsSecondFactor() bool {
	return g.Session != "" && g.Org.Settings.SecondFactor && !g.User.HasTOTP()
}

// maxAddress bounds addresses of pages and people, in characters.
const maxAddress = 254

// ChangeOrg changes the organisation's name and settings. base is the version they were read at; an older one is a Conflict.
func (s *Service) ChangeOrg(ctx context.Context, scope Scope, now time.Time, base int, name string, set Settings) (Org, error) {
	if err := scope.Require(ManageOrg); err != nil {
		return Org{}, err
	}
	name = strings.TrimSpace(name)
	if err := validName(name, "name"); err != nil {
		return Org{}, err
	}
	if err := set.clean(); err != nil {
		return Org{}, err
	}
	var o Org
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if o, err = s.Store.OrgByID(ctx, scope.Org()); err != nil {
			return err
		}
		if o.Settings.Version != base {
			return errs.New(errs.Conflict, "the settings were changed meanwhile")
		}
		if err := s.mayRequire(ctx, scope, o.Settings, set); err != nil {
			return err
		}
		old := o
		set.Version = base
		o.Name, o.Settings = name, set
		if o == old {
			return nil // nothing changed
		}
		o.Settings.Version = base + 1
		if err := s.Store.SaveOrg(ctx, o); err != nil {
			return err
		}
		before, after := differences(old.said(), o.said())
		_, err = s.Recorder.Append(ctx, scope, now, "org.changed", string(o.ID), map[string]any{"before": before, "after": after})
		return err
	})
	return o, err
}

// mayRequire keeps whoever asks everybody for a second factor from being shut out first.
func (s *Service) mayRequire(ctx context.Context, scope Scope, old, set Settings) error {
	if !set.SecondFactor || old.SecondFactor || scope.User() == "" {
		return nil
	}
	u, err := s.Store.UserByID(ctx, scope.User())
	if err == nil && !u.HasTOTP() {
		return errs.New(errs.Invalid, "you have no second factor yourself").At("second_factor").WithHint("Set yours up first, on your account page.")
	}
	return err
}

// clean trims and checks settings.
func (s *Settings) clean() error {
	s.LegalName, s.Site, s.Contact = strings.TrimSpace(s.LegalName), strings.TrimSpace(s.Site), strings.TrimSpace(s.Contact)
	if s.LegalName != "" {
		if err := validName(s.LegalName, "legal_name"); err != nil {
			return err
		}
	}
	if s.Site != "" && !webAddress(s.Site) {
		return errs.New(errs.Invalid, "%q is no address of a web site", clip(s.Site, 80)).At("site").WithHint("Such as https://www.northwind.example")
	}
	if s.Contact != "" && !webAddress(s.Contact) {
		if _, err := validEmail(s.Contact); err != nil {
			return errs.New(errs.Invalid, "%q is neither an email address nor the address of a page", clip(s.Contact, 80)).At("contact").WithHint("Such as security@northwind.example")
		}
	}
	for field, x := range map[string]struct {
		d   time.Duration
		all []time.Duration
	}{"idle": {s.Idle, IdleChoices()}, "life": {s.Life, LifeChoices()}, "every": {s.Every, EveryChoices()}} {
		if !slices.Contains(x.all, x.d) {
			return errs.New(errs.Invalid, "%s is none of the lengths offered", x.d).At(field)
		}
	}
	return nil
}

// webAddress reports whether a text is the address of a page.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && utf8.RuneCountInString(s) <= maxAddress && !strings.ContainsAny(s, " \t\r\n<>\"")
}

// said is what the trail keeps of an organisation.
func (o Org) said() map[string]any {
	s := o.Settings
	return map[string]any{
		"name": o.Name, "legal_name": s.LegalName, "site": s.Site, "contact": s.Contact, "second_factor": s.SecondFactor,
		"idle_seconds": int64(s.Idle / time.Second), "life_seconds": int64(s.Life / time.Second), "every_seconds": int64(s.Every / time.Second),
	}
}

// differences are the members that two records do not share, from each.
func differences(a, b map[string]any) (before, after map[string]any) {
	before, after = map[string]any{}, map[string]any{}
	for k, v := range a {
		if b[k] != v {
			before[k], after[k] = v, b[k]
		}
	}
	return before, after
}
