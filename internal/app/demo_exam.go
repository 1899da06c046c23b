package app

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
)

// demoExam is an examination of a client of the demo's firm, from planning to the report. Every act is somebody's, through the
// service that pages call.
type demoExam struct {
	*demoAudit
	client   access.Scope // the operator's at the client
	lead     string       // email of who works on it for the client
	signer   DemoUser     // who signs for management, with a second factor
	office   string
	scopes   map[string]access.Scope // of the client's people
	records  []demoRecord            // what people of the client can show by hand
	filed    map[string]string       // control: reference of the evidence that shows it
	examined []Planted               // what is wrong in the records, for the auditor to find
	ref, id  string
	period   period.Period
	auditors map[access.Role]access.AuditScope
	at       time.Time // of the last act; each takes less than a minute
}

// then is the instant of the next act.
func (x *demoExam) then() time.Time {
	x.at = x.at.Add(40 * time.Second)
	return x.at
}

// person is the scope of somebody of the client.
func (x *demoExam) person(ctx context.Context, email string) (access.Scope, error) {
	if s, ok := x.scopes[email]; ok {
		return s, nil
	}
	s, err := x.App.Access.As(ctx, x.client, x.then(), email)
	if err == nil {
		x.scopes[email] = s
	}
	return s, err
}

// manager makes the account that signs for management, with a second factor.
func (x *demoExam) manager(ctx context.Context) error {
	x.signer.Password = id.Secret(passwordLength)
	now := x.then()
	u, err := x.App.Access.AddUser(ctx, x.client, now, access.NewUser{Email: x.signer.Email, Name: x.signer.Name, Password: x.signer.Password, Role: x.signer.Role})
	if err != nil {
		return err
	}
	o, err := x.App.Access.Org(ctx, x.client.ReadScope)
	if err != nil {
		return err
	}
	if x.signer.Secret, _, err = x.App.Access.EnrolTOTP(o, u); err != nil {
		return err
	}
	scope, err := x.person(ctx, x.signer.Email)
	if err != nil {
		return err
	}
	code, err := totp.GenerateCode(x.signer.Secret, now)
	if err != nil {
		return err
	}
	x.signer.Org = o.Name
	x.Users = append(x.Users, x.signer)
	return x.App.Access.ConfirmTOTP(ctx, scope, now, u.ID, x.signer.Secret, code)
}

// decide records which report the client needs, and why.
func (x *demoExam) decide(ctx context.Context, answers applicability.Answers, c applicability.Chosen) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	d, err := x.App.Applicability.Draft(ctx, lead.ReadScope)
	if err == nil {
		d, err = x.App.Applicability.Answer(ctx, lead, x.then(), d.Version, answers)
	}
	if err != nil {
		return err
	}
	if _, err = x.App.Applicability.Decide(ctx, lead, x.then(), d.Version, c); err != nil {
		return err
	}
	return x.App.Applicability.Discard(ctx, lead, x.then(), d.Version)
}

// open plans the examination, and takes it as far as readiness.
func (x *demoExam) open(ctx context.Context, n engagement.New) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	e, _, err := x.App.Engagement.Create(ctx, lead, x.then(), n)
	if err != nil {
		return err
	}
	x.ref, x.id, x.period = e.Ref, string(e.ID), e.Period
	for _, to := range []engagement.State{engagement.Scoping, engagement.Readiness} {
		if err := x.move(ctx, lead, to, ""); err != nil {
			return err
		}
	}
	return nil
}

// stated is why people say that a condition is met which no record shows.
var stated = map[string]string{
	"scope_signed":    "Agreed by the sponsor in the meeting that began the examination; the minutes are filed.",
	"inventory":       "Systems, people and vendors were compared with what the connections and the registers hold.",
	"gaps_closed":     "The gaps of the readiness review are closed; two risks were accepted until the end of the year.",
	"operating_since": "The controls operate since the first day of the period.",
	"comments_closed": "All comments on the draft are answered and closed.",
}

// move takes the examination to another state: what no record shows is stated first.
func (x *demoExam) move(ctx context.Context, by access.Scope, to engagement.State, reason string) error {
	s := x.App.Engagement
	e, err := s.Store.Engagement(ctx, by.ReadScope, x.id)
	if err != nil {
		return err
	}
	if next, _ := e.Next(); next == to {
		all, err := s.Gates(ctx, by.ReadScope, x.then(), e)
		if err != nil {
			return err
		}
		for _, g := range all {
			if !g.Met && !g.Computed {
				if _, err := s.Confirm(ctx, by, x.then(), x.id, g.Key, stated[g.Key]); err != nil {
					return errs.Wrap(err, "%s", g.Key)
				}
			}
		}
	}
	_, err = s.Move(ctx, by, x.then(), x.id, e.Version, to, reason)
	return err
}

