package page

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// flashCookie carries one sentence to the page that follows a form, perhaps with the way to take it back.
const flashCookie = "tm_flash"

// Bounds of what the cookie carries, in bytes.
const (
	flashLength = 240
	undoLength  = 1800
)

// Undo is the form that takes a change back: a POST of fields to a path.
type Undo struct {
	Path   string            `json:"path"`
	Fields map[string]string `json:"fields,omitempty"`
}

// flash is what a toast says.
type flash struct {
	Words string `json:"words"`
	Undo  *Undo  `json:"undo,omitempty"`
}

func (r *Request) setFlash(sealed string) {
	http.SetCookie(r.w, &http.Cookie{
		Name: flashCookie, Value: sealed, Path: "/", MaxAge: 60, HttpOnly: true, Secure: r.site.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (r *Request) redirect(path string, f flash) error {
	sealed := ""
	if f.Words != "" {
		f.Words = clip(f.Words, flashLength)
		raw, err := json.Marshal(f)
		if err != nil || len(raw) > undoLength+flashLength {
			f.Undo = nil // what does not fit into a cookie cannot be offered
			if raw, err = json.Marshal(f); err != nil {
				return errs.As(errs.Internal, err, "keep the sentence for the next page")
			}
		}
		sealed = r.site.seal(flashCookie, raw)
		r.setFlash(sealed)
	}
	path = LocalPath(path)
	r.result = Result{Path: path, Flash: sealed}
	r.follow(path)
	return nil
}

// Redirect answers a form that was accepted: the browser goes to a page of this program and shows a sentence there.
func (r *Request) Redirect(path, said string) error { return r.redirect(path, flash{Words: said}) }

// RedirectUndo is Redirect with a button beside the sentence that takes the change back: it sends the fields to undoPath.
func (r *Request) RedirectUndo(path, said, undoPath string, fields map[string]string) error {
	return r.redirect(path, flash{Words: said, Undo: &Undo{Path: LocalPath(undoPath), Fields: fields}})
}

// takeFlash reads the sentence a form left, once.
func (r *Request) takeFlash() {
	c, err := r.HTTP.Cookie(flashCookie)
	if err != nil || r.Target() != "" || r.HTTP.Method != http.MethodGet {
		return
	}
	http.SetCookie(r.w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.site.secure, SameSite: http.SameSiteLaxMode})
	if raw, ok := r.site.open(flashCookie, c.Value); ok {
		_ = json.Unmarshal(raw, &r.flash) // written by this program; what an older one wrote is left out
	}
}

// sorted are the fields in the order of their names.
func (u *Undo) sorted() [][2]string {
	var out [][2]string
	for _, k := range slices.Sorted(maps.Keys(u.Fields)) {
		out = append(out, [2]string{k, u.Fields[k]})
	}
	return out
}
