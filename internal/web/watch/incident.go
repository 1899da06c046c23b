package watch

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/graph"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// incidentView is everything the pages of an incident show.
type incidentView struct {
	incident.Incident
	Side      string
	Names     map[string]string
	Lines     []incident.Line
	Left      int
	Described bool
	Reads     bool // events have pages
	Tasks     []work.Task
	Linked    []control.Control
	Found     *trace.Reconstruction // nil before the first
	Shot      incident.Snapshot
	Job       *page.Job // that computes it now, or failed to after the newest
	Bundle    string    // evidence in which the bundle of its case file is kept
	Packing   *page.Job // the newest bundle of the case file that was asked for
	SVG       string
	Whole     bool // the drawing shows everything, not the path alone
	Duties    incident.Duties
	Now       time.Time
}

func (p *pages) readIncident(r *page.Request, side string) (incidentView, error) {
	v := incidentView{Side: side, Reads: p.Query != nil}
	var err error
	if v.Incident, err = p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return v, err
	}
	v.Now = r.Now
	if v.Duties, err = p.Incidents.Duties(r.Context(), r.Read()); err != nil {
		return v, err
	}
	r.Title = v.Ref + " " + v.Title
	r.Crumbs = []page.Crumb{{Text: "Incidents", Href: incidentsPlace}, {Text: v.Ref}}
	who := []string{string(v.Lead), v.Author}
	for _, a := range v.Actions {
		if a.Done != nil {
			who = append(who, a.Done.Actor)
		}
	}
	for _, c := range v.Clocks {
		if c.Decided != nil {
			who = append(who, c.Decided.Actor)
		}
	}
	if v.Description != nil {
		who = append(who, v.Description.By.Actor)
	}
	if v.Review != nil {
		who = append(who, v.Review.By.Actor)
	}
	if side == "" {
		if v.Lines, v.Left, err = p.Incidents.Timeline(r.Context(), r.Read(), v.Incident); err != nil {
			return v, err
		}
		for _, l := range v.Lines {
			who = append(who, l.Actor)
		}
		if err := p.reconstruction(r, &v); err != nil {
			return v, err
		}
		if err := p.tracing(r, &v); err != nil {
			return v, err
		}
		if v.Bundle, err = p.Incidents.KeptBundle(r.Context(), r.Read(), v.ID); err != nil {
			return v, err
		}
	}
	v.Names, err = p.names(r, who...)
	return v, err
}

