package training

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/people"
)

// Filter narrows a list of courses. Zero values do not narrow.
type Filter struct {
	Kind   Kind
	Active bool // only those that are not retired
}

// Store keeps courses, tries and completions. Laws: numbers are given in order; a version of a course never changes; AddVersion
// reports a Conflict when the newest version is not the one before; tries and completions are only added, and a completion of a
// person, a course and an instant is kept once.
type Store interface {
	Add(ctx context.Context, s access.Scope, c Course) (Course, error)
	AddVersion(ctx context.Context, s access.Scope, c Course) error
	Retire(ctx context.Context, s access.Scope, id CourseID, at *time.Time) error
	// Course reads a course by identifier or reference in a version; 0 is the newest.
	Course(ctx context.Context, s access.ReadScope, idOrRef string, version int) (Course, error)
	// Courses lists the newest versions.
	Courses(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Course], error)
	// Versions lists all versions of a course, the newest first.
	Versions(ctx context.Context, s access.ReadScope, id CourseID) ([]Course, error)

	AddAttempt(ctx context.Context, s access.Scope, a Attempt) (Attempt, error)
	// Attempts lists the tries at a duty, oldest first.
	Attempts(ctx context.Context, s access.ReadScope, duty campaign.DutyID) ([]Attempt, error)
	AddCompletions(ctx context.Context, s access.Scope, all []Completion) (int, error)
	Completions(ctx context.Context, s access.ReadScope) ([]Completion, error)
}

// Duties is what campaigns ask. The service of package campaign is one.
type Duties interface {
	Signable(ctx context.Context, s access.ReadScope, by campaign.Signer, id campaign.DutyID) (campaign.Duty, error)
	Pass(ctx context.Context, s access.Scope, now time.Time, by campaign.Signer, id campaign.DutyID, score, tries int) (campaign.Duty, error)
	SignMany(ctx context.Context, s access.Scope, now time.Time, list []campaign.Signed) (int, error)
}

// Asked reads what was asked. The store of package campaign does.
type Asked interface {
	Each(ctx context.Context, s access.ReadScope, f campaign.DutyFilter, do func(campaign.Duty) error) error
}

// People is the directory.
type People interface {
	Everyone(ctx context.Context, s access.ReadScope, f people.Filter) ([]people.Person, error)
}

// Service is the use cases of courses.
type Service struct {
	Store  Store
	Duties Duties
	Asked  Asked
	People People
	Tx     access.Tx
	Ledger access.Recorder
}

// Add publishes a new course.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, document string) (Course, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return Course{}, err
	}
	c, err := s.course(scope, now, document)
	if err != nil {
		return c, err
	}
	c.ID, c.Version, c.Newest = CourseID(id.New("crs", now)), 1, 1
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Courses(ctx, scope.ReadScope, Filter{Active: true}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		for _, x := range all.Rows {
			if strings.EqualFold(x.Title, c.Title) {
				return errs.New(errs.Conflict, "%s is called “%s” already", x.Ref, x.Title).At("text").WithHint("Give it another title, or write a new version of %s.", x.Ref)
			}
		}
		if c, err = s.Store.Add(ctx, scope, c); err != nil {
			return err
		}
		return s.said(ctx, scope, now, "course.published", c)
	})
	return c, err
}

func (s *Service) course(scope access.Scope, now time.Time, document string) (Course, error) {
	document = text.Prose(document)
	content, err := Parse(document)
	return Course{Content: content, Text: document, Hash: Hash(document), Created: now, By: scope.Actor()}, err
}

func (s *Service) said(ctx context.Context, scope access.Scope, now time.Time, kind string, c Course) error {
	_, err := s.Ledger.Append(ctx, scope, now, kind, string(c.ID), map[string]any{
		"ref": c.Ref, "version": c.Version, "title": c.Title, "course": string(c.Kind), "minutes": c.Minutes, "questions": len(c.Questions), "pass": c.Pass, "text": c.Hash,
	})
	return err
}

// Stale is the cause of a Conflict when somebody else published a version meanwhile.
type Stale struct{ Theirs Course }

// Error says which version is the newest now.
func (s *Stale) Error() string { return s.Theirs.Ref + " has a newer version" }