// engage lets the firm in: two people on each side at least, each with a declaration of independence, and the letter of engagement.
func (x *demoExam) engage(ctx context.Context) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	if err := x.move(ctx, lead, engagement.Remediation, ""); err != nil {
		return err
	}
	if err := x.move(ctx, lead, engagement.AuditorEngaged, ""); err != nil {
		return err
	}
	e, err := x.App.Engagement.Store.Engagement(ctx, lead.ReadScope, x.id)
	if err != nil {
		return err
	}
	if _, err := x.App.Engagement.RecordFirm(ctx, lead, x.then(), x.id, e.Version, engagement.FirmFacts{Name: "Harlow & Pike LLP", Licence: "CPA firm permit 0417, Board of Accountancy of Northland", PeerReview: period.Of(x.at) - 200}); err != nil {
		return err
	}
	if err := x.invite(ctx, lead); err != nil {
		return err
	}
	items, err := x.App.Evidence.Add(ctx, lead, x.then(), newEvidence, evidence.Upload{
		Title: "Letter of engagement with Harlow & Pike LLP", Kind: evidence.Document, Class: evidence.Confidential, Shows: "What the firm and management agreed for " + x.ref + ".",
		Obtained: "Signed by both sides, sent by the firm's partner", Files: []evidence.File{evidence.Bytes("letter-of-engagement-"+strings.ToLower(x.ref)+".txt", []byte("Letter of engagement, "+x.ref+"\n\nHarlow & Pike LLP examines, management is responsible for the description, the controls and its assertion.\nSigned by both sides.\n"))},
		From: x.at.Truncate(24 * time.Hour), To: x.at.Truncate(24 * time.Hour), Received: x.at,
	})
	if err != nil {
		return err
	}
	if err := x.sign(ctx, letter.Engagement, items[0].Ref, period.Of(x.at).Time().Format("2 January 2006")); err != nil {
		return err
	}
	return x.move(ctx, lead, engagement.Observation, "")
}

func newEvidence(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }

// invite invites the partner, who lets the team in.
func (x *demoExam) invite(ctx context.Context, lead access.Scope) error {
	x.auditors = map[access.Role]access.AuditScope{}
	for _, u := range x.Users {
		if !strings.HasSuffix(u.Email, "@harlow-pike.example") || u.Role == access.Auditor {
			continue
		}
		var err error
		if u.Role == access.Partner {
			_, _, err = x.App.Access.InviteFirm(ctx, lead, x.then(), x.id, access.NewFirm{Mail: u.Email})
		} else {
			_, err = x.App.Access.AddToTeam(ctx, x.auditors[access.Partner], x.then(), x.firm[u.Role])
		}
		if err != nil {
			return err
		}
		if x.auditors[u.Role], err = x.enter(ctx, x.then(), u, x.id); err != nil {
			return err
		}
	}
	return nil
}

var blanks = regexp.MustCompile(`\[to be written[^\]]*\]`)

// sign writes a letter, fills in what only people can say, and signs it with a code of the second factor.
func (x *demoExam) sign(ctx context.Context, k letter.Kind, file string, words ...string) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	signer, err := x.person(ctx, x.signer.Email)
	if err != nil {
		return err
	}
	l, err := x.App.Letters.Start(ctx, lead, x.then(), x.id, k, period.Period{})
	if err != nil {
		return err
	}
	n := 0
	body := blanks.ReplaceAllStringFunc(l.Body, func(string) string {
		n++
		return words[min(n, len(words))-1]
	})
	if l, err = x.App.Letters.Edit(ctx, lead, x.then(), l.Ref, l.Edit, letter.Words{Title: l.Title, Body: body, File: file}); err != nil {
		return errs.Wrap(err, "%s", k)
	}
	code, err := totp.GenerateCode(x.signer.Secret, x.then())
	if err != nil {
		return err
	}
	_, err = x.App.Letters.Sign(ctx, signer, x.at, l.Ref, l.Edit, letter.Signature{Name: x.signer.Name, Office: x.office, Code: code})
	return errs.Wrap(err, "sign the %s", k)
}

// file keeps what people of the client can show by hand: the records of each control, as the list of their system.
func (x *demoExam) file(ctx context.Context) error {
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	x.filed = map[string]string{}
	for _, r := range x.records {
		if _, err := x.App.Controls.Control(ctx, lead.ReadScope, r.control); errs.Is(err, errs.NotFound) {
			continue
		} else if err != nil {
			return err
		}
		items, err := x.App.Evidence.Add(ctx, lead, x.then(), newEvidence, evidence.Upload{
			Title: r.title, Kind: evidence.Document, Class: evidence.Internal, Shows: "Every " + r.member + " of the period, and whether it was as the control requires.", Obtained: "Exported from " + r.system + " by its owner, over the whole period",
			Files: []evidence.File{evidence.Bytes(r.file(), r.csv(x))}, From: x.period.From.Time(), To: x.period.To.Time(), Received: x.at, Controls: []string{r.control},
		})
		if err != nil {
			return errs.Wrap(err, "records of %s", r.control)
		}
		x.filed[r.control] = items[0].Ref
		for _, w := range r.wrong {
			x.examined = append(x.examined, Planted{Test: x.ref + "/" + r.control, Item: r.key(w.n), Why: w.why, At: x.at})
		}
	}
	return nil
}

// soc2 is what the demo decides about its service in the first days.
var soc2 = applicability.Chosen{Reports: []applicability.ReportID{applicability.SOC2}, Type: applicability.Type2, Categories: []catalog.CategoryID{catalog.Security, catalog.Availability, catalog.Confidentiality},
	Reason: "Customers ask for it in their contracts; the controls have operated for months."}
