package api

import (
	"time"

	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

type declared struct {
	Ref      string            `json:"ref"`
	Title    string            `json:"title"`
	State    incident.State    `json:"state"`
	Severity incident.Severity `json:"severity"`
	Outcome  incident.Outcome  `json:"outcome,omitempty"`
	Declared time.Time         `json:"declared"`
	Updated  time.Time         `json:"updated"`
	Alerts   []string          `json:"alerts,omitempty"`
	Evidence string            `json:"evidence,omitempty"` // the case file of a closed one
	Version  int               `json:"version"`
}

func (a *answers) incidents(r *page.Request) error {
	q, err := paged(r)
	if err != nil {
		return err
	}
	q.Sort, q.Desc = "declared", true
	res, err := a.Incidents.List(r.Context(), r.Read(), incident.Filter{}, q)
	if err != nil {
		return err
	}
	return listed(r, q, res, func(x incident.Incident) any {
		return declared{x.Ref, x.Title, x.State, x.Severity, x.Outcome, x.Created, x.Updated, x.Alerts, x.Evidence, x.Version}
	})
}

func (a *answers) caseFile(r *page.Request) error {
	x, err := a.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	c, err := a.Incidents.CaseFile(r.Context(), r.Read(), r.Now, x)
	if err != nil {
		return err
	}
	return say(r, c)
}

// caseBundle gives the newest bundle of a case file. Reading makes none: a bundle is sealed in the ledger.
func (a *answers) caseBundle(r *page.Request) error {
	if a.Cases == nil {
		return errs.New(errs.Unavailable, "nothing runs in the background here")
	}
	out, err := a.Cases.BundledCase(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	defer out.Body.Close()
	return r.Attach(out.Name, out.Type, out.Size, out.Modified, out.Body)
}
