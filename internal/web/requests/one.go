package requests

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
)

// one is a request with everything its page shows.
type one struct {
	request.Request
	seat
	Pieces     []request.Piece
	Given      map[string][]request.Use // where else each piece was given
	Alike      []request.Request        // that ask for the same
	Candidates []request.Candidate
	History    []request.Event
	Remarks    []request.Remark
	Criterion  string // in words
}

// answers reports whether the reader can work on the answer.
func (x one) answers(r *page.Request) bool {
	return x.audit == nil && r.Can(access.AnswerRequests) && x.ex.Closed == "" && x.State.Waits()
}

// decides reports whether the reader can act for the auditor.
func (x one) decides(r *page.Request) bool {
	return x.audit != nil && r.Can(access.Examine) && x.ex.Closed == ""
}

// speaks reports whether the reader can write a comment.
func (x one) speaks(r *page.Request) bool {
	return x.audit == nil && r.Can(access.AnswerRequests) || x.audit != nil && r.Can(access.Examine)
}

// fresh is how many pieces are attached and not handed over.
func (x one) fresh() int {
	n := 0
	for _, p := range x.Pieces {
		if p.Handed == nil {
			n++
		}
	}
	return n
}

// late says that the answer came after the engagement was frozen; empty if it did not.
func (x one) late() string {
	if x.ex.Frozen == nil || x.Provided == nil || x.Provided.Before(*x.ex.Frozen) {
		return ""
	}
	return "It was provided after dossier " + strconv.Itoa(x.ex.Dossier) + " was frozen on " + page.TimeText(*x.ex.Frozen) + ", and is not in it."
}

// load reads a request with what its page shows.
func (p *pages) load(r *page.Request, s seat) (one, error) {
	x := one{seat: s}
	var err error
	if x.Request, err = p.Requests.Request(r.Context(), s.read, s.ex.ID, r.Arg("r")); err != nil {
		return x, err
	}
	r.Title = x.Ref + " " + x.Title
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: x.Ref})
	if x.Pieces, err = p.Requests.Pieces(r.Context(), s.read, x.Request); err != nil {
		return x, err
	}
	if x.Given, err = p.Requests.Given(r.Context(), s.read, x.Request); err != nil {
		return x, err
	}
	if x.Alike, err = p.Requests.Alike(r.Context(), s.read, s.ex.ID, x.Text); err != nil {
		return x, err
	}
	x.Alike = slices.DeleteFunc(x.Alike, func(o request.Request) bool { return o.ID == x.ID })
	if x.answers(r) {
		if x.Candidates, err = p.Requests.Candidates(r.Context(), s.read, x.Request); err != nil {
			return x, err
		}
	}
	if s.audit != nil {
		if x.Remarks, err = p.Requests.Remarks(r.Context(), *s.audit, x.Request); err != nil {
			return x, err
		}
	}
	if c, err := p.Catalog().Criterion(x.Text.Criterion); err == nil {
		x.Criterion = c.Title
	}
	x.History, err = p.Requests.History(r.Context(), s.read, x.Request)
	return x, err
}

func (p *pages) clientRequest(r *page.Request) error {
	s, err := p.client(r)
	if err != nil {
		return err
	}
	return p.show(r, s, page.NewForm())
}

func (p *pages) auditRequest(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	return p.show(r, s, page.NewForm())
}

// show draws the page of a request, with a form on it that was wrong.
func (p *pages) show(r *page.Request, s seat, f *page.Form) error {
	x, err := p.load(r, s)
	if err != nil {
		return err
	}
	if !f.Values.Has("answer") {
		f.Values.Set("answer", x.Answer)
	}
	return r.Render(f.Status(), requestPage(r, f, x))
}

