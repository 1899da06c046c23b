package account

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/web/page"
)

// heldForm is a form that arrived without a session, or with that of before. It is given back, so that nothing has to be
// written twice; it is sent again only when its writer says so.
type heldForm struct {
	Path    string     `json:"path"`
	From    string     `json:"from"` // the page it was on
	Fields  url.Values `json:"fields"`
	Secrets bool       `json:"secrets,omitempty"` // some fields were left out because they are secret
	Files   bool       `json:"files,omitempty"`   // it had files, which are not kept
	At      int64      `json:"at"`                // seconds
}

const (
	heldPurpose = "form that is held"
	heldLength  = 256 << 10 // bytes of a form that is held
	heldLife    = 12 * time.Hour
	heldShown   = 4000 // characters of a field that are shown
)

// secretNames are parts of names of fields whose content is not kept outside the form.
var secretNames = []string{"password", "secret", "token", "code", "api_key", "apikey", "private", "enrolment", "ticket"}

// machinery are fields of the form itself.
var machinery = []string{"csrf", "once", "held", "ask"}

// collect reads the fields of a POST that may be kept.
func collect(r *page.Request, from string) heldForm {
	h := heldForm{Path: page.LocalPath(r.HTTP.URL.RequestURI()), From: from, Fields: url.Values{}, At: r.Now.Unix()}
	kind, _, err := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type"))
	if err != nil {
		return h
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		err = r.HTTP.ParseForm()
	case "multipart/form-data":
		h.Files = true
		err = r.HTTP.ParseMultipartForm(page.DefaultBody)
	}
	if err != nil {
		return h
	}
	for name, values := range r.HTTP.PostForm {
		switch {
		case slices.Contains(machinery, name):
		case slices.ContainsFunc(secretNames, func(s string) bool { return strings.Contains(strings.ToLower(name), s) }):
			h.Secrets = h.Secrets || strings.Join(values, "") != ""
		default:
			h.Fields[name] = values
		}
	}
	return h
}

// hold seals a form into the page that asks to sign in; empty when there is nothing to keep, or too much.
func hold(r *page.Request, from string) string {
	h := collect(r, from)
	if len(h.Fields) == 0 {
		return ""
	}
	raw, err := json.Marshal(h)
	if err != nil || len(raw) > heldLength {
		return ""
	}
	return r.Seal(heldPurpose, raw)
}

// giveBack shows a form that was held, once its writer has signed in.
func giveBack(r *page.Request, st signInState) error {
	raw, ok := r.Open(heldPurpose, st.Held)
	if !ok {
		return r.Redirect(st.Next, "")
	}
	var held heldForm
	if err := json.Unmarshal(raw, &held); err != nil || r.Now.Sub(time.Unix(held.At, 0)) > heldLife {
		return r.Redirect(st.Next, "Signed in. What you sent before was too old to be kept.")
	}
	r.Title = "Nothing is lost"
	return r.RenderBare(http.StatusOK, heldPage(r, held, "You were signed out when you sent the form."))
}

// GiveBack answers a form of this program that carries the token of another session, such as that of before signing in
// again in another window: it is shown, and whoever is signed in now sends it or not.
func GiveBack(r *page.Request) error {
	h := collect(r, fromReferer(r))
	r.Title = "Nothing is lost"
	return r.RenderBare(http.StatusForbidden, heldPage(r, h, "The form was opened in another session than yours now, "+r.Grant.User.Name+", so it was not sent."))
}

// sorted are all fields with each value, by name.
func (h heldForm) sorted() [][2]string {
	var out [][2]string
	for _, name := range slices.Sorted(maps.Keys(h.Fields)) {
		for _, v := range h.Fields[name] {
			out = append(out, [2]string{name, v})
		}
	}
	return out
}

// shown are the fields a person wrote, named in words.
func (h heldForm) shown() [][2]string {
	var out [][2]string
	for _, x := range h.sorted() {
		if x[0] == "" || x[0] == "base" || strings.TrimSpace(x[1]) == "" {
			continue
		}
		if r := []rune(x[1]); len(r) > heldShown {
			x[1] = string(r[:heldShown]) + "…"
		}
		out = append(out, [2]string{page.Capital(strings.ReplaceAll(x[0], "_", " ")), x[1]})
	}
	return out
}
