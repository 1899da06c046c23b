package stored

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// sight is all that the page of an event shows.
type sight struct {
	event.Event
	From   event.Source // zero if it is gone
	Alerts []alert.Alert
	Judged *authority.Judgement // nil if nobody had to allow it
	Titles map[string]string    // of policies, by identifier
	// Reviewed are the decisions of access reviews that began after access was granted, about whom it was granted to.
	Reviewed []decision
	Proves   bool
	Shut     bool // no events can be read: the rest is what was said of this one
}

type decision struct {
	review.Row
	Ref, By string
}

// shut is said of an event where none can be read.
func shut(id string) error {
	return errs.New(errs.NotFound, "no event %s can be read", page.Short(id, 60)).WithHint("The server reads them: tickmark serve.")
}

// read is the event of the address.
func (p *pages) read(r *page.Request) (event.Event, error) {
	if p.Event == nil {
		return event.Event{}, shut(r.Arg("event"))
	}
	return p.Event(r.Context(), r.Read(), r.Arg("event"))
}

// event shows an event: its normal form, what is known around it, and the record as it came.
func (p *pages) event(r *page.Request) error {
	r.Title = page.Short(r.Arg("event"), 60)
	r.Crumbs = []page.Crumb{{Text: "Events", Href: place}, {Text: r.Title}}
	e, err := event.Event{ID: r.Arg("event")}, error(nil)
	if p.Event != nil {
		e, err = p.read(r)
	}
	if gone, erased := event.ErasedBy(err); erased {
		names, err := p.View.Actors(r.Context(), r.Read(), gone.By)
		if err != nil {
			return err
		}
		var v sight
		if v.Alerts, err = p.Alerts.Naming(r.Context(), r.Read(), gone.Event); err != nil {
			return err
		}
		return r.Render(http.StatusOK, erasedPage(gone, cmp.Or(names[gone.By], gone.By), v))
	}
	if err != nil {
		return err
	}
	v := sight{Event: e, Proves: p.Prove != nil, Shut: p.Event == nil}
	if v.Source != "" {
		if v.From, err = p.Sources.Source(r.Context(), r.Read(), v.Source); err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	if v.Alerts, err = p.Alerts.Naming(r.Context(), r.Read(), e.ID); err != nil {
		return err
	}
	if err := p.judged(r, &v); err != nil {
		return err
	}
	if v.Shut && v.Judged == nil && len(v.Alerts) == 0 {
		return shut(e.ID)
	}
	return r.Render(http.StatusOK, eventPage(r, v))
}

// judged adds what allows the event and, if it gave access, what reviews decided afterwards.
func (p *pages) judged(r *page.Request, v *sight) error {
	if !r.Can(access.ReadEvidence) {
		return nil
	}
	j, asked, err := p.Authority.Of(r.Context(), r.Read(), v.ID)
	if err != nil || !asked {
		return err
	}
	v.Judged = &j
	policies, err := authority.Policies()
	if err != nil {
		return err
	}
	v.Titles = map[string]string{}
	for _, x := range policies {
		v.Titles[x.ID] = x.Title
	}
	if v.Judged.Act != authority.Grant || !r.Can(access.ReadPolicies) {
		return nil
	}
	var who []string
	for _, t := range v.Targets {
		for _, s := range []string{t.ID, t.Name} {
			if s != "" && !slices.Contains(who, s) {
				who = append(who, s)
			}
		}
	}
	if len(who) == 0 {
		return nil
	}
	rows, err := p.Reviews.Rows(r.Context(), r.Read(), review.RowFilter{Names: who, From: v.When(), Counting: true}, paging.Query{Size: 20})
	if err != nil {
		return err
	}
	refs, by := map[review.ID]string{}, []string{}
	for _, x := range rows.Rows {
		if s := string(x.By); s != "" && !slices.Contains(by, s) {
			by = append(by, s)
		}
	}
	names, err := p.View.Actors(r.Context(), r.Read(), by...)
	if err != nil {
		return err
	}
	for _, x := range rows.Rows {
		if refs[x.Review] == "" {
			of, err := p.Reviews.Review(r.Context(), r.Read(), r.Now, string(x.Review))
			if err != nil {
				return err
			}
			refs[x.Review] = of.Ref
		}
		v.Reviewed = append(v.Reviewed, decision{x, refs[x.Review], names[string(x.By)]})
	}
	return nil
}

// proof gives the event with its proof as a file.
func (p *pages) proof(r *page.Request) error {
	if p.Prove == nil {
		return shut(r.Arg("event"))
	}
	id := r.Arg("event")
	body, err := p.Prove(r.Context(), r.Read(), id)
	if err != nil {
		return err
	}
	return r.Attach(event.ProofName(id), "application/json", int64(len(body)), r.Now, bytes.NewReader(body))
}

func (p *pages) keepForm(r *page.Request) error {
	e, err := p.read(r)
	if err != nil {
		return err
	}
	f := page.NewForm("title", "Event "+e.ID)
	return r.RenderPanel(f.Status(), keepPanel(r, f, e.ID))
}

// keep files the event with its proof as evidence.
func (p *pages) keep(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := r.Require(access.ReadDetections); err != nil {
		return err
	}
	if p.Prove == nil {
		return shut(r.Arg("event"))
	}
	id := r.Arg("event")
	ref, err := p.Keep(r.Context(), scope, r.Now, f.Get("title"), f.Raw("shows"), id)
	if err != nil {
		return r.PanelAgain(f, err, keepPanel(r, f, id))
	}
	return r.Redirect("/e/"+ref, ref+" is filed.")
}

func (p *pages) eraseForm(r *page.Request) error {
	e, err := p.read(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	return r.RenderPanel(f.Status(), erasePanel(r, f, e.ID))
}

// erase erases the content of an event for good.
func (p *pages) erase(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := r.Require(access.ReadDetections); err != nil {
		return err
	}
	if p.Erase == nil {
		return shut(r.Arg("event"))
	}
	id := r.Arg("event")
	e, err := p.Erase(r.Context(), scope, r.Now, id, f.Get("reason"))
	if err != nil {
		return r.PanelAgain(f, err, erasePanel(r, f, id))
	}
	return r.Redirect(eventURL(id), "The event is erased. Entry "+strconv.FormatInt(e.Seq, 10)+" of the ledger says so.")
}

func orBlank(t time.Time) any {
	if t.IsZero() {
		return ""
	}
	return t
}

// instant is a time of an event, in UTC: seconds tell what came first.
const instant = "2 Jan 2006 15:04:05"

func outcome(e *event.Event) string {
	return []string{"not told", "succeeded", "failed"}[min(int(e.Status), 2)]
}

// targets names at most so many targets of an event.
func targets(e *event.Event, most int) string {
	var out []string
	for i, t := range e.Targets {
		if i == most {
			out = append(out, page.Plural(len(e.Targets)-most, "more", "more"))
			break
		}
		out = append(out, cmp.Or(t.Name, t.ID))
	}
	return strings.Join(out, ", ")
}

// normalForm is an event in the normal form, in pairs of a name and a value.
func normalForm(e event.Event) []string {
	at := "not told"
	if !e.At.IsZero() {
		at = e.At.UTC().Format(instant + " UTC")
	}
	out := []string{"Event", e.ID, "Happened", at, "Arrived", e.Received.UTC().Format(instant + " UTC"), "Log", e.Log, "Class", e.Class.Title(), "Action", e.Action, "Outcome", outcome(&e)}
	for _, p := range [][2]string{{"Reason", e.Reason}, {"Actor", cmp.Or(e.Actor.Name, e.Actor.ID)}, {"Identifier of the actor", e.Actor.ID}, {"Address", e.From.IP}, {"Country", e.From.Country}, {"Program", e.From.UserAgent}, {"Session", e.Session}, {"Credential", e.Credential},
		{"Issued", strings.Join(e.Issued, ", ")}, {"Host", e.Host}, {"Process", e.Process}, {"Identifier at the vendor", e.Upstream}} {
		if p[1] != "" {
			out = append(out, p[0], p[1])
		}
	}
	for _, t := range e.Targets {
		name := cmp.Or(t.Name, t.ID)
		if t.ID != name && t.ID != "" {
			name += " (" + t.ID + ")"
		}
		out = append(out, "Target, "+t.Effect.Title(), strings.TrimSpace(t.Kind+" "+name))
	}
	return out
}

// pretty is a record for reading: indented if it is JSON, as it came otherwise.
func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") == nil {
		return b.String()
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}
