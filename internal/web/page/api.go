package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// APIPath begins the addresses that programs read: they answer in JSON, errors included, and take an API token.
const APIPath = "/api/v1/"

// IsAPI reports whether a program asks.
func IsAPI(h *http.Request) bool { return strings.HasPrefix(h.URL.Path, "/api/") }

// Bearer is the API token that a program sent; empty for none.
func Bearer(h *http.Request) string {
	kind, secret, _ := strings.Cut(h.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// NotSignedIn is what a program without a good token is told.
type NotSignedIn struct{}

func (NotSignedIn) Error() string { return "an API token is needed" }

// failJSON answers a program with an error: what it is, what to do, and the reference under which the log has it.
func (r *Request) failJSON(f failure, err error) {
	h := r.w.Header()
	var unknown NotSignedIn
	if errors.As(err, &unknown) {
		f.Status, f.Text, f.Next = http.StatusUnauthorized, "An API token is needed, or the one sent is not valid any more.", "Make one under Account, API tokens, and send it as: Authorization: Bearer tm_…"
		h.Set("WWW-Authenticate", `Bearer realm="Tickmark"`)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	r.w.WriteHeader(f.Status)
	//nolint:errchkjson // texts always become JSON, and an answer that cannot be written has nobody to tell
	_ = json.NewEncoder(r.w).Encode(map[string]string{"error": f.Text, "hint": f.Next, "field": errs.FieldOf(err), "request": f.Ref})
}
