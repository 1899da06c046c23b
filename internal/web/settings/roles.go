package settings

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/web/page"
)

// roleTexts say what each role is for. What it may do is computed from the rights themselves.
var roleTexts = map[access.Role]string{
	access.Owner:           "Runs the organisation here: people, settings, connections and everything below. Keep two, so that one can help the other.",
	access.ComplianceLead:  "Runs the programme and the examination: controls, tests, exceptions, connections, engagements and reports.",
	access.ControlOwner:    "Answers for some controls: adds evidence, runs collection and tests, asks for exceptions.",
	access.SecurityAnalyst: "Writes and runs tests, looks into what fails, adds evidence.",
	access.Employee:        "Sees the programme and what is asked of them.",
	access.Auditor:         "Belongs to the firm that examines. Reads everything the examination needs (controls, tests, evidence, ledger, engagements) and changes nothing, so that independence is not touched.",
	access.Reader:          "Sees the programme: controls, tests and their state. No evidence, no ledger.",
	access.Partner:         "Leads the firm here: people, methodology, engagements. Enters the opinion. Keep two, so that one can help the other.",
	access.Senior:          "Leads a team: asks, samples, tests, and reviews what others prepared.",
	access.Staff:           "Asks, samples and tests; somebody else reviews it.",
	access.QualityReviewer: "Stands outside the team: reads every workpaper and remarks, tests nothing.",
}

func roleTitle(r access.Role) string {
	return page.Capital(r.Title())
}

// roleOptions are the roles somebody can be given in the reader's organisation, with a name each.
func roleOptions(r *page.Request) []page.Option {
	var out []page.Option
	for _, x := range r.Grant.Org.Kind.Roles() {
		out = append(out, page.Option{Value: string(x), Label: roleTitle(x)})
	}
	return out
}

// right is a line of the table of rights.
type right struct {
	Action access.Action
	Phrase string
	May    []bool // in the order of the kind's roles
}

// rightGroup is the rights of one area, by what stands before the dot of their names.
type rightGroup struct {
	Title  string
	Rights []right
}

// rights are what each role of a kind of organisation may do: reading first, the rest by area. What no role of it may is left out.
func rights(k access.OrgKind) []rightGroup {
	order := []string{"Reading", "Programme", "Evidence and collection", "Examination", "Organisation"}
	areas := map[string]string{
		"org": "Organisation", "users": "Organisation", "tokens": "Organisation", "connections": "Evidence and collection", "collection": "Evidence and collection",
		"evidence": "Evidence and collection", "engagement": "Examination", "report": "Examination", "audits": "Examination", "opinion": "Examination", "methodology": "Examination", "requests": "Examination", "documents": "Examination", "ledger": "Organisation",
	}
	by := map[string][]right{}
	for _, a := range access.Actions() {
		area, verb, _ := strings.Cut(string(a), ".")
		title := areas[area]
		switch {
		case verb == "read":
			title = "Reading"
		case title == "":
			title = "Programme"
		}
		x := right{Action: a, Phrase: page.Capital(a.Phrase())}
		for _, role := range k.Roles() {
			x.May = append(x.May, role.May(a))
		}
		if slices.Contains(x.May, true) {
			by[title] = append(by[title], x)
		}
	}
	var out []rightGroup
	for _, title := range order {
		if len(by[title]) > 0 {
			out = append(out, rightGroup{title, by[title]})
		}
	}
	return out
}

func (p *pages) roles(r *page.Request) error {
	return r.Render(http.StatusOK, rolesPage(r, rights(r.Grant.Org.Kind)))
}
