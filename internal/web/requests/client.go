package requests

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
)

// answering is what the client's acts on one request begin with.
func (p *pages) answering(r *page.Request) (seat, *page.Form, access.Scope, error) {
	s, err := p.client(r)
	if err != nil {
		return s, nil, access.Scope{}, err
	}
	f, err := r.Form()
	if err != nil {
		return s, nil, access.Scope{}, err
	}
	scope, err := r.Write()
	return s, f, scope, err
}

// attach puts evidence that is there into the answer: by key, or by a reference that somebody typed.
func (p *pages) attach(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	ref := r.Arg("r")
	var keys []string
	for _, k := range f.Values["piece"] {
		if k = strings.TrimSpace(k); k != "" {
			keys = append(keys, keyOf(k))
		}
	}
	n, err := p.Requests.Give(r.Context(), scope, r.Now, s.ex.ID, ref, keys)
	if err == nil {
		if n == 0 {
			return r.Redirect(s.at(ref), "It was attached already.")
		}
		return r.Redirect(s.at(ref), page.Plural(n, "piece", "pieces")+" attached. Hand the answer over when it is complete.")
	}
	if !f.Take(err) {
		return err
	}
	if what := f.Errors["piece"]; what != "" {
		f.Problem = what
	}
	return p.show(r, s, f)
}

// keyOf is the key of a piece that somebody may have typed as a reference alone.
func keyOf(s string) string {
	if strings.Contains(s, " ") {
		return s
	}
	s = strings.ToUpper(s)
	if strings.HasPrefix(s, "POL-") {
		return string(request.Document) + " " + s
	}
	return string(request.Evidence) + " " + s
}

func (p *pages) detach(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(f.Get("n"))
	if err := p.Requests.Take(r.Context(), scope, r.Now, s.ex.ID, r.Arg("r"), n); err != nil {
		if !f.Take(err) {
			return err
		}
		return p.show(r, s, f)
	}
	return r.Redirect(s.at(r.Arg("r")), "Taken out of the answer. The evidence stays where it is kept.")
}

func (p *pages) provide(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	if f.OK() {
		x, err := p.Requests.Hand(r.Context(), scope, r.Now, s.ex.ID, r.Arg("r"), f.Base(), f.Raw("answer"))
		if err == nil {
			return r.RedirectUndo(s.at(x.Ref), x.Ref+" is with the auditor.", s.at(x.Ref, "/recall"), map[string]string{"base": strconv.Itoa(x.Version)})
		}
		if !take(f, err) {
			return err
		}
	}
	return p.show(r, s, f)
}

func (p *pages) recall(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	x, err := p.Requests.Recall(r.Context(), scope, r.Now, s.ex.ID, r.Arg("r"), f.Base())
	if err == nil {
		return r.Redirect(s.at(x.Ref), "The answer is back with you. What the auditor has seen stays in it.")
	}
	if !take(f, err) {
		return err
	}
	return p.show(r, s, f)
}

func (p *pages) clientComment(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	return p.comment(r, s, f, scope)
}

// comment keeps a comment of either side.
func (p *pages) comment(r *page.Request, s seat, f *page.Form, scope access.Scope) error {
	if f.OK() {
		err := p.Requests.Comment(r.Context(), scope, r.Now, s.ex.ID, r.Arg("r"), f.Raw("comment"))
		if err == nil {
			return r.Redirect(s.at(r.Arg("r"))+"#h-log", "Comment added.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.show(r, s, f)
}

func (p *pages) ownerForm(r *page.Request) error {
	s, err := p.client(r)
	if err != nil {
		return err
	}
	x, err := p.Requests.Request(r.Context(), s.read, s.ex.ID, r.Arg("r"))
	if err != nil {
		return err
	}
	return p.showOwner(r, s, page.NewForm("owner", string(x.Owner)), x)
}

func (p *pages) showOwner(r *page.Request, s seat, f *page.Form, x request.Request) error {
	people, err := p.people(r, s)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), ownerPanel(r, f, s, x, people))
}

func (p *pages) setOwner(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	x, err := p.Requests.Request(r.Context(), s.read, s.ex.ID, r.Arg("r"))
	if err != nil {
		return err
	}
	_, err = p.Requests.Reassign(r.Context(), scope, r.Now, s.ex.ID, x.Ref, f.Base(), f.Get("owner"))
	if err == nil {
		return r.Redirect(s.at(x.Ref), "Owner changed.")
	}
	if !take(f, err) {
		return err
	}
	return p.showOwner(r, s, f, x)
}

// clientOwners gives the ticked requests to somebody of the client.
func (p *pages) clientOwners(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	return p.owners(r, s, f, scope)
}

// owners gives the ticked requests to somebody, from either side.
func (p *pages) owners(r *page.Request, s seat, f *page.Form, scope access.Scope) error {
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	if f.Values.Has("owner") {
		n, err := p.Requests.Bulk(r.Context(), refs, func(ctx context.Context, ref string) (request.Request, error) {
			return p.Requests.Reassign(ctx, scope, r.Now, s.ex.ID, ref, 0, f.Get("owner"))
		})
		if err == nil {
			return r.Redirect(f.Back(), page.Plural(n, "request", "requests")+" given to somebody.")
		}
		if !f.Take(err) {
			return err
		}
	}
	people, err := p.people(r, s)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), bulkPanel(r, f, s, bulkForms["owner"], refs, people))
}

