package applicability

import (
	"slices"

	"github.com/tickmark/tickmark/internal/catalog"
)

// The categories, as the catalogue calls them.
const (
	security        catalog.CategoryID = "security"
	availability    catalog.CategoryID = "availability"
	confidentiality catalog.CategoryID = "confidentiality"
	integrity       catalog.CategoryID = "processing_integrity"
	privacy         catalog.CategoryID = "privacy"
)

// categories applies R4 to R6 and the logic of domain brief 1.4 to each category.
func (e *engine) categories(soc2 Verdict) {
	e.out.Categories = append(e.out.Categories, e.security(soc2), e.promised(availability, F5a), e.confidentiality(), e.promised(integrity, F5c), e.privacy())
	for i := range e.out.Categories {
		if c := &e.out.Categories[i]; soc2 == NotNeeded && c.Verdict > NotNeeded {
			c.Reasons = append(c.Reasons, Reason{"R4", []FactID{F4}, "It counts once there is a SOC 2 examination."})
		}
	}
}

// security is in whenever there is a SOC 2: its criteria are the common ones, which apply to every category.
func (e *engine) security(soc2 Verdict) CategoryResult {
	c := CategoryResult{Category: security, Verdict: soc2, Commitment: e.answers[F5].Commitment, Reasons: []Reason{}}
	switch {
	case soc2 == NotNeeded:
		c.Reasons = append(c.Reasons, Reason{"R4", []FactID{F4, F5}, "There is no SOC 2 examination."})
	case soc2 == Ask:
		c.Reasons = append(c.Reasons, Reason{"R4", []FactID{F4, F5}, "It comes with a SOC 2 examination, which is not certain yet."})
	case soc2 == Advised:
		c.Reasons = append(c.Reasons, Reason{"R3", []FactID{F3}, "Its criteria are the common ones, which a SOC 2 cannot do without."})
	default:
		c.Reasons = append(c.Reasons, Reason{"R4", e.yes(append([]FactID{F4}, promises...)...), "Its criteria are the common ones: they apply to whatever else is chosen."})
	}
	if soc2 >= Advised && c.Commitment == "" {
		switch e.answers.is(F5) {
		case Yes:
			e.question(F5, "Which commitment promises security? Name it.")
		case Unknown:
			e.ask(F5)
		}
		c.Reasons = append(c.Reasons, Reason{"R4", []FactID{F5}, "No commitment is named yet; the description of the system must name one."})
	}
	return c
}

// promised applies R5 to a category that one fact brings in.
func (e *engine) promised(id catalog.CategoryID, f FactID) CategoryResult {
	c := CategoryResult{Category: id, Reasons: []Reason{}}
	x := e.answers[f]
	switch e.answers.is(f) {
	case Yes:
		if c.Commitment = x.Commitment; c.Commitment != "" {
			c.Verdict = Needed
			c.Reasons = append(c.Reasons, Reason{"R5", []FactID{f}, "A commitment is named that its criteria are read against."})
			break
		}
		c.Verdict = Ask
		c.Reasons = append(c.Reasons, Reason{"R5", []FactID{f}, "There is a promise, but a category is added only for a commitment with a name."})
		e.question(f, "Which commitment is it? Name it, or choose one of the system’s description.")
	case No:
		c.Reasons = append(c.Reasons, Reason{"R5", []FactID{f}, "Nothing of the kind is promised."})
	default:
		e.ask(f)
		c.Verdict = Ask
		c.Reasons = append(c.Reasons, Reason{"R5", []FactID{f}, "It is not known whether anything of the kind is promised."})
	}
	return c
}

// confidentiality is promised, or preferred to privacy by R6.
func (e *engine) confidentiality() CategoryResult {
	c := e.promised(confidentiality, F5b)
	if e.answers.is(F4a) == Yes && c.Verdict < Needed {
		c.Verdict = max(c.Verdict, Advised)
		c.Reasons = append(c.Reasons, Reason{"R6", []FactID{F4a}, "Personal data is held only for business customers: confidentiality fits better than privacy. Name the commitment to them."})
		if e.answers.is(F5b) == No {
			e.question(F5b, "Do contracts with the business customers really promise nothing about keeping or returning their data?")
		}
	}
	return c
}

// privacy is promised by F5d; R6 speaks against it.
func (e *engine) privacy() CategoryResult {
	c := e.promised(privacy, F5d)
	switch {
	case e.answers.is(F4a) != Yes:
		if c.Verdict > NotNeeded {
			e.ask(F4a)
		}
	case e.answers.is(F5d) == Yes:
		c.Verdict = min(c.Verdict, Ask)
		c.Reasons = append(c.Reasons, Reason{"R6", []FactID{F4a, F5d}, "Two answers contradict each other: no commitment to individuals, and one to individuals."})
		e.question(F4a, "Is there a commitment of your own to individuals, or is there none? Two answers contradict each other.")
	default:
		c.Reasons = append(c.Reasons, Reason{"R6", []FactID{F4a}, "Many privacy criteria would not apply to a processor without commitments to individuals."})
	}
	return c
}

// Omitted applies R12 to the categories an organisation chooses for a SOC 2: what readers would expect and do not find.
func Omitted(r Recommendation, chosen []catalog.CategoryID) []Reason {
	out := []Reason{}
	if len(chosen) == 0 {
		return out
	}
	if !slices.Contains(chosen, security) {
		out = append(out, Reason{"R12", []FactID{F4, F5}, "Security is left out. Readers who worry about intrusion would be misled, and the service auditor may decline. The common criteria apply all the same."})
	}
	for _, c := range r.Categories {
		if c.Category != security && c.Verdict == Needed && !slices.Contains(chosen, c.Category) {
			out = append(out, Reason{"R12", c.Reasons[0].Facts, "A commitment is named for " + Words(c.Category) + ", but the category is left out. Readers would expect it."})
		}
	}
	return out
}

// Unfounded names the chosen categories for which no commitment is named (R5).
func Unfounded(r Recommendation, chosen []catalog.CategoryID) []Reason {
	out := []Reason{}
	for _, id := range chosen {
		if c := r.Category(id); c.Commitment == "" {
			out = append(out, Reason{"R5", []FactID{}, "No commitment is named for " + Words(id) + ". A category belongs in the report when there is one to keep."})
		}
	}
	return out
}

// Words is a category in running text.
func Words(id catalog.CategoryID) string {
	if id == integrity {
		return "processing integrity"
	}
	return string(id)
}