// reconstruction reads the newest reconstruction and draws it.
func (p *pages) reconstruction(r *page.Request, v *incidentView) error {
	found, shot, err := p.Incidents.Reconstruction(r.Context(), r.Read(), v.ID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.Found, v.Shot, v.Whole = &found, shot, r.Query("graph") == "all"
	v.SVG = draw(found, v.Whole, graph.Options{Title: "What touched what in " + v.Ref, Icon: page.IconHref})
	return nil
}

// tracing finds the job that computes the reconstruction, or that failed to since the newest, and the one that packs the case file.
func (p *pages) tracing(r *page.Request, v *incidentView) error {
	if p.Background == nil || !r.Can(access.ReadProgramme) {
		return nil
	}
	newest := func(kind string) (*page.Job, error) {
		all, err := p.Background.Find(r.Context(), r.Read(), page.JobFilter{Kind: kind, Subject: v.Ref}, paging.Query{Size: 1, Sort: "created", Desc: true})
		if err != nil || len(all.Rows) == 0 {
			return nil, err
		}
		return &all.Rows[0], nil
	}
	j, err := newest("reconstruct")
	if err != nil {
		return err
	}
	if j != nil && (!j.Over() || j.Status == "failed" && (v.Found == nil || j.Created.After(v.Shot.At))) {
		v.Job = j
	}
	v.Packing, err = newest("case bundle")
	return err
}

// draw is the graph of a reconstruction: its path, or everything.
func draw(found trace.Reconstruction, whole bool, o graph.Options) string {
	g := found.Graph()
	if short := g.Path(); !whole && len(short.Nodes) > 1 {
		g = short
	}
	return graph.SVG(g, o)
}

func (p *pages) reconstruct(r *page.Request) error {
	_, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if _, err := p.Background.Reconstruct(r.Context(), scope, x.Ref); err != nil {
		return err
	}
	return r.Redirect(incidentURL(x.Ref), "The reconstruction of "+x.Ref+" is under way.")
}

// graphFile is the drawing as a file that stands alone.
func (p *pages) graphFile(r *page.Request) error {
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	found, _, err := p.Incidents.Reconstruction(r.Context(), r.Read(), x.ID)
	if err != nil {
		return err
	}
	svg := draw(found, r.Query("graph") == "all", graph.Options{Title: "What touched what in " + x.Ref, Alone: true})
	return r.Attach(x.Ref+".svg", "image/svg+xml", int64(len(svg)), time.Time{}, strings.NewReader(svg))
}

func (p *pages) side(r *page.Request, side string, draw func(*page.Request, incidentView) templ.Component, more ...func(*incidentView) error) error {
	v, err := p.readIncident(r, side)
	if err != nil {
		return err
	}
	for _, f := range more {
		if err := f(&v); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, incidentPage(r, v, draw(r, v)))
}

func (p *pages) course(r *page.Request) error { return p.side(r, "", courseSide) }

func (p *pages) response(r *page.Request) error { return p.side(r, "response", responseSide) }

func (p *pages) notices(r *page.Request) error { return p.side(r, "notices", noticesSide) }

func (p *pages) controls(r *page.Request) error {
	return p.side(r, "controls", controlsSide, func(v *incidentView) error {
		for _, ref := range v.Controls {
			c, err := p.Controls.Control(r.Context(), r.Read(), ref)
			if errs.Is(err, errs.NotFound) {
				c.Ref = ref
			} else if err != nil {
				return err
			}
			v.Linked = append(v.Linked, c)
		}
		if !r.Can(access.ReadEngagement) {
			return nil
		}
		d, err := p.System.Description(r.Context(), r.Read(), r.Now)
		for _, x := range d.Incidents {
			v.Described = v.Described || x.Ref == v.Ref
		}
		return err
	})
}

func (p *pages) lessons(r *page.Request) error {
	return p.side(r, "lessons", lessonsSide, func(v *incidentView) error {
		if !r.Can(access.ReadTasks) {
			return nil
		}
		all, err := p.Work.List(r.Context(), r.Read(), work.Filter{Source: work.FromIncident}, paging.Query{Size: paging.MaxSize})
		for _, t := range all.Rows {
			if ref, _, _ := strings.Cut(t.SourceRef, "/"); ref == v.Ref {
				v.Tasks = append(v.Tasks, t)
			}
		}
		return err
	})
}

type drawIncident func(x incident.Incident, f *page.Form) (templ.Component, error)

func (p *pages) onIncident(r *page.Request, draw drawIncident, begin func(x incident.Incident) *page.Form) error {
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm()
	if begin != nil {
		f = begin(x)
	}
	part, err := draw(x, f)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func (p *pages) actOnIncident(r *page.Request, side, said string, do func(scope access.Scope, x incident.Incident, f *page.Form) error, draw drawIncident) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	err = do(scope, x, f)
	return answer(r, f, err, sideURL(x.Ref, side), said, func() (templ.Component, error) { return draw(x, f) })
}

// plain is a panel that needs nothing but the incident and the form.
func plain(r *page.Request, panel func(*page.Request, *page.Form, incident.Incident) templ.Component) drawIncident {
	return func(x incident.Incident, f *page.Form) (templ.Component, error) { return panel(r, f, x), nil }
}

func (p *pages) editDraw(r *page.Request) drawIncident {
	return func(x incident.Incident, f *page.Form) (templ.Component, error) {
		people, err := p.people(r, "Nobody yet", x.Lead)
		return editPanel(r, f, x, people), err
	}
}

func (p *pages) editForm(r *page.Request) error {
	return p.onIncident(r, p.editDraw(r), func(x incident.Incident) *page.Form {
		f := page.NewForm()
		for k, s := range textFields(x.Text) {
			f.Values.Set(k, s)
		}
		return f
	})
}

func (p *pages) edit(r *page.Request) error {
	return p.actOnIncident(r, "", "It is saved.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		t := readText(f, x.Text)
		if !f.OK() {
			return nil
		}
		_, err := p.Incidents.Edit(r.Context(), scope, r.Now, x.Ref, f.Base(), t)
		return err
	}, p.editDraw(r))
}

