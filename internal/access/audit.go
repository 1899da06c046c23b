package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Invited is somebody of a firm who was invited to an engagement of a client. People of a firm belong to the firm's own
// organisation and own nothing of the client's (brief 4.6): an invitation lets them read there, and ask.
type Invited struct {
	ID         string
	Engagement string
	Client     OrgID
	Firm       OrgID
	User       UserID
	At         time.Time
	By         string     // actor
	Declared   *time.Time // when they declared themselves independent; nothing opens before
	Said       string     // what they declared
	Entered    int64      // last day they opened it, in days since 1970; 0 for never
	Removed    *time.Time
	RemovedBy  string
	Why        string
	// Names, filled when listed.
	Name, Email, FirmName, ClientName string
	Role                              Role // in the firm; empty for who left it
}

// AuditStore keeps who was invited to which engagement. Laws: one live invitation for a person and an engagement, a second is a
// Conflict; rows are ended, never removed.
type AuditStore interface {
	AddInvited(ctx context.Context, i Invited) error
	// InvitedTo reads the live invitation of a person to an engagement; NotFound when there is none.
	InvitedTo(ctx context.Context, engagement string, user UserID) (Invited, error)
	// InvitedBy lists the invitations to an engagement of a client, ended ones too, oldest first, with names.
	InvitedBy(ctx context.Context, client OrgID, engagement string) ([]Invited, error)
	// InvitationsOf lists the live invitations of a person, oldest first, with names.
	InvitationsOf(ctx context.Context, user UserID) ([]Invited, error)
	// SaveInvited keeps the declaration, the day and the end of an invitation that is still live.
	SaveInvited(ctx context.Context, i Invited) error
}

// AuditScope is what somebody of a firm may do in one engagement of a client: write the firm's own records, read the client's,
// and write what both sides see.
type AuditScope struct {
	Firm       Scope     // at home: workpapers, samples, conclusions
	Client     ReadScope // the client's records, as an auditor reads them
	Engagement string
	ClientOrg  Org
	Invitation Invited
	shared     *Scope
}

// Shared is the scope for what both sides see; Denied for those who only read and remark.
func (a AuditScope) Shared() (Scope, error) {
	if a.shared == nil {
		return Scope{}, errs.New(errs.Denied, "the role %s may not ask a client for anything", a.Firm.Role().Title())
	}
	return *a.shared, nil
}

// NewFirm is what inviting a firm needs.
type NewFirm struct {
	Firm, Slug    string // name and short name of the firm, for one that is not here yet
	Partner, Mail string // its partner for the engagement
}

const maxWhy = 500

// InviteFirm lets a partner of an audit firm into an engagement. A firm that is not here yet gets an organisation of its own, with
// the partner in it; the code is then the one with which the partner sets a password, and empty otherwise.
func (s *Service) InviteFirm(ctx context.Context, scope Scope, now time.Time, engagement string, n NewFirm) (i Invited, code string, err error) {
	if err := scope.Require(ManageEngagement); err != nil {
		return i, "", err
	}
	email, err := validEmail(n.Mail)
	if err != nil {
		return i, "", err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		code = ""
		firm, u, err := s.firmOf(ctx, email)
		if errs.Is(err, errs.NotFound) {
			firm, u, code, err = s.newFirm(ctx, now, n, email)
		}
		if err != nil {
			return err
		}
		i, err = s.invite(ctx, scope, scope.Org(), now, engagement, firm, u)
		return err
	})
	return i, code, err
}

// firmOf finds the firm whose partner or senior an address belongs to. NotFound when nobody has the address.
func (s *Service) firmOf(ctx context.Context, email string) (Org, User, error) {
	u, err := s.Store.UserByEmail(ctx, email)
	if err != nil {
		return Org{}, u, err
	}
	orgs, err := s.Store.MemberOf(ctx, u.ID)
	if err != nil {
		return Org{}, u, err
	}
	for _, org := range orgs {
		o, err := s.Store.OrgByID(ctx, org)
		if err != nil || o.Kind == Firm {
			return o, u, err
		}
	}
	return Org{}, u, errs.New(errs.Conflict, "%s belongs to no audit firm here", email).At("mail").
		WithHint("An auditor's account belongs to the firm's own organisation. Use the address the person has there.")
}

func (s *Service) newFirm(ctx context.Context, now time.Time, n NewFirm, email string) (Org, User, string, error) {
	org, u, err := s.CreateOrg(ctx, now, "invitation", NewOrg{Slug: n.Slug, Name: n.Firm, Kind: Firm}, NewUser{Email: email, Name: n.Partner})
	if err != nil {
		return org, u, "", err
	}
	code, err := s.link(ctx, s.operatorScope(org.ID, "invitation"), now, u, "access.invited", inviteLife)
	return org, u, code, err
}

