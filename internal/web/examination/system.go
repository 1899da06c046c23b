package examination

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// described is the description of the system with how it stands.
type described struct {
	org.Description
	Written  bool // anything is written at all
	For      *view.EngagementRow
	Report   org.Report
	Why      string // why it could not be checked
	Category func(string) string
	Last     *org.Revision // newest revision of any record
	Author   string
	Writes   bool              // the reader may edit it
	ids      map[string]string // of the records, by kind and key
}

// Edit is the path of a record's form; empty for who may not edit.
func (x described) Edit(rec org.Record) string {
	id := x.ids[string(rec.Kind())+" "+rec.Key()]
	if !x.Writes || id == "" {
		return ""
	}
	return "/system/records/" + id
}

func (p *pages) system(r *page.Request) error {
	d, err := p.System.Description(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	x := described{Description: d, Category: func(id string) string { return p.categories([]string{id}) }}
	records, err := p.System.Records(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	x.Written, x.Writes, x.ids = len(records) > 0, r.Can(access.ManageEngagement), map[string]string{}
	for _, rev := range records {
		x.ids[string(rev.Kind)+" "+rev.Key] = string(rev.ID)
	}
	if x.Written {
		last := slices.MaxFunc(records, func(a, b org.Revision) int { return a.At.Compare(b.At) })
		names, err := p.View.PersonNames(r.Context(), r.Read())
		if err != nil {
			return err
		}
		x.Last, x.Author = &last, actor(last.Author, names[last.Author])
	}
	all, err := p.View.Engagements(r.Context(), r.Read())
	if err != nil {
		return err
	}
	if len(all) > 0 {
		x.For = &all[0]
		now, err := p.View.Window(r.Context(), r.Read(), r.Now)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(all, func(e view.EngagementRow) bool { return now != nil && e.Ref == now.Ref }); i >= 0 {
			x.For = &all[i]
		}
		if x.Report, err = p.Engagement.CheckDescription(r.Context(), r.Read(), r.Now, x.For.Ref, d); err != nil {
			if errs.Is(err, errs.Internal) || errs.Is(err, errs.Unavailable) {
				return err
			}
			x.Why = page.Sentence(err)
		}
	}
	return r.Render(http.StatusOK, systemPage(x))
}

// transacts tells whether the description says how transactions are processed, or must: that of a SOC 1.
func (x described) transacts() bool {
	return len(x.Transactions) > 0 || x.For != nil && x.For.Report == engagement.SOC1
}

// about are the texts of a topic.
func (x described) about(t org.Topic) []org.Transaction {
	return slices.DeleteFunc(slices.Clone(x.Transactions), func(y org.Transaction) bool { return y.Topic != t })
}

// chapter is a part of the description, in the order of the description criteria.
type chapter struct{ ID, Criterion, Title string }

func chapters() []chapter {
	return []chapter{
		{"services", "DC1", "Services provided"}, {"commitments", "DC2", "Commitments and requirements"}, {"components", "DC3", "Components of the system"}, {"boundary", "DC3", "Boundary"},
		{"incidents", "DC4", "Incidents"}, {"aspects", "DC5", "Internal control"}, {"transactions", "SOC 1", "Transactions"}, {"subservice", "DC7", "Subservice organisations"}, {"exclusions", "DC8", "Criteria that do not apply"}, {"changes", "DC9", "Changes in the period"},
	}
}

// none reports whether a section is said to be empty on purpose.
func (x described) none(section string) bool { return slices.Contains(x.System.None, section) }

func findingSign(l org.Level) sign {
	switch l {
	case org.Forbidden:
		return sign{"fail", "Must not be printed"}
	case org.Missing:
		return sign{"risk", "Missing"}
	case org.Wording:
		return sign{"err", "Wording"}
	}
	return sign{"na", "Advice"}
}

// paragraphs splits a text at empty lines.
func paragraphs(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func classTitle(c org.Class) string { return strings.ToUpper(string(c[:1])) + string(c[1:]) }

func commitmentTitle(t org.CommitmentType) string {
	if t == org.SystemRequirement {
		return "System requirement"
	}
	return "Service commitment"
}

func systemName(x described) string {
	if x.System.Name == "" {
		return "System description"
	}
	return x.System.Name
}

// incidentLine is when an incident began, was found and ended, and what was decided about it.
func incidentLine(i org.Incident) string {
	parts := []string{"began " + page.TimeText(i.Started)}
	if i.Detected != nil {
		parts = append(parts, "found "+page.TimeText(*i.Detected))
	}
	if i.Resolved != nil {
		parts = append(parts, "ended "+page.TimeText(*i.Resolved))
	}
	switch i.Decision {
	case org.Describe:
		parts = append(parts, "to be described")
	case org.Omit:
		parts = append(parts, "not to be described")
	default:
		parts = append(parts, "nobody has decided whether it belongs in the description")
	}
	if i.Reason != "" {
		parts = append(parts, i.Reason)
	}
	return strings.Join(parts, "; ")
}

func affected(s org.Subservice) string {
	var parts []string
	if len(s.Criteria) > 0 {
		parts = append(parts, "Affects "+strings.Join(s.Criteria, ", "))
	}
	if len(s.Monitoring) > 0 {
		parts = append(parts, "watched by "+strings.Join(s.Monitoring, ", "))
	}
	return strings.Join(parts, "; ")
}