// piece gives the auditor the content of what was handed over.
func (p *pages) piece(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	x, err := p.Requests.Request(r.Context(), s.read, s.ex.ID, r.Arg("r"))
	if err != nil {
		return err
	}
	all, err := p.Requests.Pieces(r.Context(), s.read, x)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(y request.Piece) bool { return strconv.Itoa(y.N) == r.Arg("n") })
	if i < 0 {
		return errs.New(errs.NotFound, "%s has no piece %q", x.Ref, r.Arg("n"))
	}
	switch y := all[i]; y.Kind {
	case request.Evidence:
		it, err := p.Evidence.Store.Item(r.Context(), s.read, y.Ref)
		if err != nil {
			return err
		}
		content, err := p.Content(it)
		if err != nil {
			return err
		}
		paper, _, err := p.Evidence.Store.Paper(r.Context(), s.read, it.ID)
		if err != nil {
			return err
		}
		name := it.Ref + ".parquet"
		if paper.FileName != "" {
			name = it.Ref + " " + paper.FileName
		}
		return r.Attach(name, it.MediaType, int64(len(content)), it.ReceivedAt, bytes.NewReader(content))
	case request.Document:
		ref, number, _ := strings.Cut(y.Ref, " v")
		pol, err := p.Policies.Policy(r.Context(), s.read, ref)
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(number)
		v, err := p.Policies.VersionOf(r.Context(), s.read, pol, n)
		if err != nil {
			return err
		}
		return r.Attach(y.Ref+".md", "text/markdown; charset=utf-8", int64(len(v.Body)), v.Saved, strings.NewReader(v.Body))
	}
	return errs.New(errs.NotFound, "a test result is no file").WithHint("Open the test in the client's records.")
}

// fileURL is where the auditor has the content of a piece; empty where there is none.
func (x one) fileURL(p request.Piece) string {
	if x.audit == nil || p.Kind == request.Result {
		return ""
	}
	return x.at(x.Ref, "/pieces/", strconv.Itoa(p.N))
}

// eventWords is what happened, in a line of the history.
func eventWords(e request.Event) string {
	switch e.Kind {
	case request.WasAsked:
		return "asked for it"
	case request.WasProvided:
		if e.Became == "" {
			return "answered in words"
		}
		return "handed over " + e.Became
	case request.WasRecalled:
		return "took the answer back"
	case request.WasAccepted:
		return "accepted the answer"
	case request.WasRejected:
		return "rejected the answer"
	case request.WasReopened:
		return "opened it again"
	case request.WasWithdrawn:
		return "withdrew it"
	case request.Commented:
		return "wrote"
	case request.WasChanged:
		return "changed " + map[string]string{"text": "the description", "kind": "the type", "due": "the day", "owner": "the owner", "period": "the period", "title": "the title", "control": "the control", "criterion": "the criterion"}[e.Field]
	}
	return string(e.Kind)
}

// said are the words of an event: of a comment, a reason, an answer.
func said(e request.Event) string {
	switch e.Kind {
	case request.WasProvided:
		return e.Was
	case request.Commented, request.WasAccepted, request.WasRejected, request.WasReopened, request.WasWithdrawn:
		return e.Became
	}
	return ""
}

// value is a value of a change, in words.
func (x one) value(e request.Event, v string) string {
	switch {
	case v == "":
		return "nothing"
	case e.Field == "owner":
		return x.name(v)
	case e.Field == "due":
		if d, err := period.ParseDate(v); err == nil {
			return page.DateText(d)
		}
	case e.Field == "kind":
		return request.Kind(v).Title()
	}
	return page.Short(v, 120)
}

func today(r *page.Request) period.Date { return period.Of(r.Now) }

func day0(t time.Time) period.Date { return period.Of(t) }

func lower(s string) string { return strings.ToLower(s) }

func answerHint(x one) string {
	if len(x.Pieces) == 0 {
		return ""
	}
	return page.Plural(len(x.Pieces), "piece", "pieces")
}

func answerLabel(k request.Kind) string {
	switch {
	case k == request.Population:
		return "How the list was made"
	case k.Spoken():
		return "When and with whom"
	}
	return "A word with it"
}

func answerHelp(k request.Kind) string {
	switch {
	case k == request.Population:
		return "The system, the query or report with its parameters, who ran it and when, and the count the system itself gives."
	case k.Spoken():
		return "Or what was said, if it has taken place."
	}
	return "May be empty when what is attached speaks for itself."
}

// handWord is the button that gives the answer to the auditor.
func handWord(x one) string {
	if n := x.fresh(); n > 0 {
		return "Hand over " + page.Plural(n, "piece", "pieces")
	}
	return "Hand over"
}