func (p *pages) linkForm(r *page.Request) error { return p.onIncident(r, plain(r, linkPanel), nil) }

func (p *pages) link(r *page.Request) error {
	return p.actOnIncident(r, "", "The alert belongs to it.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.AddAlert(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Get("alerts"))
		return err
	}, plain(r, linkPanel))
}

func (p *pages) advanceForm(r *page.Request) error {
	return p.onIncident(r, plain(r, advancePanel), func(x incident.Incident) *page.Form {
		return page.NewForm("to", string(x.State.Next()), "at", field(r.Now))
	})
}

func (p *pages) advance(r *page.Request) error {
	return p.actOnIncident(r, "", "It is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		at := parseInstant(f, "at")
		if !f.OK() {
			return nil
		}
		_, err := p.Incidents.Advance(r.Context(), scope, r.Now, x.Ref, f.Base(), incident.State(f.Get("to")), at, f.Values.Get("what"))
		return atInstant(err)
	}, plain(r, advancePanel))
}

// atInstant puts what is wrong with the order of instants at the field of the form that gives one.
func atInstant(err error) error {
	switch errs.FieldOf(err) {
	case "started", "detected", "acknowledged", "contained", "remediated", "recovered", "closed":
		var stale *incident.Stale
		if !asStale(err, &stale) {
			return errs.AtField(err, "at")
		}
	}
	return err
}

func (p *pages) correctForm(r *page.Request) error {
	return p.onIncident(r, plain(r, correctPanel), func(x incident.Incident) *page.Form {
		f := page.NewForm("field", "started")
		if m := x.Times.Started; m != nil {
			f.Values.Set("at", field(m.At))
		}
		return f
	})
}

func (p *pages) correct(r *page.Request) error {
	return p.actOnIncident(r, "", "The instant is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		at := maybeInstant(f, "at")
		if !f.OK() {
			return nil
		}
		_, err := p.Incidents.Correct(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Get("field"), at, f.Checked("estimate"), f.Values.Get("reason"))
		return atInstant(err)
	}, plain(r, correctPanel))
}

func (p *pages) incidentNoteForm(r *page.Request) error {
	return p.onIncident(r, plain(r, incidentNotePanel), func(incident.Incident) *page.Form { return page.NewForm("at", field(r.Now)) })
}

func (p *pages) incidentNote(r *page.Request) error {
	return p.actOnIncident(r, "", "The note stands in the timeline.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		at := parseInstant(f, "at")
		if !f.OK() {
			return nil
		}
		_, err := p.Incidents.Note(r.Context(), scope, r.Now, x.Ref, at, f.Values.Get("note"), strings.FieldsFunc(f.Get("events"), lineEnd))
		return err
	}, plain(r, incidentNotePanel))
}

func (p *pages) actionForm(r *page.Request) error {
	return p.onIncident(r, plain(r, actionPanel), func(incident.Incident) *page.Form { return page.NewForm("phase", "contain") })
}

func (p *pages) addAction(r *page.Request) error {
	return p.actOnIncident(r, "response", "It is on the list.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.AddAction(r.Context(), scope, r.Now, x.Ref, pack.Phases(), f.Get("phase"), f.Get("text"))
		return err
	}, plain(r, actionPanel))
}

