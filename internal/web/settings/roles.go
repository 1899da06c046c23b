package settings

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

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
}

func roleTitle(r access.Role) string {
	return sentenceCase(r.Title())
}

func sentenceCase(t string) string {
	first, n := utf8.DecodeRuneInString(t)
	return string(unicode.ToUpper(first)) + t[n:]
}

// roleOptions are the roles somebody can be given, with a name each.
func roleOptions() []page.Option {
	var out []page.Option
	for _, r := range access.Roles() {
		out = append(out, page.Option{Value: string(r), Label: roleTitle(r)})
	}
	return out
}

// right is a line of the table of rights.
type right struct {
	Action access.Action
	Phrase string
	May    []bool // in the order of access.Roles
}

// rightGroup is the rights of one area, by what stands before the dot of their names.
type rightGroup struct {
	Title  string
	Rights []right
}

// rights are what each role may do: reading first, the rest by area.
func rights() []rightGroup {
	order := []string{"Reading", "Programme", "Evidence and collection", "Examination", "Organisation"}
	areas := map[string]string{
		"org": "Organisation", "users": "Organisation", "tokens": "Organisation", "connections": "Evidence and collection", "collection": "Evidence and collection",
		"evidence": "Evidence and collection", "engagement": "Examination", "report": "Examination", "ledger": "Organisation",
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
		x := right{Action: a, Phrase: sentenceCase(a.Phrase())}
		for _, role := range access.Roles() {
			x.May = append(x.May, role.May(a))
		}
		by[title] = append(by[title], x)
	}
	var out []rightGroup
	for _, title := range order {
		out = append(out, rightGroup{title, by[title]})
	}
	return out
}

func (p *pages) roles(r *page.Request) error {
	return r.Render(http.StatusOK, rolesPage(r, rights()))
}
