package planning

import (
	"bytes"

	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/web/page"
)

// pdf sends a decision as a small document, made from what was kept: the same bytes each time.
func (p *pages) pdf(r *page.Request) error {
	x, _, err := p.find(r)
	if err != nil {
		return err
	}
	list, err := p.commitments(r)
	if err != nil {
		return err
	}
	org := r.Grant.Org
	doc := report.Decision(x.Decision, report.DecisionFacts{Org: org.Name, Simulated: org.Simulated, By: x.Who, What: x.What, Commitment: func(named string) string { return commitmentText(list, named) }, Category: p.categoryName})
	var out bytes.Buffer
	if _, err := pdf.Render(&out, doc, pdf.Options{}); err != nil {
		return err
	}
	return r.Attach(x.Ref()+"-which-report.pdf", "application/pdf", int64(out.Len()), x.At, &out)
}
