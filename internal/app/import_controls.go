package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

var controlKind = intake.Kind{
	ID: "controls", Title: "Controls", Key: "id", Most: mostAtOnce,
	Help: "A new control, or another wording of one that is there, becomes a draft that somebody else approves. Another owner takes over at once. What the file does not say is left as it is.",
	Fields: []intake.Field{
		{Name: "id", Title: "Reference", Required: true, Help: "such as IAM-12", Names: []string{"control id", "ref", "control ref", "number", "control number", "control"}},
		{Name: "title", Title: "Title", Names: []string{"control title", "control name", "name"}},
		{Name: "description", Title: "What is done", Names: []string{"statement", "control description", "control activity", "description", "text"}},
		{Name: "owner", Title: "Owner", Help: "address of a member", Names: []string{"control owner", "responsible", "owner email"}},
		{Name: "frequency", Title: "Frequency", Help: "continuous, daily, weekly, monthly, quarterly, semi-annual, annual, per event", Names: []string{"how often", "interval", "control frequency"}},
		{Name: "criteria", Title: "Criteria", Help: "such as CC6.1, A.5.15", Names: []string{"tsc", "soc 2", "requirements", "criterion", "trust services criteria", "maps to"}},
		{Name: "evidence", Title: "Evidence", Help: "between semicolons", Names: []string{"evidence required", "proof", "artefacts", "artifacts"}},
		{Name: "nature", Title: "Nature", Help: "manual, automated, it-dependent manual", Names: []string{"manual or automated", "automation"}},
		{Name: "type", Title: "Type", Help: "preventive, detective, corrective", Names: []string{"control type"}},
		{Name: "role", Title: "Owner's role", Names: []string{"owner role", "department", "function"}},
	},
}

// importControls turns rows into drafts and assignments.
func (a *App) importControls(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	out := make([]intake.Outcome, len(rows))
	err := a.trial(ctx, dry, func(ctx context.Context) error {
		for i, r := range rows {
			o, err := a.importControl(ctx, s, now, r)
			if err != nil && !badRow(err) {
				return err
			}
			if err != nil {
				o = wrong(r, controlField(err))
			}
			out[i] = o
		}
		return nil
	})
	return out, err
}

// controlField names the column of an error of the control domain.
func controlField(err error) error {
	names := map[string]string{"statement": "description", "requirements": "criteria", "owner_role": "role", "ref": "id"}
	if n := names[errs.FieldOf(err)]; n != "" {
		return atField(err, n)
	}
	return err
}

func (a *App) importControl(ctx context.Context, s access.Scope, now time.Time, r intake.Row) (intake.Outcome, error) {
	ref := strings.ToUpper(r.Values["id"])
	o := intake.Outcome{N: r.N, Key: ref, State: intake.Same}
	c, err := a.Controls.Control(ctx, s.ReadScope, ref)
	known := err == nil
	if err != nil && !errs.Is(err, errs.NotFound) {
		return o, err
	}
	t := control.Text{Type: catalog.Preventive, Nature: catalog.Manual, Frequency: catalog.Quarterly, OwnerRole: "Control owner", Evidence: []string{"Record of the control"}}
	base := 0
	if known {
		if base = c.Newest; c.Draft != 0 {
			return o, errs.New(errs.Conflict, "%s has a draft that waits for approval", ref).At("id").WithHint("Decide on that one first.")
		}
		t = c.Version.Text
	} else if x, err := a.Catalog.Control(ref); err == nil {
		t = control.FromLibrary(x)
	}
	was := t
	if err := a.controlText(r, &t); err != nil {
		return o, err
	}
	owner, err := a.importOwner(ctx, s.ReadScope, r, c) // before anything is written: a row that is wrong leaves nothing behind
	if err != nil {
		return o, err
	}
	var did []string
	switch {
	case !known:
		if _, err := a.Controls.Create(ctx, s, now, ref, t, ""); err != nil {
			return o, err
		}
		o.State, did = intake.Added, append(did, "a draft waits for approval")
	case len(control.Diff(was, t)) > 0:
		if _, err := a.Controls.Propose(ctx, s, now, ref, base, t, "Imported from a spreadsheet."); err != nil {
			return o, err
		}
		for _, x := range control.Diff(was, t) {
			did = append(did, strings.ReplaceAll(x.Field, "_", " "))
		}
		o.State = intake.Changed
	}
	if owner.ID != c.Owner && owner.ID != "" {
		deputy := string(c.Deputy)
		if c.Deputy == owner.ID {
			deputy = ""
		}
		if _, err := a.Controls.Assign(ctx, s, now, ref, string(owner.ID), deputy); err != nil {
			return o, errs.As(errs.Internal, err, "owner of %s", ref)
		}
		did = append(did, "owner "+owner.Email)
		if o.State == intake.Same {
			o.State = intake.Changed
		}
	}
	o.Why = sentence(strings.Join(did, ", "))
	return o, nil
}