func (p *pages) tickForm(r *page.Request) error {
	return p.onIncident(r, plain(r, tickPanel), func(incident.Incident) *page.Form { return page.NewForm("n", r.Query("n"), "how", "done") })
}

func (p *pages) tick(r *page.Request) error {
	return p.actOnIncident(r, "response", "It is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.Tick(r.Context(), scope, r.Now, x.Ref, number(f, "n"), f.Get("how"), f.Values.Get("note"))
		return err
	}, plain(r, tickPanel))
}

func (p *pages) clockForm(r *page.Request) error {
	return p.onIncident(r, plain(r, clockPanel), func(x incident.Incident) *page.Form {
		return page.NewForm("aware", field(x.Created))
	})
}

func (p *pages) addClock(r *page.Request) error {
	return p.actOnIncident(r, "notices", "The clock runs.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		aware := parseInstant(f, "aware")
		o := incident.Obligation{Name: f.Get("name"), To: f.Get("to"), Hours: number(f, "hours"), Source: f.Get("source")}
		if !f.OK() {
			return nil
		}
		_, err := p.Incidents.Clock(r.Context(), scope, r.Now, x.Ref, o, aware)
		return err
	}, plain(r, clockPanel))
}

func (p *pages) decideForm(r *page.Request) error {
	return p.onIncident(r, plain(r, mustTellPanel), func(incident.Incident) *page.Form { return page.NewForm("n", r.Query("n")) })
}

func (p *pages) decide(r *page.Request) error {
	return p.actOnIncident(r, "notices", "The decision is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.Decide(r.Context(), scope, r.Now, x.Ref, number(f, "n"), incident.Answer(f.Get("required")), f.Values.Get("reason"))
		return err
	}, plain(r, mustTellPanel))
}

func (p *pages) tellForm(r *page.Request) error {
	return p.onIncident(r, plain(r, tellPanel), func(incident.Incident) *page.Form {
		return page.NewForm("n", r.Query("n"), "at", field(r.Now))
	})
}

func (p *pages) tell(r *page.Request) error {
	return p.actOnIncident(r, "notices", "It is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		at := parseInstant(f, "at")
		if !f.OK() {
			return nil
		}
		_, err := p.Incidents.Tell(r.Context(), scope, r.Now, x.Ref, number(f, "n"), at, f.Values.Get("how"), f.Get("evidence"))
		return err
	}, plain(r, tellPanel))
}

func (p *pages) describeForm(r *page.Request) error {
	return p.onIncident(r, plain(r, descriptionPanel), func(x incident.Incident) *page.Form {
		f := page.NewForm()
		if d := x.Description; d != nil {
			f = page.NewForm("describe", yesNo(d.Describe), "reason", d.Reason)
			if d.ControlFailure {
				f.Values.Set("control_failure", "yes")
			}
			if d.CommitmentFailure {
				f.Values.Set("commitment_failure", "yes")
			}
		}
		return f
	})
}

func (p *pages) describe(r *page.Request) error {
	return p.actOnIncident(r, "controls", "The decision is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		s := f.Get("describe")
		if s != "yes" && s != "no" {
			f.Wrong("describe", "Choose one. Nobody but a person decides it.")
			return nil
		}
		_, err := p.Incidents.Describe(r.Context(), scope, r.Now, x.Ref, f.Base(), incident.Description{ControlFailure: f.Checked("control_failure"), CommitmentFailure: f.Checked("commitment_failure"), Describe: s == "yes", Reason: f.Values.Get("reason")})
		return err
	}, plain(r, descriptionPanel))
}