// Publish adds a version to a course, on top of the version base. What was asked before is still answered in the version it was
// asked in.
func (s *Service) Publish(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, document string) (Course, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return Course{}, err
	}
	c, err := s.course(scope, now, document)
	if err != nil {
		return c, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Course(ctx, scope.ReadScope, ref, 0)
		if err != nil {
			return err
		}
		if was.Retired != nil {
			return errs.New(errs.Conflict, "%s is retired", was.Ref)
		}
		if base != 0 && base != was.Version {
			e := errs.New(errs.Conflict, "%s has version %d meanwhile", was.Ref, was.Version).WithHint("Compare with what is published now, and send again to publish yours after it.")
			e.Err = &Stale{Theirs: was}
			return e
		}
		if was.Hash == c.Hash {
			return errs.New(errs.Conflict, "nothing is changed").At("text")
		}
		c.ID, c.Ref, c.Version, c.Newest = was.ID, was.Ref, was.Version+1, was.Version+1
		if err := s.Store.AddVersion(ctx, scope, c); err != nil {
			return err
		}
		return s.said(ctx, scope, now, "course.published", c)
	})
	return c, err
}

// Retire takes a course out of what campaigns can ask, or back in.
func (s *Service) Retire(ctx context.Context, scope access.Scope, now time.Time, ref string, retired bool) (Course, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return Course{}, err
	}
	var c Course
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if c, err = s.Store.Course(ctx, scope.ReadScope, ref, 0); err != nil {
			return err
		}
		if (c.Retired != nil) == retired {
			return nil
		}
		kind := "course.restored"
		if c.Retired = nil; retired {
			c.Retired, kind = &now, "course.retired"
		}
		if err := s.Store.Retire(ctx, scope, c.ID, c.Retired); err != nil {
			return err
		}
		return s.said(ctx, scope, now, kind, c)
	})
	return c, err
}

// Begin adds the starter courses that are not here yet, and says how many those were.
func (s *Service) Begin(ctx context.Context, scope access.Scope, now time.Time) (int, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return 0, err
	}
	docs, err := Starters()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, d := range docs {
		_, err := s.Add(ctx, scope, now, d)
		if errs.Is(err, errs.Conflict) {
			continue
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Course reads a course in a version; 0 is the newest. Whoever is asked to take it may read it.
func (s *Service) Course(ctx context.Context, scope access.ReadScope, ref string, version int) (Course, error) {
	if !scope.Can(access.SignDuties) {
		if err := scope.Require(access.ReadPeople); err != nil {
			return Course{}, err
		}
	}
	return s.Store.Course(ctx, scope, ref, version)
}

// Courses lists courses. Sort names: ref, title, kind, minutes, version, created.
func (s *Service) Courses(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Course], error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return paging.Result[Course]{}, err
	}
	return s.Store.Courses(ctx, scope, f, q)
}

// Versions lists the versions of a course, the newest first.
func (s *Service) Versions(ctx context.Context, scope access.ReadScope, c CourseID) ([]Course, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Store.Versions(ctx, scope, c)
}

// Current implements campaign.Subjects.
func (s *Service) Current(ctx context.Context, scope access.ReadScope) ([]campaign.Subject, error) {
	all, err := s.Store.Courses(ctx, scope, Filter{Active: true}, paging.Query{Size: paging.MaxSize, Sort: "ref"})
	var out []campaign.Subject
	for _, c := range all.Rows {
		out = append(out, campaign.Subject{Ref: c.Ref, Title: c.Title, Version: c.Version})
	}
	return out, err
}

// Body implements campaign.Subjects. A course that is retired is still taken by those who were asked before.
func (s *Service) Body(ctx context.Context, scope access.ReadScope, subject string, version int) (campaign.Text, error) {
	c, err := s.Store.Course(ctx, scope, subject, version)
	return campaign.Text{Subject: campaign.Subject{Ref: c.Ref, Title: c.Title, Version: c.Version}, Markdown: c.Text, Hash: c.Hash}, err
}

// Attempts lists the tries at a duty, oldest first.
func (s *Service) Attempts(ctx context.Context, scope access.ReadScope, duty campaign.DutyID) ([]Attempt, error) {
	return s.Store.Attempts(ctx, scope, duty)
}

