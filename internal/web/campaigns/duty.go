package campaigns

import (
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/web/page"
)

// task is a duty on the screen of whoever does it, with what there is to read.
type task struct {
	campaign.Duty
	Text   campaign.Text
	Mine   bool  // the reader is the one who is asked
	Refuse error // why it cannot be done any more

	Course   training.Course
	Lesson   int // from 1; one more than there are lessons for the questions
	Attempts []training.Attempt
	Base     string // address of the duty
	Send     string // where its forms go
	Back     string
}

// doc is a text to draw.
func doc(s string) *markdown.Document { return markdown.Parse(s) }

// load reads what there is to do. The scope reads for the one who is asked.
func (p *pages) load(r *page.Request, scope access.ReadScope, d campaign.Duty) (task, error) {
	t := task{Duty: d, Refuse: campaign.Signability(d), Base: dutyURL(d.ID), Send: dutyURL(d.ID), Back: "/my-work"}
	var err error
	if d.Kind == campaign.Acknowledge {
		if t.Text, err = p.Campaigns.Body(r.Context(), scope, d.Kind, d.Subject, d.Version); err != nil {
			return t, err
		}
		if t.Refuse == nil && t.Text.Withdrawn != "" {
			t.Refuse = errs.New(errs.Conflict, "%s", t.Text.Withdrawn).WithHint("Nothing is left to do here.")
		}
		return t, nil
	}
	if t.Course, err = p.Training.Course(r.Context(), scope, d.Subject, d.Version); err != nil {
		return t, err
	}
	if t.Lesson, err = strconv.Atoi(r.Query("lesson")); err != nil || t.Lesson < 1 || t.Lesson > len(t.Course.Lessons)+1 {
		t.Lesson = 1
	}
	t.Attempts, err = p.Training.Attempts(r.Context(), scope, d.ID)
	return t, err
}

// answered puts the newest answers into a form, so that nobody chooses again what was right.
func (t task) answered(f *page.Form) *page.Form {
	if len(t.Attempts) == 0 {
		return f
	}
	for i, a := range t.Attempts[len(t.Attempts)-1].Answers {
		for _, n := range a {
			f.Values.Add(training.Field(i), strconv.Itoa(n))
		}
	}
	return f
}

// wrong lists the questions, from 0, that the newest try got wrong.
func (t task) wrong() []int {
	var out []int
	if len(t.Attempts) == 0 {
		return nil
	}
	last := t.Attempts[len(t.Attempts)-1]
	for i, q := range t.Course.Questions {
		if i < len(last.Answers) && !q.Right(last.Answers[i]) {
			out = append(out, i)
		}
	}
	return out
}

func (p *pages) duty(r *page.Request) error { return p.showDuty(r, page.NewForm()) }

// showDuty draws the page of a duty: to do it for the one who is asked, to look at it for those who run campaigns.
func (p *pages) showDuty(r *page.Request, f *page.Form) error {
	d, err := p.Campaigns.Duty(r.Context(), r.Read(), campaign.DutyID(r.Arg("id")))
	if err != nil {
		return err
	}
	t, err := p.load(r, r.Read(), d)
	if err != nil {
		return err
	}
	me, err := p.Campaigns.Me(r.Context(), r.Read())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	t.Mine = me.Person() == d.Person && me.Person() != ""
	r.Title = d.Title
	r.Crumbs = []page.Crumb{{Text: "My work", Href: "/my-work"}, {Text: d.CampaignRef}}
	if !t.Mine {
		t.Back = campaignURL(d.CampaignRef)
		r.Nav = "/campaigns"
		r.Crumbs = []page.Crumb{{Text: "Campaigns", Href: "/campaigns"}, {Text: d.CampaignRef, Href: t.Back}, {Text: d.PersonRef}}
	}
	if len(f.Values) == 0 && f.OK() {
		f = t.answered(f)
	}
	return r.Render(f.Status(), dutyPage(r, f, t))
}

func (p *pages) sign(r *page.Request) error {
	return p.finish(r, func(f *page.Form, scope access.Scope, by campaign.Signer) (string, error) {
		d, err := p.Campaigns.Sign(r.Context(), scope, r.Now, by, campaign.DutyID(r.Arg("id")))
		if err != nil {
			return "", err
		}
		return "You have acknowledged " + d.Subject + ", version " + strconv.Itoa(d.Version) + ".", nil
	})
}

func (p *pages) answer(r *page.Request) error {
	return p.finish(r, func(f *page.Form, scope access.Scope, by campaign.Signer) (string, error) {
		return p.graded(r, f, scope, by, campaign.DutyID(r.Arg("id")))
	})
}

// graded keeps answers. When too few are right, the form comes back with what was wrong.
func (p *pages) graded(r *page.Request, f *page.Form, scope access.Scope, by campaign.Signer, id campaign.DutyID) (string, error) {
	d, err := p.Campaigns.Signable(r.Context(), scope.ReadScope, by, id)
	if err != nil {
		return "", err
	}
	c, err := p.Training.Course(r.Context(), scope.ReadScope, d.Subject, d.Version)
	if err != nil {
		return "", err
	}
	a, err := p.Training.Answer(r.Context(), scope, r.Now, by, id, answers(f, c))
	if err != nil {
		return "", err
	}
	if a.Passed {
		return "You have passed " + c.Title + ": " + strconv.Itoa(a.Right) + " of " + strconv.Itoa(a.Of) + " are right.", nil
	}
	f.Problem = strconv.Itoa(a.Right) + " of " + strconv.Itoa(a.Of) + " are right; " + strconv.Itoa(c.Pass) + " are needed."
	f.Hint = "What was wrong is marked, with the reason. Change those answers and send them again."
	return "", nil
}

// answers reads what was chosen, question by question.
func answers(f *page.Form, c training.Course) training.Answers {
	out := make(training.Answers, len(c.Questions))
	for i := range c.Questions {
		for _, v := range f.Values[training.Field(i)] {
			n, err := strconv.Atoi(v)
			if err != nil {
				n = -1
			}
			out[i] = append(out[i], n)
		}
	}
	return out
}

// finish does what a signed-in person is asked, and shows the duty again when it cannot be done.
func (p *pages) finish(r *page.Request, do func(*page.Form, access.Scope, campaign.Signer) (string, error)) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	by, err := p.Campaigns.Me(r.Context(), r.Read())
	if err != nil {
		return err
	}
	said, err := do(f, scope, by)
	if err == nil && f.OK() {
		return r.Redirect("/my-work", said)
	}
	if err != nil && !f.Take(err) {
		return err
	}
	return p.showDuty(r, f)
}

// chosen reports whether an answer was chosen.
func chosen(f *page.Form, q, choice int) bool {
	return slices.Contains(f.Values[training.Field(q)], strconv.Itoa(choice))
}