// described is an incident as the system description has it (DC4).
func described(x incident.Incident) org.Incident {
	out := org.Incident{Ref: x.Ref, Title: x.Title, Text: x.Summary, Disposition: x.Disposition, Criteria: x.Criteria, Started: x.Created}
	if out.Text == "" {
		out.Text = x.Impact.Text
	}
	if out.Text == "" {
		out.Text = x.Title
	}
	if m := x.Times.Detected; m != nil {
		out.Started, out.Detected = m.At, &m.At
	}
	if m := x.Times.Started; m != nil {
		out.Started = m.At
	}
	if m := x.Times.Recovered; m != nil {
		out.Resolved = &m.At
	}
	if out.Disposition == "" {
		out.Disposition = x.Containment
	}
	if d := x.Description; d != nil {
		out.ControlFailure, out.CommitmentFailure, out.Reason, out.Decision = d.ControlFailure, d.CommitmentFailure, d.Reason, org.Omit
		if d.Describe {
			out.Decision = org.Describe
		}
	}
	return out
}

// putInDescription puts an incident with its decision into the system description.
func (p *pages) putInDescription(r *page.Request) error {
	_, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if _, err := p.System.Save(r.Context(), scope, r.Now, org.Edit{Note: "From " + x.Ref}, described(x)); err != nil {
		return err
	}
	return r.Redirect(sideURL(x.Ref, "controls"), x.Ref+" stands in the system description.")
}

func (p *pages) reviewForm(r *page.Request) error {
	return p.onIncident(r, plain(r, reviewPanel), func(x incident.Incident) *page.Form {
		if v := x.Review; v != nil {
			return page.NewForm("cause", v.Cause, "well", v.Well, "badly", v.Badly, "lessons", strings.Join(v.Lessons, "\n"))
		}
		return page.NewForm()
	})
}

func (p *pages) review(r *page.Request) error {
	return p.actOnIncident(r, "lessons", "The review is recorded.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.WriteReview(r.Context(), scope, r.Now, x.Ref, f.Base(), incident.Review{Cause: f.Values.Get("cause"), Well: f.Values.Get("well"), Badly: f.Values.Get("badly"), Lessons: strings.Split(f.Values.Get("lessons"), "\n")})
		return err
	}, plain(r, reviewPanel))
}

func (p *pages) lessonDraw(r *page.Request) drawIncident {
	return func(x incident.Incident, f *page.Form) (templ.Component, error) {
		people, err := p.people(r, "Nobody yet")
		return lessonPanel(r, f, x, people), err
	}
}

func (p *pages) lessonForm(r *page.Request) error {
	return p.onIncident(r, p.lessonDraw(r), func(x incident.Incident) *page.Form {
		f := page.NewForm("n", r.Query("n"), "due", period.Of(r.Now.AddDate(0, 0, 30)).String())
		if n, err := strconv.Atoi(r.Query("n")); err == nil && x.Review != nil && n >= 1 && n <= len(x.Review.Lessons) {
			f.Values.Set("title", x.Review.Lessons[n-1])
		}
		return f
	})
}

// lesson opens a task, one for each lesson.
func (p *pages) lesson(r *page.Request) error {
	return p.actOnIncident(r, "lessons", "The task is open.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		n := number(f, "n")
		if n < 1 || x.Review == nil || n > len(x.Review.Lessons) {
			return errs.New(errs.Invalid, "%s has no such lesson", x.Ref)
		}
		due, err := period.ParseDate(f.Get("due"))
		if err != nil {
			f.Wrong("due", "Say by when. A task without a day is never late.")
		}
		if !f.OK() {
			return nil
		}
		_, err = p.Work.Open(r.Context(), scope, r.Now, work.New{Title: f.Get("title"), Text: "A lesson of " + x.Ref + " " + x.Title + ".", Source: work.FromIncident, SourceRef: x.Ref + "/" + strconv.Itoa(n), Owner: f.Get("owner"), Due: due, Criteria: x.Criteria})
		return err
	}, p.lessonDraw(r))
}

func (p *pages) shutForm(r *page.Request) error {
	return p.onIncident(r, plain(r, shutPanel), func(incident.Incident) *page.Form { return page.NewForm("outcome", string(incident.Confirmed)) })
}

