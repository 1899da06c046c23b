package access

import (
	"context"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Service is the use cases of access.
type Service struct {
	Store       Store
	Credentials Credentials
	Tx          Tx
	Recorder    Recorder
	Sealer      Sealer
	Desk        DeskStore
	Audits      AuditStore
}

var slugForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// NewOrg is what creating an organisation needs.
type NewOrg struct {
	Slug, Name string
	Simulated  bool
	Kind       OrgKind // empty is a service organisation
}

// NewUser is what creating an account needs. An empty password makes an account that cannot sign in yet.
type NewUser struct {
	Email, Name, Password string
	Role                  Role
}

// CreateOrg makes an organisation with its first owner, or an audit firm with its first partner. Only the operator of the machine can call it, so it needs no scope;
// it is the first entry of the new organisation's trail.
func (s *Service) CreateOrg(ctx context.Context, now time.Time, operatorName string, o NewOrg, first NewUser) (Org, User, error) {
	o.Slug, o.Name = strings.TrimSpace(o.Slug), strings.TrimSpace(o.Name)
	if !slugForm.MatchString(o.Slug) {
		return Org{}, User{}, errs.New(errs.Invalid, "%q cannot be a short name: use 1 to 40 lower case letters, digits and hyphens", o.Slug).At("slug")
	}
	if err := validName(o.Name, "organisation"); err != nil {
		return Org{}, User{}, err
	}
	if o.Kind == "" {
		o.Kind = ServiceOrg
	}
	first.Role = o.Kind.Roles()[0]
	org := Org{ID: OrgID(id.New("org", now)), Kind: o.Kind, Slug: o.Slug, Name: o.Name, Simulated: o.Simulated, Created: now}
	var u User
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddOrg(ctx, org); err != nil {
			return errs.As(errs.KindOf(err), err, "organisation %q", o.Slug)
		}
		scope := s.operatorScope(org.ID, operatorName)
		if _, err := s.Recorder.Append(ctx, scope, now, "org.created", string(org.ID),
			map[string]any{"slug": org.Slug, "name": org.Name, "kind": string(org.Kind), "simulated": org.Simulated}); err != nil {
			return err
		}
		var err error
		u, err = s.addUser(ctx, scope, now, first)
		return err
	})
	return org, u, err
}

// AddUser makes an account, or finds the one with the email, and gives it a role in the scope's organisation.
func (s *Service) AddUser(ctx context.Context, scope Scope, now time.Time, n NewUser) (User, error) {
	if err := scope.Require(ManageUsers); err != nil {
		return User{}, err
	}
	var u User
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		u, err = s.addUser(ctx, scope, now, n)
		return err
	})
	return u, err
}

func (s *Service) addUser(ctx context.Context, scope Scope, now time.Time, n NewUser) (User, error) {
	email, err := validEmail(n.Email)
	if err != nil {
		return User{}, err
	}
	o, err := s.Store.OrgByID(ctx, scope.Org())
	if err != nil {
		return User{}, err
	}
	if err := o.Kind.check(n.Role); err != nil {
		return User{}, err
	}
	u, err := s.Store.UserByEmail(ctx, email)
	switch {
	case err == nil:
		if _, err := s.Store.Role(ctx, scope.Org(), u.ID); err == nil {
			return User{}, errs.New(errs.Conflict, "%s is a member already", email).At("email").
				WithHint("Change the role instead: tickmark user role %s ROLE", email)
		}
		// Whoever holds the first link to set its password would have this membership too.
		if u.Hash == "" && scope.Role() != operator {
			return User{}, errs.New(errs.Conflict, "%s was invited elsewhere and has not signed in yet", email).At("email").WithHint("Try again when the person has set a password.")
		}
	case errs.Is(err, errs.NotFound):
		if u, err = s.newUser(ctx, now, email, n); err != nil {
			return User{}, err
		}
	default:
		return User{}, err
	}
	if err := s.Store.SetRole(ctx, scope.Org(), u.ID, n.Role, now); err != nil {
		return User{}, err
	}
	_, err = s.Recorder.Append(ctx, scope, now, "access.granted", string(u.ID), map[string]any{"email": u.Email, "name": u.Name, "role": string(n.Role)})
	return u, err
}

