package app

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
)

// words are section I as the demo's partner wrote it. They are an example; the program writes no such words.
func (x *demoExam) section(e engagement.Engagement, org, system string, bad []string) issue.Words {
	over := "the period " + e.Period.From.Time().Format("2 January 2006") + " to " + e.Period.Last().Time().Format("2 January 2006")
	basis := "the description criteria and the trust services criteria that management's assertion names"
	aim := org + "'s service commitments and system requirements were achieved"
	if e.Report == engagement.SOC1 {
		basis, aim = "the criteria that management's assertion names", "the control objectives stated in the description were achieved"
	}
	w := issue.Words{Addressee: "The management of " + org, City: "Harbour City", Opinions: map[string]string{}, Readers: []string{org, "User entities of " + system + " during some or all of the period, and their auditors"}}
	texts := map[string]string{
		"Scope": "We examined the description by " + org + " of " + system + " throughout " + over + ", and the suitability of the design and the operating effectiveness of the controls stated in it, against " + basis + ". " +
			"The description names services of subservice organisations and assumes complementary controls there and at user entities; we did not examine those.",
		"Responsibilities of the service organisation": org + " is responsible for its commitments, for the description and the assertion with a reasonable basis, for choosing the criteria or objectives, and for designing, implementing and operating the controls.",
		"Responsibilities of the service auditor": "We are responsible for an opinion from our examination. We followed the attestation standards that the report names: we planned and performed the examination for reasonable assurance, are independent, and keep a system of quality management. " +
			"We assessed risks, tested controls, and evaluated the description as a whole. We believe that the evidence is sufficient and appropriate for our opinion.",
		"Inherent limitations":             "The description serves the common needs of many readers and may leave out what one of them finds important. Controls may fail by error or by being overridden, and what held in the period may not hold later.",
		"Description of tests of controls": "The controls that we tested, and the nature, timing and results of our tests, are listed in section IV.",
	}
	for _, h := range issue.Headings(e) {
		w.Paragraphs = append(w.Paragraphs, engagement.Named{Name: h, Text: texts[h]})
	}
	for _, m := range issue.Matters(e) {
		switch m {
		case engagement.MatterDescription:
			w.Opinions[m] = "In our opinion, in all material respects, the description presents " + system + " as designed and implemented throughout " + over + "."
		case engagement.MatterDesign:
			w.Opinions[m] = "In our opinion, in all material respects, the controls were suitably designed throughout " + over + " to give reasonable assurance that " + aim + ", if the complementary controls operated as assumed."
		default:
			except := "in all material respects, "
			if len(bad) > 0 {
				except = "except for the matter described in the basis for it, in all material respects, "
			}
			w.Opinions[m] = "In our opinion, " + except + "the controls operated effectively throughout " + over + " to give reasonable assurance that " + aim + ", if the complementary controls operated effectively, too."
		}
	}
	if e.Report != engagement.SOC1 {
		w.Readers = append(w.Readers, "Business partners and prospective customers with sufficient knowledge of the system", "Regulators")
	}
	return w
}

// issue hands over everything with section I, has management freeze it, and releases the report: the partner's act.
func (x *demoExam) issue(ctx context.Context) error {
	partner := x.auditors[access.Partner]
	e, err := x.App.Engagement.Store.Engagement(ctx, partner.Client, x.id)
	if err != nil {
		return err
	}
	desc, err := x.App.System.Description(ctx, x.client.ReadScope, x.at)
	if err != nil {
		return err
	}
	bad, err := x.failed(ctx)
	if err != nil {
		return err
	}
	if _, err := x.App.Issue.Write(ctx, partner, x.then(), 0, x.section(e, partner.ClientOrg.Name, desc.System.Name, bad)); err != nil {
		return err
	}
	if _, err := x.App.Issue.HandOver(ctx, partner, x.then(), issue.New{Report: true, Date: period.Of(x.at)}); err != nil {
		return err
	}
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	f, err := x.App.Engagement.Freeze(ctx, lead, x.then(), x.id, nil)
	if err != nil {
		return err
	}
	if _, _, err := x.App.Engagement.Report(ctx, lead, x.then(), f); err != nil {
		return err
	}
	if _, err := x.App.Ledger.Seal(ctx, x.then()); err != nil {
		return err
	}
	_, err = x.App.Issue.Issue(ctx, partner, x.then(), "")
	return err
}

// distribute names readers, gives some of them their link, and lets one read; then monitoring goes on. A bridge letter into the future
// is tried, and refused.
func (x *demoExam) distribute(ctx context.Context) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	s := x.App.Issue
	list := []issue.NewReader{
		{Name: "Lena Fischer", Company: "Contoso Bank", Email: "lena.fischer@contoso-bank.example", Kind: issue.UserEntity},
		{Name: "Aldo Brandi", Company: "Brandi & Wolff, auditors of Contoso Bank", Email: "a.brandi@brandi-wolff.example", Kind: issue.UserAuditor},
		{Name: "Sanne de Vries", Company: "Fabrikam Retail", Email: "sanne@fabrikam.example", Kind: issue.UserEntity},
	}
	if x.period.Days() > 0 && strings.HasPrefix(x.ref, "SOC2") {
		list = append(list, issue.NewReader{Name: "Ines Moreau", Company: "Adventure Works", Email: "ines.moreau@adventure-works.example", Kind: issue.Prospect})
	}
	for i, n := range list {
		r, err := s.Name(ctx, lead, x.then(), x.id, n)
		if err != nil {
			return err
		}
		if i == len(list)-1 {
			continue // named, without a link yet
		}
		_, path, err := s.MakeLink(ctx, lead, x.then(), x.id, r.Ref)
		if err != nil {
			return err
		}
		if i > 1 {
			continue // did not open it yet
		}
		_, secret, _ := strings.Cut(path, ".")
		if _, err := s.Agree(ctx, x.reader(), x.then(), secret); err != nil {
			return err
		}
		if _, _, _, err := s.Copy(ctx, x.reader(), x.then(), secret); err != nil {
			return err
		}
	}
	if err := x.move(ctx, lead, engagement.Maintained, ""); err != nil {
		return err
	}
	return x.bridge(ctx, lead)
}

// reader is the scope with which the page of a reader's link acts.
func (x *demoExam) reader() access.Scope { return x.App.Access.System(x.client.Org(), "reader") }

// bridge tries a letter for the months ahead: management cannot say what has not happened, so that it has to be refused.
func (x *demoExam) bridge(ctx context.Context, lead access.Scope) error {
	ahead := period.Period{From: x.period.To, To: period.Of(x.at) + 60}
	_, err := x.App.Letters.Start(ctx, lead, x.then(), x.id, letter.Bridge, ahead)
	if errs.Is(err, errs.Invalid) {
		return nil
	}
	if err == nil {
		err = errs.New(errs.Internal, "a bridge letter until %s was begun on %s", ahead.Last(), x.at.Format(time.DateOnly))
	}
	return err
}