func (p *pages) shut(r *page.Request) error {
	return p.actOnIncident(r, "", "It is closed.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.Close(r.Context(), scope, r.Now, x.Ref, f.Base(), incident.Outcome(f.Get("outcome")), f.Values.Get("disposition"))
		return err
	}, plain(r, shutPanel))
}

func (p *pages) reopenIncidentForm(r *page.Request) error {
	return p.onIncident(r, plain(r, reopenIncidentPanel), nil)
}

func (p *pages) reopenIncident(r *page.Request) error {
	return p.actOnIncident(r, "", "It is open again.", func(scope access.Scope, x incident.Incident, f *page.Form) error {
		_, err := p.Incidents.Reopen(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Values.Get("reason"))
		return err
	}, plain(r, reopenIncidentPanel))
}

func (p *pages) duties(r *page.Request) error {
	d, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Incidents", Href: incidentsPlace}, {Text: "Whom to tell"}}
	return r.Render(http.StatusOK, dutiesPage(r, d))
}

func dutyAt(s string, d incident.Duties) (int, error) {
	if s == "" || s == "0" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > len(d.List) {
		return 0, errs.New(errs.NotFound, "there is no obligation %q", s)
	}
	return n, nil
}

func (p *pages) onDuties(r *page.Request, draw func(f *page.Form, d incident.Duties) templ.Component) error {
	d, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	n, err := dutyAt(r.Query("n"), d)
	if err != nil {
		return err
	}
	f := page.NewForm("n", strconv.Itoa(n), "when", incident.WhenAlways)
	if n > 0 {
		o := d.List[n-1]
		f = page.NewForm("n", strconv.Itoa(n), "name", o.Name, "to", o.To, "hours", strconv.Itoa(o.Hours), "source", o.Source, "when", o.When)
	}
	return r.RenderPanel(http.StatusOK, draw(f, d))
}

func (p *pages) setDuties(r *page.Request, said string, do func(f *page.Form, list []incident.Obligation, n int) []incident.Obligation, draw func(f *page.Form, d incident.Duties) templ.Component) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	d, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	n, err := dutyAt(f.Get("n"), d)
	if err != nil {
		return err
	}
	next := do(f, append([]incident.Obligation{}, d.List...), n)
	if f.OK() {
		_, err = p.Incidents.SetDuties(r.Context(), scope, r.Now, f.Base(), next)
	}
	return answer(r, f, err, dutiesPlace, said, func() (templ.Component, error) { return draw(f, d), nil })
}

func (p *pages) dutyForm(r *page.Request) error {
	return p.onDuties(r, func(f *page.Form, d incident.Duties) templ.Component { return dutyPanel(r, f, d) })
}

func (p *pages) saveDuty(r *page.Request) error {
	return p.setDuties(r, "The obligation is saved.", func(f *page.Form, list []incident.Obligation, n int) []incident.Obligation {
		o := incident.Obligation{Name: f.Get("name"), To: f.Get("to"), Hours: number(f, "hours"), Source: f.Get("source"), When: f.Get("when")}
		if n == 0 {
			return append(list, o)
		}
		list[n-1] = o
		return list
	}, func(f *page.Form, d incident.Duties) templ.Component { return dutyPanel(r, f, d) })
}

func (p *pages) removeDutyForm(r *page.Request) error {
	return p.onDuties(r, func(f *page.Form, d incident.Duties) templ.Component { return removeDutyPanel(r, f, d) })
}

func (p *pages) removeDuty(r *page.Request) error {
	return p.setDuties(r, "The obligation is removed.", func(f *page.Form, list []incident.Obligation, n int) []incident.Obligation {
		if n == 0 {
			f.Problem = "Choose an obligation to remove."
			return list
		}
		return append(list[:n-1], list[n:]...)
	}, func(f *page.Form, d incident.Duties) templ.Component { return removeDutyPanel(r, f, d) })
}
