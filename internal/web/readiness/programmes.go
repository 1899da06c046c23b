package readiness

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

func programmeURL(id string) string { return "/programmes/" + url.PathEscape(id) }
func lineURL(id, line, what string) string {
	return programmeURL(id) + "/" + url.PathEscape(line) + "/" + what
}

// finding is one thing the program looked at for a line.
type finding struct {
	Words     string // "Controls with an owner"
	Done, All int
	Missing   string // what is missing, when something is
	Href      string // where it is done
	Button    string
}

// ok reports whether nothing is missing. Nothing to count is not enough.
func (f finding) ok() bool { return f.All > 0 && f.Done >= f.All }

// lineState is how a line stands.
type lineState string

const (
	lineDone     lineState = "done"     // the records show it
	lineAttested lineState = "attested" // a person says so
	lineNot      lineState = "na"       // a person says it does not concern the organisation
	lineSome     lineState = "some"     // part of it
	lineNothing  lineState = "nothing"
)

// line is a line of a programme with what is on record about it.
type line struct {
	catalog.ProgrammeLine
	N        int
	Findings []finding
	Mark     *work.Mark
	MarkN    int // number of the newest mark, withdrawn ones too
	Who      string
	Task     *view.TaskRow
}

// seen is how far the records go, whatever people say.
func (l line) seen() lineState {
	ok, some := 0, false
	for _, f := range l.Findings {
		if f.ok() {
			ok++
		}
		some = some || f.Done > 0
	}
	switch {
	case ok == len(l.Findings) && ok > 0:
		return lineDone
	case some:
		return lineSome
	}
	return lineNothing
}

func (l line) state() lineState {
	s := l.seen()
	switch {
	case s == lineDone:
		return s
	case l.Mark != nil && l.Mark.State == work.NotApplicable:
		return lineNot
	case l.Mark != nil && l.Mark.State == work.Attested:
		return lineAttested
	}
	return s
}

func (s lineState) settled() bool { return s == lineDone || s == lineAttested || s == lineNot }

// next is the first thing that is missing: where its button leads.
func (l line) next() *finding {
	for i, f := range l.Findings {
		if !f.ok() {
			return &l.Findings[i]
		}
	}
	return nil
}

func (s lineState) key() string {
	switch s {
	case lineDone:
		return "pass"
	case lineAttested:
		return "exm"
	case lineSome:
		return "prog"
	case lineNot, lineNothing:
	}
	return "na"
}

func (s lineState) words() string {
	switch s {
	case lineDone:
		return "On record"
	case lineAttested:
		return "Attested"
	case lineNot:
		return "Does not apply"
	case lineSome:
		return "Partly"
	case lineNothing:
	}
	return "Nothing yet"
}

// guided is a programme with its lines.
type guided struct {
	catalog.Programme
	Lines []line
}

func (g guided) settled() int {
	n := 0
	for _, l := range g.Lines {
		if l.state().settled() {
			n++
		}
	}
	return n
}