// Answer keeps a try at the questions of the course a duty asks for. When enough is right, the duty is done in the same
// transaction.
func (s *Service) Answer(ctx context.Context, scope access.Scope, now time.Time, by campaign.Signer, duty campaign.DutyID, answers Answers) (Attempt, error) {
	var a Attempt
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		d, err := s.Duties.Signable(ctx, scope.ReadScope, by, duty)
		if err != nil {
			return err
		}
		c, err := s.Store.Course(ctx, scope.ReadScope, d.Subject, d.Version)
		if err != nil {
			return err
		}
		a = Attempt{ID: id.New("try", now), Duty: d.ID, Person: d.Person, Course: c.Ref, Version: c.Version, Answers: answers, Of: len(c.Questions), At: now}
		if err := c.grade(&a); err != nil {
			return err
		}
		if a, err = s.Store.AddAttempt(ctx, scope, a); err != nil {
			return err
		}
		if a.Passed {
			_, err = s.Duties.Pass(ctx, scope, now, by, duty, a.Right, a.N)
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "duty.tried", string(d.ID), map[string]any{
			"campaign": d.CampaignRef, "person": d.PersonRef, "course": c.Ref, "version": c.Version, "right": a.Right, "of": a.Of, "try": a.N,
		})
		return err
	})
	return a, err
}

// grade counts what is right. Every question needs an answer.
func (c Course) grade(a *Attempt) error {
	if len(a.Answers) != len(c.Questions) {
		return errs.New(errs.Invalid, "the course has %d questions", len(c.Questions))
	}
	for i, q := range c.Questions {
		answer := slices.Compact(slices.Sorted(slices.Values(a.Answers[i])))
		switch {
		case len(answer) == 0:
			return errs.New(errs.Invalid, "choose an answer").At(Field(i))
		case answer[0] < 0 || answer[len(answer)-1] >= len(q.Choices):
			return errs.New(errs.Invalid, "this is no answer to the question").At(Field(i))
		case !q.Many() && len(answer) > 1:
			return errs.New(errs.Invalid, "choose one answer").At(Field(i))
		}
		a.Answers[i] = answer
		if q.Right(answer) {
			a.Right++
		}
	}
	a.Passed = a.Right >= c.Pass
	return nil
}

// RecordFilter narrows the records of training. Zero values do not narrow.
type RecordFilter struct {
	State      State
	Course     string
	Kind       Kind
	Department string
	Person     people.ID
}

// Records lists how the people who work here stand with the courses they were asked to take or have completed. Sort names:
// name, course, state, due, done.
func (s *Service) Records(ctx context.Context, scope access.ReadScope, now time.Time, f RecordFilter, q paging.Query) (paging.Result[Record], map[State]int, error) {
	q = q.Norm()
	res := paging.Result[Record]{Query: q}
	all, err := s.All(ctx, scope, now)
	if err != nil {
		return res, nil, err
	}
	counts := map[State]int{}
	search := strings.ToLower(q.Search)
	kept := all[:0]
	for _, r := range all {
		if f.Course != "" && r.Course != f.Course || f.Kind != "" && r.Kind != f.Kind || f.Department != "" && r.Person.Department != f.Department || f.Person != "" && r.Person.ID != f.Person ||
			search != "" && !strings.Contains(strings.ToLower(r.Person.Name+"\n"+r.Person.Email+"\n"+r.Person.Ref+"\n"+r.Title+"\n"+r.Course), search) {
			continue
		}
		counts[r.State]++
		if f.State == "" || r.State == f.State {
			kept = append(kept, r)
		}
	}
	sortRecords(kept, q.Sort, q.Desc)
	res.Total = len(kept)
	res.Rows = kept[min(q.Offset(), len(kept)):min(q.Offset()+q.Size, len(kept))]
	return res, counts, nil
}

func sortRecords(list []Record, by string, desc bool) {
	rank := map[State]int{}
	for i, s := range States() {
		rank[s] = i
	}
	instant := func(t *time.Time) int64 {
		if t == nil {
			return 0
		}
		return t.UnixMicro()
	}
	slices.SortStableFunc(list, func(a, b Record) int {
		var c int
		switch by {
		case "name":
		case "course":
			c = cmp.Compare(a.Course, b.Course)
		case "department":
			c = cmp.Compare(a.Person.Department, b.Person.Department)
		case "due":
			c = cmp.Compare(a.Due, b.Due)
		case "done":
			c = cmp.Compare(instant(a.DoneAt), instant(b.DoneAt))
		default:
			c = cmp.Or(cmp.Compare(rank[a.State], rank[b.State]), cmp.Compare(a.Due, b.Due))
		}
		if c = cmp.Or(c, cmp.Compare(strings.ToLower(a.Person.Name), strings.ToLower(b.Person.Name)), cmp.Compare(a.Course, b.Course)); desc {
			return -c
		}
		return c
	})
}
