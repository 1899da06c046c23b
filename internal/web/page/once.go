package page

import (
	"crypto/rand"
	"net/http"
)

// onceLength is the length of a form's one-time value, in bytes.
const onceLength = 12

// once makes the one-time value of a form: the door does the work of two sendings with one value once.
func (r *Request) once() string {
	b := make([]byte, onceLength)
	_, _ = rand.Read(b)
	return encode(b)
}

// Result is what an accepted form led to.
type Result struct {
	Path  string // where the browser was sent; empty when the form was not accepted with a redirect
	Flash string // sealed words shown there
}

// Result is what the handler answered, when that was a redirect of this program.
func (r *Request) Result() Result { return r.result }

// Repeat answers a form that was sent before as it was answered then.
func (r *Request) Repeat(x Result) {
	if x.Flash != "" {
		r.setFlash(x.Flash)
	}
	r.follow(LocalPath(x.Path))
}

// follow sends the browser to a page of this program.
func (r *Request) follow(path string) {
	if r.Target() != "" {
		// A script follows by loading the page, so that everything on it is fresh and the sentence is not lost on the way.
		r.w.Header().Set("Tm-Location", path)
		r.w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(r.w, r.HTTP, path, http.StatusSeeOther)
}

// Shown marks a form as accepted although the answer is no redirect, because it shows a secret that is seen once: sent
// again, the form leads to path and does nothing.
func (r *Request) Shown(path string) { r.result = Result{Path: LocalPath(path)} }