// invite adds the invitation and tells both trails.
func (s *Service) invite(ctx context.Context, by Scope, client OrgID, now time.Time, engagement string, firm Org, u User) (Invited, error) {
	if _, err := s.Store.Role(ctx, client, u.ID); err == nil {
		return Invited{}, errs.New(errs.Conflict, "%s belongs to the organisation that is examined", u.Email).At("mail").
			WithHint("An auditor is independent of the client. End the membership first, if it was a mistake.")
	} else if !errs.Is(err, errs.NotFound) {
		return Invited{}, err
	}
	if u.Disabled {
		return Invited{}, errs.New(errs.Conflict, "the account of %s is blocked", u.Email).At("mail")
	}
	i := Invited{ID: id.New("inv", now), Engagement: engagement, Client: client, Firm: firm.ID, User: u.ID, At: now, By: by.Actor(), Name: u.Name, Email: u.Email, FirmName: firm.Name}
	if err := s.Audits.AddInvited(ctx, i); err != nil {
		return i, errs.As(errs.KindOf(err), err, "%s is invited already", u.Email)
	}
	said := map[string]any{"engagement": engagement, "email": u.Email, "name": u.Name, "firm": firm.Name}
	return i, s.tellBoth(ctx, by, i, now, "auditor.invited", said)
}

// tellBoth appends to the client's trail and to the firm's: each must be complete without the other.
func (s *Service) tellBoth(ctx context.Context, by Scope, i Invited, now time.Time, kind string, said map[string]any) error {
	for _, org := range []OrgID{i.Client, i.Firm} {
		there := by
		there.org = org
		if _, err := s.Recorder.Append(ctx, there, now, kind, i.Engagement, said); err != nil {
			return err
		}
	}
	return nil
}

// AddToTeam lets somebody else of one's own firm into an engagement one reviews. The client sees it, and can end it.
func (s *Service) AddToTeam(ctx context.Context, a AuditScope, now time.Time, user UserID) (i Invited, err error) {
	if err := a.Firm.Require(ReviewWork); err != nil {
		return i, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.memberOf(ctx, a.Firm.ReadScope, user)
		if err != nil {
			return err
		}
		firm, err := s.Store.OrgByID(ctx, a.Firm.Org())
		if err != nil {
			return err
		}
		i, err = s.invite(ctx, a.Firm, a.Client.Org(), now, a.Engagement, firm, u)
		return err
	})
	return i, err
}

// RemoveAuditor ends an invitation at the client's will; what the firm wrote stays with the firm.
func (s *Service) RemoveAuditor(ctx context.Context, scope Scope, now time.Time, engagement string, user UserID, why string) error {
	if err := scope.Require(ManageEngagement); err != nil {
		return err
	}
	return s.endInvitation(ctx, scope, scope.Org(), now, engagement, user, why)
}

// LeaveTeam ends an invitation at the firm's will.
func (s *Service) LeaveTeam(ctx context.Context, a AuditScope, now time.Time, user UserID, why string) error {
	if user != a.Firm.User() {
		if err := a.Firm.Require(ReviewWork); err != nil {
			return err
		}
	}
	return s.endInvitation(ctx, a.Firm, a.Client.Org(), now, a.Engagement, user, why)
}

func (s *Service) endInvitation(ctx context.Context, by Scope, client OrgID, now time.Time, engagement string, user UserID, why string) error {
	why = strings.TrimSpace(why)
	if why == "" || len(why) > maxWhy {
		return errs.New(errs.Invalid, "say why, in at most %d bytes", maxWhy).At("why")
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		i, err := s.Audits.InvitedTo(ctx, engagement, user)
		if err != nil {
			return err
		}
		if i.Client != client || by.Org() != i.Client && by.Org() != i.Firm {
			return errs.New(errs.NotFound, "nobody of that name is invited")
		}
		i.Removed, i.RemovedBy, i.Why = &now, by.Actor(), why
		if err := s.Audits.SaveInvited(ctx, i); err != nil {
			return err
		}
		return s.tellBoth(ctx, by, i, now, "auditor.removed", map[string]any{"engagement": engagement, "user": string(user), "why": why})
	})
}

// Auditors lists who was invited to an engagement of the scope's organisation, ended invitations too.
func (s *Service) Auditors(ctx context.Context, scope ReadScope, engagement string) ([]Invited, error) {
	if err := scope.Require(ReadEngagement); err != nil {
		return nil, err
	}
	return s.Audits.InvitedBy(ctx, scope.Org(), engagement)
}

// AuditsOf lists the engagements somebody of a firm is invited to now.
func (s *Service) AuditsOf(ctx context.Context, g Grant) ([]Invited, error) {
	if err := g.Read.Require(ReadAudits); err != nil {
		return nil, err
	}
	all, err := s.Audits.InvitationsOf(ctx, g.Read.User())
	var out []Invited
	for _, i := range all {
		if i.Firm == g.Read.Org() {
			out = append(out, i)
		}
	}
	return out, err
}