func (p *pages) programmes(r *page.Request) error {
	all, err := catalog.Programmes()
	if err != nil {
		return err
	}
	x, err := p.View.Records(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	var list []guided
	for _, c := range all {
		g, err := p.guide(r, c, x)
		if err != nil {
			return err
		}
		list = append(list, g)
	}
	return r.Render(http.StatusOK, programmesPage(list))
}

func (p *pages) programme(r *page.Request) error {
	c, err := catalog.ProgrammeByID(r.Arg("id"))
	if err != nil {
		return err
	}
	x, err := p.View.Records(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	g, err := p.guide(r, c, x)
	if err != nil {
		return err
	}
	r.Title = g.Title
	r.Crumbs = []page.Crumb{{Text: "Guided programmes", Href: "/programmes"}, {Text: g.Title}}
	return r.Render(http.StatusOK, programmePage(r, g))
}

// guide computes the lines of a programme.
func (p *pages) guide(r *page.Request, c catalog.Programme, x view.Records) (guided, error) {
	g := guided{Programme: c}
	marks, all, err := p.Work.Marks(r.Context(), r.Read(), c.ID)
	if err != nil {
		return g, err
	}
	var who []string
	newest := map[string]int{}
	for _, m := range all {
		who = append(who, m.Actor)
		newest[m.Line] = max(newest[m.Line], m.N)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return g, err
	}
	n := sumUp(x, r.Now)
	seen, err := p.Seen(r.Context(), r.Read(), r.Now)
	if err != nil {
		return g, err
	}
	tasks := map[string]view.TaskRow{}
	if r.Can(access.ReadTasks) {
		list, err := p.View.Tasks(r.Context(), r.Read(), view.TaskFilter{Status: "todo", Source: work.FromProgramme}, paging.Query{Size: paging.MaxSize}, r.Now)
		if err != nil {
			return g, err
		}
		for _, t := range list.Rows {
			tasks[t.SourceRef] = t
		}
	}
	for i, cl := range c.Lines {
		l := line{ProgrammeLine: cl, N: i + 1, MarkN: newest[cl.ID]}
		for _, check := range cl.Checks {
			if y, ok := seen[check]; ok {
				l.Findings = append(l.Findings, sight(y))
				continue
			}
			l.Findings = append(l.Findings, look(check, x, n, r.Now))
		}
		for _, ref := range cl.Controls {
			l.Findings = append(l.Findings, lookAt(ref, x, r.Now))
		}
		if m, ok := marks[cl.ID]; ok {
			l.Mark, l.Who = &m, names[m.Actor]
		}
		if t, ok := tasks[c.ID+"/"+cl.ID]; ok {
			l.Task = &t
		}
		g.Lines = append(g.Lines, l)
	}
	return g, nil
}

// lookAt is how a control of the library stands that answers a line: adopted, approved, owned, and seen at work.
func lookAt(ref string, x view.Records, now time.Time) finding {
	f := finding{Words: ref, All: 4, Href: controlURL(ref), Button: "Open " + ref}
	c, ok := x.Controls[ref]
	if !ok {
		f.Missing, f.Href, f.Button = "not adopted", "/controls", "Adopt "+ref
		return f
	}
	f.Words = ref + " " + c.Title
	o := x.Operations[ref]
	var missing []string
	for _, step := range []struct {
		ok   bool
		what string
	}{
		{true, ""}, {c.Status == control.Approved, "nobody approved it"}, {c.OwnerID != "", "nobody owns it"},
		{c.Status == control.Approved && !o.Standing(now).Gap(), "nothing shows it at work"},
	} {
		if step.ok {
			f.Done++
		} else {
			missing = append(missing, step.what)
		}
	}
	if _, reasons := control.Stand([]control.Operation{o}, now); len(missing) == 1 && f.Done == 3 && c.Status == control.Approved && len(reasons) > 0 {
		missing[0] = reasons[0].Text
	}
	f.Missing = strings.Join(missing, ", ")
	return f
}

// sums are counts over the records that several checks need.
type sums struct {
	force, owned, approved, shown   int // controls
	served, evaluated, gaps, worked int // criteria
}

func sumUp(x view.Records, now time.Time) sums {
	var n sums
	for ref, c := range x.Controls {
		if c.Status != control.Approved {
			continue
		}
		n.force++
		if c.OwnerID != "" {
			n.owned++
		}
		if !c.Waiting() {
			n.approved++
		}
		if x.Operations[ref].Shown() {
			n.shown++
		}
	}
	for _, g := range x.Gaps {
		if _, all := g.Operating(now); all > 0 {
			n.served++
		}
		if g.Status != control.NotEvaluated {
			n.evaluated++
		}
		if g.Status.Gap() {
			n.gaps++
			if len(g.Tasks) > 0 {
				n.worked++
			}
		}
	}
	return n
}

// sight is a finding of another room.
func sight(y work.Seen) finding {
	if y.Denied {
		return finding{Words: y.Words, Missing: "you may not see these records"}
	}
	return of(y.Words, y.Done, y.All, y.None, y.Short, y.Href, y.Button)
}

// one is a finding that is there or is not.
func one(words string, have bool, missing, href, button string) finding {
	f := finding{Words: words, All: 1, Href: href, Button: button}
	if have {
		f.Done = 1
	} else {
		f.Missing = missing
	}
	return f
}

// of is a finding that is there for some of all.
func of(words string, done, all int, none, short, href, button string) finding {
	f := finding{Words: words, Done: done, All: all, Href: href, Button: button}
	if all == 0 {
		f.Missing = none
	} else if done < all {
		f.Missing = strconv.Itoa(all-done) + " " + short
	}
	return f
}

// look is what the program sees about a check of programmes.yaml.
func look(check string, x view.Records, n sums, now time.Time) finding {
	switch check {
	case "lead":
		return one("Somebody leads the examination", x.Members[string(access.ComplianceLead)] > 0, "no member is a compliance lead", "/settings", "Invite people")
	case "owners":
		return of("Controls in force with an owner", n.owned, n.force, "no control is in force", "have none", "/controls?owner=none", "Assign owners")
	case "decision":
		return one("The report is decided", x.Decisions > 0, "no decision is saved", "/which-report", "Decide which report")
	case "commitments":
		return one("Commitments are written down", x.Described["commitment"] > 0, "the system description names none", "/system", "Describe the system")
	case "services":
		return one("Services are named", x.Described["service"] > 0 && x.Described["system"] > 0, "the system description names none", "/system", "Describe the system")
	case "components":
		return one("Components are named", x.Described["component"] > 0, "the system description names none", "/system", "Describe the system")
	case "engagement":
		return one("Categories and period are fixed", x.Window != nil, "no examination is planned", "/engagements", "Plan the examination")
	case "served":
		return of("Criteria with a control in force", n.served, len(x.Gaps), "no criterion is in scope", "have none", "/gaps?status=not_met", "Look at the gaps")
	case "approved":
		return of("Controls approved in their newest wording", n.approved, len(x.Controls), "no control is adopted", "wait for approval", "/controls", "Approve drafts")
	case "shown":
		return of("Controls in force with a test or evidence", n.shown, n.force, "no control is in force", "show nothing", "/gaps?status=not_evaluated", "Look at the gaps")
	case "evaluated":
		return of("Criteria with a result", n.evaluated, len(x.Gaps), "no criterion is in scope", "are not evaluated", "/gaps?status=not_evaluated", "Look at the gaps")
	case "gaps_owned":
		f := of("Gaps that somebody works on", n.worked, n.gaps, "", "have no task", "/gaps?task=no", "Make tasks")
		if n.gaps == 0 && len(x.Gaps) > 0 {
			f.Done, f.All = 1, 1
		}
		return f
	case "sources":
		return of("Sources read without a failure within two days", x.Fresh, x.Connections, "no source is connected", "are late or failing", "/connections", "Look at the sources")
	case "daily":
		return one("Tests were evaluated within two days", !x.Last.IsZero() && now.Sub(x.Last) <= view.Stale, "the last evaluation is older, or there was none", "/tests", "Run the tests")
	case "before":
		return one("Watched from the first day of the period", x.Began(), "the first evaluation came later, or there was none", "/tests", "Look at the tests")
	case "firm":
		return one("The firm is named", x.Firm != "", "the examination names none", "/engagements", "Open the engagement")
	case "auditor":
		return one("The auditor has an account that only reads", x.Members[string(access.Auditor)] > 0, "no member is an auditor", "/settings", "Invite the auditor")
	case "dossier":
		href := "/engagements"
		if x.Window != nil {
			href = "/a/" + url.PathEscape(x.Window.Ref)
		}
		return one("A dossier is frozen", x.Dossiers > 0, "nothing is frozen yet", href, "Freeze a dossier")
	}
	return finding{Words: check, Missing: "nobody looked"}
}

// lineOf finds a line of a programme with its state.
func (p *pages) lineOf(r *page.Request) (guided, line, error) {
	c, err := catalog.ProgrammeByID(r.Arg("id"))
	if err != nil {
		return guided{}, line{}, err
	}
	if _, err := c.Line(r.Arg("line")); err != nil {
		return guided{}, line{}, err
	}
	x, err := p.View.Records(r.Context(), r.Read(), r.Now)
	if err != nil {
		return guided{}, line{}, err
	}
	g, err := p.guide(r, c, x)
	if err != nil {
		return guided{}, line{}, err
	}
	for _, l := range g.Lines {
		if l.ID == r.Arg("line") {
			return g, l, nil
		}
	}
	return g, line{}, nil
}

func (p *pages) settleForm(r *page.Request) error {
	g, l, err := p.lineOf(r)
	if err != nil {
		return err
	}
	f := page.NewForm("state", string(work.Attested))
	if l.Mark != nil {
		f = page.NewForm("state", string(l.Mark.State), "note", l.Mark.Note, "evidence", l.Mark.Evidence)
	}
	return r.RenderPanel(http.StatusOK, settlePanel(r, f, g, l))
}

func (p *pages) settle(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	g, l, err := p.lineOf(r)
	if err != nil {
		return err
	}
	if f.Base() != l.MarkN {
		theirs := map[string]string{"note": "", "evidence": ""}
		if l.Mark != nil {
			theirs = map[string]string{"note": l.Mark.Note, "evidence": l.Mark.Evidence, "state": string(l.Mark.State)}
		}
		f.Stale(l.MarkN, theirs)
		return r.RenderPanel(f.Status(), settlePanel(r, f, g, l))
	}
	if ref := f.Get("evidence"); ref != "" {
		if found, err := p.View.HasEvidence(r.Context(), r.Read(), ref); err != nil {
			return err
		} else if !found {
			f.Wrong("evidence", "There is no evidence "+clip(ref, 40)+". Its reference stands on its page, such as EV-2026-00142.")
		}
	}
	if f.OK() {
		_, err = p.Work.Say(r.Context(), scope, r.Now, work.Mark{Programme: g.ID, Line: l.ID, State: work.MarkState(f.Get("state")), Note: f.Values.Get("note"), Evidence: f.Get("evidence")}, l.MarkN)
		if err == nil {
			return r.Redirect(programmeURL(g.ID), "Recorded.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), settlePanel(r, f, g, l))
}

func (p *pages) lineTaskForm(r *page.Request) error {
	g, l, err := p.lineOf(r)
	if err != nil {
		return err
	}
	var missing []string
	for _, f := range l.Findings {
		if !f.ok() {
			missing = append(missing, "- "+f.Words+": "+f.Missing)
		}
	}
	f := page.NewForm("title", clip(l.Title, work.MaxTitle), "text", clip(strings.Join(missing, "\n"), work.MaxText))
	return p.showProposal(r, f, lineURL(g.ID, l.ID, "task"), programmeURL(g.ID), g.Title+", "+strconv.Itoa(l.N))
}

func (p *pages) openLineTask(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	g, l, err := p.lineOf(r)
	if err != nil {
		return err
	}
	return p.open(r, f, work.New{Source: work.FromProgramme, SourceRef: g.ID + "/" + l.ID, Criteria: l.Criteria}, lineURL(g.ID, l.ID, "task"), programmeURL(g.ID), g.Title+", "+strconv.Itoa(l.N))
}
