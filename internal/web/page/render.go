package page

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// PartOf is a part of a page that scripts may ask for alone.
type PartOf struct {
	Name      string // identifier of the element
	Component templ.Component
}

// Part names a part of a page, for Render.
func Part(name string, c templ.Component) PartOf { return PartOf{name, c} }

// Render answers with a page inside the shell, or with the part the scripts asked for. Nothing is sent before the whole
// is made, so that a failure in the middle still becomes an error page.
func (r *Request) Render(status int, c templ.Component, parts ...PartOf) error {
	target := r.Target()
	for _, p := range parts {
		if target == p.Name {
			return r.send(status, p.Component)
		}
	}
	if target != "" {
		return r.send(status, c) // the script finds its part in it
	}
	return r.send(status, shell(r, c))
}

// RenderPanel answers with a panel: a dialog at the side when scripts asked for one, a page of its own otherwise.
func (r *Request) RenderPanel(status int, panel templ.Component) error {
	if r.Target() == panelID {
		return r.send(status, panel)
	}
	return r.send(status, shell(r, panelPage(panel)))
}

// PanelAgain answers to a form in a panel that was refused: the panel with what is wrong, or the error, if it is none of the form's.
func (r *Request) PanelAgain(f *Form, err error, panel templ.Component) error {
	if !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), panel)
}

// RenderBare answers with a page that has no navigation.
func (r *Request) RenderBare(status int, c templ.Component) error {
	r.bare = true
	return r.Render(status, c)
}

// panelID is the element that side panels are loaded into.
const panelID = "panel"

func (r *Request) send(status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		return errs.As(errs.Internal, err, "draw the page")
	}
	h := r.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Add("Vary", "Tm-Target")
	r.w.WriteHeader(status)
	if r.HTTP.Method == http.MethodHead {
		return nil
	}
	_, _ = r.w.Write(b.Bytes()) // a reader who is gone needs no answer
	return nil
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// Attach sends a file to keep. The browser never shows it as a page of this program, whatever it contains.
func (r *Request) Attach(name, contentType string, size int64, modified time.Time, body io.Reader) error {
	h := r.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": FileName(name)}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	if !modified.IsZero() {
		h.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	r.w.WriteHeader(http.StatusOK)
	if r.HTTP.Method == http.MethodHead {
		return nil
	}
	_, err := io.Copy(r.w, body)
	if err != nil && r.Context().Err() == nil {
		r.site.log.Warn("a download broke off", "request", r.Ref, "file", name, "error", err)
	}
	return nil
}

// FileName makes a name that every system accepts: letters, digits, dot, hyphen and underscore.
func FileName(s string) string {
	var b []byte
	for _, c := range []byte(clip(s, 120)) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
			b = append(b, c)
		default:
			b = append(b, '-')
		}
	}
	for len(b) > 0 && b[0] == '.' {
		b = b[1:]
	}
	if len(b) == 0 {
		return "file"
	}
	return string(b)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
