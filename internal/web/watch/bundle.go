package watch

import (
	"time"

	"github.com/tickmark/tickmark/internal/web/page"
)

// bundleCase has the case file packed with its records and proofs.
func (p *pages) bundleCase(r *page.Request) error {
	_, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Incidents.Incident(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if _, err := p.Cases.BundleCase(r.Context(), scope, x.Ref); err != nil {
		return err
	}
	return r.Redirect(incidentURL(x.Ref)+"#h-bundle", "The case file of "+x.Ref+" is being packed.")
}

// caseBundle gives the newest bundle of the case file.
func (p *pages) caseBundle(r *page.Request) error {
	out, err := p.Cases.BundledCase(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	defer out.Body.Close()
	return r.Attach(out.Name, out.Type, out.Size, out.Modified, out.Body)
}

// bundleWeek is how long a bundle waits to be fetched.
const bundleWeek = 7 * 24 * time.Hour

// bundleThere says whether there is a bundle to fetch: one that was made and waits, or one that is kept as evidence.
func bundleThere(v incidentView) bool {
	j := v.Packing
	return v.Bundle != "" || j != nil && j.Status == "done" && j.Finished != nil && v.Now.Sub(*j.Finished) < bundleWeek
}

func packWord(v incidentView) string {
	if bundleThere(v) {
		return "Make it again"
	}
	return "Make the bundle"
}
