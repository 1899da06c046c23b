// Package planning shows the interview that finds out which report an organisation needs, with the recommendation and the
// decisions taken on it, and the papers that say how the requirements in scope are met.
package planning

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Applicability *applicability.Service
	Matrix        *matrix.Service
	System        *org.Service
	View          *view.Reader
}

type pages struct{ Services }

// start is where the interview begins.
const start = "/which-report"

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern, title string, a access.Action, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: start, Handle: h}
	}
	post := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: access.DecideReport, Title: title, Nav: start, Handle: h}
	}
	return append(p.meetsRoutes(),
		get(start, "Which report do we need?", access.ReadEngagement, p.overview),
		get("/interview/{group}", "Interview", access.DecideReport, p.questions),
		post("/interview/{group}", "Interview", p.answer),
		get(start+"/review", "Recommendation", access.ReadEngagement, p.review),
		get(start+"/decide", "Decide", access.DecideReport, p.decideForm),
		post(start+"/decide", "Decide", p.decide),
		get(start+"/discard", "Begin anew", access.DecideReport, p.discardForm),
		post(start+"/discard", "Begin anew", p.discard),
		get(start+"/{ref}", "Decision", access.ReadEngagement, p.decision),
		get(start+"/{ref}/decision.pdf", "Decision", access.ReadEngagement, p.pdf),
	)
}

func groupURL(id string) string     { return "/interview/" + url.PathEscape(id) }
func decisionURL(ref string) string { return start + "/" + url.PathEscape(ref) }

// factURL is where a fact is asked.
func factURL(id applicability.FactID) string {
	for _, g := range applicability.Groups() {
		if slices.Contains(g.Facts, id) {
			return groupURL(g.ID) + "#q-" + string(id)
		}
	}
	return start
}

// factQuestion is the question behind a fact, for a tip.
func factQuestion(id applicability.FactID) string {
	f, _ := applicability.FactOf(id)
	return f.Question
}

func ruleText(id string) string {
	for _, r := range applicability.Rules() {
		if r.ID == id {
			return "If " + r.If + ": " + r.Then + "."
		}
	}
	return ""
}

// verdictKey and verdictWord draw a verdict.
func verdictKey(v applicability.Verdict) string {
	switch v {
	case applicability.Needed:
		return "pass"
	case applicability.Advised:
		return "prog"
	case applicability.Ask:
		return "risk"
	}
	return "na"
}

func verdictWord(v applicability.Verdict) string {
	switch v {
	case applicability.Needed:
		return "Needed"
	case applicability.Advised:
		return "Advised"
	case applicability.Ask:
		return "Ask first"
	}
	return "Not needed"
}

// valueWord is an answer in words.
func valueWord(v applicability.Value) string {
	switch v {
	case applicability.Yes:
		return "Yes"
	case applicability.No:
		return "No"
	case applicability.Unknown:
		return "Don’t know"
	}
	return "Not answered"
}

// typeSentence says what a type means.
func typeSentence(t applicability.Type) string {
	switch t {
	case applicability.Type2:
		return "Type 2: over a period, with tests of how controls worked and their results."
	case applicability.Bridge:
		return "Type 1 now, as a bridge: one date, design only. The period of the Type 2 begins at once."
	}
	return "Open: how long controls have run, or what is due when, is not known."
}

// commitments are those of the system's description, by reference.
func (p *pages) commitments(r *page.Request) ([]org.Commitment, error) {
	d, err := p.System.Description(r.Context(), r.Read(), r.Now)
	if err != nil {
		return nil, err
	}
	return d.Commitments, nil
}

// commitmentText is a commitment as it was named, with the text of the description when it is one of it.
func commitmentText(list []org.Commitment, named string) string {
	for _, c := range list {
		if c.Ref == named {
			return c.Ref + ": " + c.Text
		}
	}
	return named
}

// categoryName is a category as the catalogue calls it.
func (p *pages) categoryName(id catalog.CategoryID) string {
	for _, c := range p.View.Catalog().Categories() {
		if c.ID == id {
			return c.Name
		}
	}
	return string(id)
}

// actorName is who did something, in words.
func (p *pages) actorName(r *page.Request, who string) (string, error) {
	if who == "" {
		return "", nil
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who)
	return names[who], err
}

// summary is a decision in a line: "SOC 2 (Type 2): security, availability".
func (p *pages) summary(c applicability.Chosen) string {
	if len(c.Reports) == 0 {
		return "No report"
	}
	var reports, cats []string
	for _, x := range c.Reports {
		reports = append(reports, x.Title())
	}
	out := strings.Join(reports, ", ")
	if c.Type != "" {
		out += ", " + applicability.TypeWords(c.Type)
	}
	for _, x := range c.Categories {
		cats = append(cats, p.categoryName(x))
	}
	if len(cats) > 0 {
		out += ": " + strings.Join(cats, ", ")
	}
	return out
}

// adviceKey is the status key of an advice on a period.
func adviceKey(g applicability.Grade) string {
	switch g {
	case applicability.StrongWarning:
		return "fail"
	case applicability.Warning:
		return "risk"
	}
	return "pass"
}
