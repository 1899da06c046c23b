package page

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// failure is what an error page says.
type failure struct {
	Status int
	Title  string
	Text   string
	Next   string // what to do
	Ref    string
	Icon   string
}

// fail answers with the page of an error. Causes inside the program are logged and never shown.
func (r *Request) fail(err error) {
	var first *Elsewhere
	if errors.As(err, &first) && IsAPI(r.HTTP) {
		err = errs.New(errs.Denied, "something has to be done in the browser first").WithHint("Open %s.", first.Path)
	} else if first != nil {
		r.follow(LocalPath(first.Path))
		return
	}
	f := describe(err)
	f.Ref = r.Ref
	switch {
	case f.Status >= http.StatusInternalServerError:
		r.site.log.Error("a request failed", "request", r.Ref, "method", r.HTTP.Method, "path", r.HTTP.URL.Path, "status", f.Status, "error", err)
	default:
		r.site.log.Debug("a request was refused", "request", r.Ref, "path", r.HTTP.URL.Path, "status", f.Status, "error", err)
	}
	if IsAPI(r.HTTP) {
		r.failJSON(f, err)
		return
	}
	r.Title, r.Crumbs = f.Title, []Crumb{{Text: f.Title}}
	h := r.w.Header()
	for _, k := range []string{"Content-Length", "Content-Disposition", "Content-Encoding", "ETag", "Last-Modified"} {
		h.Del(k)
	}
	private := h.Get("Referrer-Policy") == "no-referrer" // the address lets people in, also where this page says no
	r.site.SetHeaders(h)
	if private {
		h.Set("Referrer-Policy", "no-referrer")
	}
	if f.Status == http.StatusTooManyRequests || f.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "60")
	}
	r.bare = r.bare || !r.SignedIn()
	// The time of the request may be over; the page that says so is still drawn.
	r.HTTP = r.HTTP.WithContext(context.WithoutCancel(r.Context()))
	if again := r.Render(f.Status, errorPage(r, f), Part(panelID, errorPanel(f))); again != nil {
		r.site.log.Error("the error page failed", "request", r.Ref, "error", again)
		http.Error(r.w, "Something went wrong. Reference: "+r.Ref, http.StatusInternalServerError)
	}
}

// Fail answers with the page of an error: its kind decides the status. Handlers return errors; the middleware calls this.
func (r *Request) Fail(err error) { r.fail(err) }

// StatusOfError is the status an error is answered with.
func StatusOfError(err error) int { return describe(err).Status }

func describe(err error) failure {
	if errors.Is(err, context.DeadlineExceeded) {
		return failure{Status: http.StatusServiceUnavailable, Title: "This took too long", Icon: "clock",
			Text: "The page was not ready within its time limit. Nothing was changed by halves.", Next: "Try again. If it happens again, narrow what you ask for, or tell whoever runs this installation."}
	}
	f := failure{Status: errs.KindOf(err).HTTPStatus(), Text: Sentence(err), Next: errs.HintOf(err)}
	switch errs.KindOf(err) {
	case errs.NotFound:
		f.Title, f.Icon = "There is no such page", "search"
		f.Next = or(f.Next, "It may belong to another organisation, or the address has a slip. Go back, or begin at the home page.")
	case errs.Denied:
		f.Title, f.Icon = "You may not do this", "lock"
		f.Next = or(f.Next, "Ask an owner of the organisation for the right, or for it to be done.")
	case errs.Conflict:
		f.Title, f.Icon = "Somebody was faster", "people"
		f.Next = or(f.Next, "Open the page again to see what it says now, then make your change on top of it.")
	case errs.Invalid:
		f.Title, f.Icon = "This cannot be done as asked", "risk"
		f.Next = or(f.Next, "Correct it and try again.")
	case errs.Exhausted:
		f.Title, f.Icon = "That is more than is allowed", "clock"
		f.Next = or(f.Next, "Wait a little and try again.")
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			f.Status = http.StatusRequestEntityTooLarge
		case DiskFull(err):
			f.Status = http.StatusInsufficientStorage
		}
	case errs.Unavailable:
		f.Title, f.Icon = "Something we depend on does not answer", "err"
		f.Next = or(f.Next, "Try again in a minute. If it stays, tell whoever runs this installation the reference below.")
	default:
		f.Title, f.Icon = "Something went wrong", "err"
		f.Text, f.Next = "The program met a fault of its own. It has been written to the log; nothing was changed by halves.", "Try again. If it happens again, tell whoever runs this installation the reference below."
	}
	return f
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Sentence is an error's message as a sentence for a reader. An unlabelled cause is not shown.
func Sentence(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return "Something went wrong."
	}
	// Messages of our own errors are written for people. What other libraries said stays in the log.
	var words []string
	for e != nil {
		if e.Msg != "" {
			words = append(words, e.Msg)
		}
		var inner *errs.Error
		if e.Err == nil || !errors.As(e.Err, &inner) {
			break
		}
		e = inner
	}
	s := strings.Join(words, ": ")
	if s == "" {
		return "Something went wrong."
	}
	s = Capital(s)
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}