// Glimpse is the right to read what an engagement is, and nothing else of the client's, for a list of invitations.
func (s *Service) Glimpse(g Grant, i Invited) ReadScope {
	r, _ := mint(i.Client, g.Read.user, g.Read.actor, Auditor, []Action{ReadEngagement})
	return r
}

// roleOf is what a person is to an organisation: a member, or an auditor of a client of their firm for as long as an invitation
// lasts and after they declared independence. NotFound for everybody else.
func (s *Service) roleOf(ctx context.Context, org OrgID, user UserID) (Role, error) {
	role, err := s.Store.Role(ctx, org, user)
	if !errs.Is(err, errs.NotFound) || s.Audits == nil {
		return role, err
	}
	all, ierr := s.Audits.InvitationsOf(ctx, user)
	if ierr != nil {
		return "", ierr
	}
	for _, i := range all {
		if i.Client == org && i.Declared != nil && i.Role != "" {
			return Auditor, nil
		}
	}
	return "", err
}

// visits lists the clients whose records a person may read as an auditor.
func (s *Service) visits(ctx context.Context, user UserID) ([]OrgID, error) {
	if s.Audits == nil {
		return nil, nil
	}
	all, err := s.Audits.InvitationsOf(ctx, user)
	var out []OrgID
	for _, i := range all {
		if i.Declared != nil && i.Role != "" && !slices.Contains(out, i.Client) {
			out = append(out, i.Client)
		}
	}
	return out, err
}

// Independence is what everybody of a firm declares before an engagement opens to them.
const Independence = "I am independent, in fact and appearance, of the organisation that is examined; I design, operate and decide on none of its controls."

// Declare records that an invited person declares independence. Nothing of the client's opens before.
func (s *Service) Declare(ctx context.Context, g Grant, now time.Time, engagement string) error {
	if err := g.Read.Require(ReadAudits); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		i, err := s.invitation(ctx, g, engagement)
		if err != nil || i.Declared != nil {
			return err
		}
		i.Declared, i.Said = &now, Independence
		if err := s.Audits.SaveInvited(ctx, i); err != nil {
			return err
		}
		by, err := g.Write()
		if err != nil {
			return err
		}
		return s.tellBoth(ctx, by, i, now, "auditor.declared", map[string]any{"engagement": engagement, "said": Independence})
	})
}

// Undeclared is the reason that an engagement does not open yet.
type Undeclared struct{ Invitation Invited }

// Error says what is missing.
func (*Undeclared) Error() string { return "independence is not declared yet" }

func (s *Service) invitation(ctx context.Context, g Grant, engagement string) (Invited, error) {
	i, err := s.Audits.InvitedTo(ctx, engagement, g.Read.User())
	if err == nil && i.Firm != g.Read.Org() {
		err = errs.New(errs.NotFound, "no invitation")
	}
	if errs.Is(err, errs.NotFound) {
		// The same answer for an engagement that does not exist and for one of somebody else.
		return i, errs.New(errs.NotFound, "no engagement %s that you are invited to", engagement).WithHint("Ask its partner, or the client, whether your invitation was ended.")
	}
	return i, err
}

// Audit opens an engagement of a client to somebody of a firm who was invited and has declared independence. The first time on
// each day is told in the client's trail.
func (s *Service) Audit(ctx context.Context, g Grant, now time.Time, engagement string) (AuditScope, error) {
	if err := g.Read.Require(ReadAudits); err != nil {
		return AuditScope{}, err
	}
	i, err := s.invitation(ctx, g, engagement)
	if err != nil {
		return AuditScope{}, err
	}
	if i.Declared == nil {
		e := errs.New(errs.Denied, "declare your independence first")
		e.Err = &Undeclared{i}
		return AuditScope{}, e
	}
	firm, err := g.Write()
	if err != nil {
		return AuditScope{}, err
	}
	o, err := s.Store.OrgByID(ctx, i.Client)
	if err != nil {
		return AuditScope{}, err
	}
	client, _ := mint(i.Client, g.Read.user, g.Read.actor, Auditor, nil)
	client.from = g.Read.from
	a := AuditScope{Firm: firm, Client: client, Engagement: engagement, ClientOrg: o, Invitation: i}
	if g.Read.Can(Examine) {
		_, a.shared = mint(i.Client, g.Read.user, g.Read.actor, examiner, nil)
		a.shared.from = g.Read.from
	}
	return a, s.entered(ctx, a, now)
}

// entered tells the client's trail that somebody of the firm opened the engagement, once a day.
func (s *Service) entered(ctx context.Context, a AuditScope, now time.Time) error {
	day := now.Unix() / 86400
	if a.Invitation.Entered == day {
		return nil
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		i, err := s.Audits.InvitedTo(ctx, a.Engagement, a.Invitation.User)
		if err != nil || i.Entered == day {
			return err
		}
		i.Entered = day
		if err := s.Audits.SaveInvited(ctx, i); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, Scope{a.Client}, now, "auditor.entered", a.Engagement, map[string]any{"user": string(i.User), "name": a.Firm.Actor()})
		return err
	})
}