// importOwner is whom a row names as owner of a control, if anybody, once it is sure that they can own it, and that whoever is the
// deputy still can.
func (a *App) importOwner(ctx context.Context, s access.ReadScope, r intake.Row, c control.Control) (access.Member, error) {
	who := r.Values["owner"]
	if who == "" {
		return access.Member{}, nil
	}
	m, err := a.Access.Member(ctx, s, who)
	if errs.Is(err, errs.NotFound) {
		return m, errs.New(errs.Invalid, "nobody here has the address %q", who).At("owner").WithHint("Invite them first, or name somebody else.")
	}
	if err != nil {
		return m, err
	}
	for _, id := range []access.UserID{m.ID, c.Deputy} {
		if id == "" {
			continue
		}
		x, err := a.Access.Member(ctx, s, string(id))
		if err != nil {
			return m, err
		}
		if x.Disabled || !x.Role.May(access.WorkTasks) {
			return m, errs.New(errs.Invalid, "%s cannot own a control: the account is blocked or only reads", x.Email).At("owner").WithHint("Name somebody else, or change the deputy first.")
		}
	}
	return m, nil
}

// controlText puts what the row says into a text.
func (a *App) controlText(r intake.Row, t *control.Text) error {
	v := r.Values
	for field, to := range map[string]*string{"title": &t.Title, "description": &t.Statement, "role": &t.OwnerRole} {
		if v[field] != "" {
			*to = v[field]
		}
	}
	if v["frequency"] != "" {
		f, ok := oneOf(v["frequency"], catalog.Frequencies(), map[string]catalog.Frequency{
			"ongoing": catalog.Continuous, "real time": catalog.Continuous, "yearly": catalog.Annual, "annually": catalog.Annual, "half yearly": catalog.SemiAnnual, "twice a year": catalog.SemiAnnual,
			"each quarter": catalog.Quarterly, "ad hoc": catalog.PerEvent, "as needed": catalog.PerEvent, "on event": catalog.PerEvent, "event driven": catalog.PerEvent, "semi annually": catalog.SemiAnnual,
		})
		if !ok {
			return errs.New(errs.Invalid, "%q is no frequency", v["frequency"]).At("frequency").WithHint("Frequencies: continuous, daily, weekly, monthly, quarterly, semi-annual, annual, per event.")
		}
		t.Frequency = f
	}
	if v["nature"] != "" {
		n, ok := oneOf(v["nature"], catalog.Natures(), map[string]catalog.Nature{"hybrid": catalog.ITDependentManual, "semi automated": catalog.ITDependentManual, "automatic": catalog.Automated})
		if !ok {
			return errs.New(errs.Invalid, "%q is no nature of a control", v["nature"]).At("nature").WithHint("Natures: manual, automated, it-dependent manual.")
		}
		t.Nature = n
	}
	if v["type"] != "" {
		k, ok := oneOf(v["type"], catalog.ControlTypes(), map[string]catalog.ControlType{"preventative": catalog.Preventive})
		if !ok {
			return errs.New(errs.Invalid, "%q is no type of control", v["type"]).At("type").WithHint("Types: preventive, detective, corrective.")
		}
		t.Type = k
	}
	if list := evidenceList(v["evidence"]); len(list) > 0 {
		t.Evidence = list
	}
	if v["criteria"] == "" {
		return nil
	}
	t.Requirements = nil
	for _, id := range strings.FieldsFunc(v["criteria"], func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' || c == '|' }) {
		req, ok := a.requirement(strings.ToUpper(id))
		if !ok {
			return errs.New(errs.Invalid, "there is no criterion %q", id).At("criteria").WithHint("Name criteria such as CC6.1, separated by commas.")
		}
		t.Requirements = append(t.Requirements, req)
	}
	return nil
}

// evidenceList reads kinds of evidence: between semicolons or line ends, because they may have commas.
func evidenceList(s string) []string {
	var out []string
	for _, x := range strings.FieldsFunc(s, func(c rune) bool { return c == ';' || c == '\n' }) {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// requirement finds the framework a requirement is of.
func (a *App) requirement(id string) (control.Requirement, bool) {
	for _, f := range []string{catalog.TSC, catalog.SOC1, catalog.ISO} {
		if a.Catalog.Knows(f, id) {
			return control.Requirement{Framework: f, ID: id}, true
		}
	}
	return control.Requirement{}, false
}

// oneOf reads one of a few values, whatever stands between its words.
func oneOf[T ~string](s string, all []T, others map[string]T) (T, bool) {
	plain := func(s string) string {
		return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == '/' }), " ")
	}
	s = plain(s)
	if i := slices.IndexFunc(all, func(x T) bool { return plain(string(x)) == s }); i >= 0 {
		return all[i], true
	}
	x, ok := others[s]
	return x, ok
}