// paper is what the form of a new file shows.
type paper struct {
	request.Request
	seat
	Same  []evidence.Item // pieces with the same content, after a conflict
	Limit int64
}

func (p *pages) paper(r *page.Request, s seat) (paper, error) {
	x, err := p.Requests.Request(r.Context(), s.read, s.ex.ID, r.Arg("r"))
	return paper{Request: x, seat: s, Limit: p.Evidence.Limit()}, err
}

func (p *pages) fileForm(r *page.Request) error {
	s, err := p.client(r)
	if err != nil {
		return err
	}
	x, err := p.paper(r, s)
	if err != nil {
		return err
	}
	last := min(x.Period.Last(), period.Of(r.Now))
	f := page.NewForm("title", page.Short(x.Title, 180), "class", string(evidence.Internal), "from", min(x.Period.From, last).String(), "to", last.String())
	return r.RenderPanel(f.Status(), filePanel(r, f, x))
}

// file keeps a file as evidence, and attaches it.
func (p *pages) file(r *page.Request) error {
	s, f, scope, err := p.answering(r)
	if err != nil {
		return err
	}
	x, err := p.paper(r, s)
	if err != nil {
		return err
	}
	u, err := p.upload(r, f, x)
	if err != nil {
		return err
	}
	if f.OK() {
		added, err := p.Evidence.Add(r.Context(), scope, r.Now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, u)
		var keys []string
		for _, it := range added {
			keys = append(keys, string(request.Evidence)+" "+it.Ref)
		}
		if err == nil {
			_, err = p.Requests.Give(r.Context(), scope, r.Now, s.ex.ID, x.Ref, keys)
		}
		if err == nil {
			return r.Redirect(s.at(x.Ref), added[0].Ref+" is kept, sealed and attached. Hand the answer over when it is complete.")
		}
		var same *evidence.Duplicate
		if errors.As(err, &same) {
			x.Same = same.Items
		}
		if page.DiskFull(err) || !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), filePanel(r, f, x))
}

func (p *pages) upload(r *page.Request, f *page.Form, x paper) (evidence.Upload, error) {
	u := evidence.Upload{
		Title: f.Get("title"), Kind: evidence.Document, Class: evidence.Class(f.Get("class")), Obtained: f.Get("obtained"), Shows: "Answers " + x.Ref + " of " + x.ex.Ref + ": " + x.Title, Again: f.Checked("again"),
	}
	if x.Control != "" {
		u.Controls = []string{x.Control}
	}
	if d := day(f, "from"); d != 0 {
		u.From = d.Time()
	}
	if d := day(f, "to"); d != 0 {
		u.To = (d + 1).Time()
	}
	if d := day(f, "from"); d != 0 && d == day(f, "to") {
		u.To = u.From
	}
	files, err := r.Uploads(f, "file", x.Limit, evidence.MaxFiles)
	for _, h := range files {
		u.Files = append(u.Files, evidence.File{Name: h.Name, Size: h.Size, Open: func() (io.ReadCloser, error) { return h.Open() }})
	}
	if len(files) == 0 && f.Errors["file"] == "" {
		f.Wrong("file", "Choose a file.")
	}
	return u, err
}
