package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
)

// Difference is what two drafts say differently in one part.
type Difference struct {
	Section string          // "IV"
	Part    string          // title of the part, or the reference of a control or criterion; empty before the first part
	Lines   []textdiff.Line // of the part, what is the same among them
}

// Differences compares two drafts part by part: what the later one says that the earlier did not, and the other way round.
// Numbers of parts and pages may shift without being a difference. The appendices are left out: they name the dossier, which
// always differs.
func Differences(was, is *Document) []Difference {
	a, b := partsOf(was), partsOf(is)
	at := map[string]int{}
	for i, p := range a {
		at[p.key] = i
	}
	var out []Difference
	next := 0
	gone := func(upto int) {
		for ; next < upto; next++ {
			if p := a[next]; !slices.ContainsFunc(b, func(x docPart) bool { return x.key == p.key }) {
				out = p.differ(out, p.text(), "")
			}
		}
	}
	for _, p := range b {
		i, ok := at[p.key]
		if !ok {
			out = p.differ(out, "", p.text())
			continue
		}
		gone(i)
		next = max(next, i+1)
		out = p.differ(out, a[i].text(), p.text())
	}
	gone(len(a))
	return out
}

// looked is the moment of a test's last evaluation, which every freeze moves.
var looked = regexp.MustCompile(`last evaluation \([^)]* UTC\)`)

// docPart is a stretch of a document under one heading.
type docPart struct {
	key, section, name string
	lines              []string
}

func (p docPart) text() string { return strings.Join(p.lines, "\n") }

func (p docPart) differ(out []Difference, was, is string) []Difference {
	if was == is {
		return out
	}
	return append(out, Difference{Section: p.section, Part: p.name, Lines: textdiff.Lines(was, is)})
}

// partsOf are the parts of a document with what they say, a line for each paragraph, entry, pair and row.
func partsOf(doc *Document) []docPart {
	var out []docPart
	for _, s := range doc.Sections {
		if s.Number == "" || s.Title == "Verification" || s.Title == "Words of the results" {
			continue
		}
		out = append(out, docPart{key: s.Number, section: s.Number})
		for _, b := range s.Blocks {
			if h, ok := b.(Heading); ok {
				p := docPart{section: s.Number, name: h.Title}
				kind, rest, _ := strings.Cut(h.Anchor, "/")
				switch kind {
				case "part":
					p.key = s.Number + "/" + h.Title
				case "test": // its position in the dossier may change
					_, id, _ := strings.Cut(rest, "/")
					p.key, p.name = s.Number+"/test/"+id, "test "+id
				default:
					p.key, p.name = s.Number+"/"+h.Anchor, strings.TrimSpace(h.Number+" "+h.Title)
				}
				out = append(out, p)
				continue
			}
			p := &out[len(out)-1]
			p.lines = append(p.lines, blockLines(b)...)
		}
	}
	return out
}

// blockLines is what a block says, in lines.
func blockLines(b Block) []string {
	var out []string
	add := func(s string) {
		if s = strings.Join(strings.Fields(s), " "); s != "" {
			out = append(out, s)
		}
	}
	switch b := b.(type) {
	case Paragraph:
		add(b.Text.String())
	case List:
		for _, e := range b.Entries {
			add(e.String())
		}
	case Pairs:
		for _, p := range b.Pairs {
			add(p.Key + ": " + looked.ReplaceAllString(p.Value.String(), "last evaluation"))
		}
	case Table:
		add(b.Caption.String())
		for _, r := range b.Rows {
			cells := make([]string, len(r.Cells))
			for i, c := range r.Cells {
				if cells[i] = c.String(); i < len(b.Columns) && b.Columns[i].Title == "Part" {
					cells[i] = "" // a number that shifts
				}
			}
			add(strings.Join(cells, " | "))
		}
		add(b.Note.String())
	case Strip:
		add(b.Sentence)
	case Callout:
		add(b.Title)
		for _, x := range b.Body {
			out = append(out, blockLines(x)...)
		}
	default:
	}
	return out
}

// copiedFrom is how many words a text has, at least, before standing word for word in another engagement is worth a look.
const copiedFrom = 8

// Copied finds text of a dossier that stands word for word in dossiers of other engagements though it should be of its own:
// what was tested and found, why, what happened, what the auditor wrote. Descriptions and control texts may carry over and
// are not looked at. It also finds names of other organisations. Nothing found does not show that nothing was copied.
func Copied(d *engagement.Dossier, earlier ...*engagement.Dossier) []string {
	var out []string
	all := ""
	for _, e := range earlier {
		if e == nil || e.Engagement.ID == d.Engagement.ID {
			continue
		}
		theirs := map[string]bool{}
		own(e, func(_, text string) { theirs[same(text)] = true })
		own(d, func(place, text string) {
			if len(strings.Fields(text)) >= copiedFrom && theirs[same(text)] {
				out = append(out, place+" stands word for word in "+orDash(e.Engagement.Ref)+": "+opening(text))
			}
		})
		if name := strings.TrimSpace(e.Org.Name); len(name) > 2 && !strings.EqualFold(name, d.Org.Name) {
			if all == "" {
				all = strings.ToLower(dossierText(d))
			}
			if strings.Contains(all, strings.ToLower(name)) {
				out = append(out, "the dossier names "+name+", the organisation of "+orDash(e.Engagement.Ref))
			}
		}
	}
	return out
}

// own shows the texts that belong to one engagement, with where they are.
func own(d *engagement.Dossier, see func(place, text string)) {
	for _, v := range d.System.Incidents {
		see("incident "+v.Name, v.Text)
	}
	for _, v := range d.System.Changes {
		see("change "+v.Name, v.Text)
	}
	for _, w := range d.Work {
		see("the result of test "+w.No, w.Result)
		for _, v := range w.Deviations {
			see("a deviation of test "+w.No, v.Nature)
			see("the cause of a deviation of test "+w.No, v.Cause)
			see("the response to a deviation of test "+w.No, v.Response)
		}
	}
	for _, r := range d.Responses {
		see("the cause for test "+r.Test, r.Cause)
		see("the effect for test "+r.Test, r.Effect)
		see("the action for test "+r.Test, r.Action)
	}
	if d.Auditor != nil {
		for _, o := range d.Auditor.Opinions {
			see("the basis of a modification", o.Basis)
		}
	}
}

// same makes texts comparable: words in lower case, one space between them.
func same(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// opening is the beginning of a text.
func opening(s string) string {
	w := strings.Fields(s)
	if len(w) > 10 {
		return strings.Join(w[:10], " ") + " …"
	}
	return strings.Join(w, " ")
}