func (s *Service) newUser(ctx context.Context, now time.Time, email string, n NewUser) (User, error) {
	if err := validName(n.Name, "name"); err != nil {
		return User{}, err
	}
	u := User{ID: UserID(id.New("usr", now)), Email: email, Name: strings.TrimSpace(n.Name), Created: now}
	if n.Password != "" {
		if err := validPassword(n.Password); err != nil {
			return User{}, err
		}
		u.Hash = hashPassword(n.Password)
	}
	return u, s.Store.AddUser(ctx, u)
}

// SetPassword replaces a member's password and ends the account's sessions. People change their own; owners anybody's who
// belongs to their organisation alone.
func (s *Service) SetPassword(ctx context.Context, scope Scope, now time.Time, user UserID, password string) error {
	if scope.User() != user {
		if _, err := s.manage(ctx, scope, user); err != nil {
			return err
		}
	}
	if err := validPassword(password); err != nil {
		return err
	}
	hash := hashPassword(password)
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.memberOf(ctx, scope.ReadScope, user)
		if err != nil {
			return err
		}
		u.Hash = hash
		if err := s.Store.UpdateUser(ctx, u); err != nil {
			return err
		}
		if err := s.Credentials.EndSessions(ctx, user); err != nil {
			return err
		}
		_, err = s.Recorder.Append(ctx, scope, now, "access.password_set", string(user), map[string]any{})
		return err
	})
}

// memberOf reads an account only if it belongs to the scope's organisation.
func (s *Service) memberOf(ctx context.Context, scope ReadScope, user UserID) (User, error) {
	if _, err := s.Store.Role(ctx, scope.Org(), user); err != nil {
		return User{}, errs.Wrap(err, "user %s", user)
	}
	return s.Store.UserByID(ctx, user)
}

// Members lists the people of the scope's organisation.
func (s *Service) Members(ctx context.Context, scope ReadScope) ([]Member, error) {
	if !scope.Can(ReadAudits) { // the people of a firm know one another
		if err := scope.Require(ReadProgramme); err != nil {
			return nil, err
		}
	}
	return s.Store.Members(ctx, scope.Org())
}

// Member finds a person of the scope's organisation by identifier or email.
func (s *Service) Member(ctx context.Context, scope ReadScope, who string) (Member, error) {
	all, err := s.Members(ctx, scope)
	if err != nil {
		return Member{}, err
	}
	for _, m := range all {
		if string(m.ID) == who || strings.EqualFold(m.Email, who) {
			return m, nil
		}
	}
	return Member{}, errs.New(errs.NotFound, "nobody with the identifier or email %q", who).WithHint("tickmark user list")
}

// Operator is the scope of whoever holds the machine: the right to open the data folder and its key file is the
// credential. Everything done with it is recorded under the name of the operating system's user.
func (s *Service) Operator(ctx context.Context, org OrgID, name string) (Scope, error) {
	if _, err := s.Store.OrgByID(ctx, org); err != nil {
		return Scope{}, err
	}
	return s.operatorScope(org, name), nil
}

func (s *Service) operatorScope(org OrgID, name string) Scope {
	r, _ := mint(org, "", "operator:"+name, operator, nil)
	return Scope{r}
}

// System is the scope of one of the program's own jobs.
func (s *Service) System(org OrgID, job string) Scope {
	r, _ := mint(org, "", "system:"+job, system, nil)
	return Scope{r}
}

// Orgs lists every organisation, for the operator and for jobs that run for each.
func (s *Service) Orgs(ctx context.Context) ([]Org, error) { return s.Store.Orgs(ctx) }

// OrgBySlug finds an organisation by its short name.
func (s *Service) OrgBySlug(ctx context.Context, slug string) (Org, error) {
	return s.Store.OrgBySlug(ctx, slug)
}

// Org reads the scope's own organisation.
func (s *Service) Org(ctx context.Context, scope ReadScope) (Org, error) {
	return s.Store.OrgByID(ctx, scope.Org())
}

func validEmail(s string) (string, error) {
	a, err := mail.ParseAddress(strings.TrimSpace(s))
	if err != nil || a.Name != "" || len(a.Address) > 254 {
		return "", errs.New(errs.Invalid, "%q is not an email address", s).At("email")
	}
	return strings.ToLower(a.Address), nil
}

// maxName bounds names of people and organisations, in characters.
const maxName = 120

func validName(s, field string) error {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return errs.New(errs.Invalid, "the %s is empty", field).At(field)
	case n > maxName:
		return errs.New(errs.Invalid, "the %s has %d characters; at most %d are kept", field, n, maxName).At(field)
	case !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\n"):
		return errs.New(errs.Invalid, "the %s contains characters that cannot be shown on one line", field).At(field)
	}
	return nil
}
