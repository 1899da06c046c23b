package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// Site is what all requests share: assets, the key of forms, and which routes there are.
type Site struct {
	key    []byte
	secure bool
	dev    bool
	log    *slog.Logger
	assets *assets
	has    map[string]bool // paths of GET routes, for the navigation
	gets   []Route         // all GET routes
}

// Options is what a Site needs.
type Options struct {
	Key    []byte // for tokens of forms; at least 32 bytes, kept over restarts so that open forms stay good
	Secure bool   // the program is reached over https
	Dev    bool
	Log    *slog.Logger
	Routes []Route
}

// NewSite prepares assets and keys.
func NewSite(o Options) (*Site, error) {
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	s := &Site{key: o.Key, secure: o.Secure, dev: o.Dev, log: o.Log, assets: a, has: map[string]bool{}}
	for _, r := range o.Routes {
		if r.Method == http.MethodGet {
			s.has[r.Pattern] = true
			s.gets = append(s.gets, r)
		}
	}
	return s, nil
}

// Request makes the Request of an HTTP request. secret is the session's cookie.
func (s *Site) Request(w http.ResponseWriter, h *http.Request, now time.Time, ref string, g access.Grant, secret string) *Request {
	r := &Request{HTTP: h, Now: now, Ref: ref, Grant: g, site: s, w: w, secret: secret, theme: themeOf(h)}
	r.takeFlash()
	return r
}

// CSRF is the token that a form of this page carries. It is masked anew each time, so that a compressed page does not give
// it away bit by bit.
func (r *Request) CSRF() string {
	token := r.token()
	out := make([]byte, 2*len(token))
	_, _ = rand.Read(out[:len(token)])
	for i, b := range token {
		out[len(token)+i] = b ^ out[i]
	}
	return encode(out)
}

// GoodCSRF reports whether a form carried the token of this session.
func (r *Request) GoodCSRF(given string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(given)
	token := r.token()
	if err != nil || len(raw) != 2*len(token) {
		return false
	}
	plain := make([]byte, len(token))
	for i := range token {
		plain[i] = raw[i] ^ raw[len(token)+i]
	}
	return subtle.ConstantTimeCompare(plain, token) == 1
}

// OfferToken gives the script of an open form the token of the session there is now, with whose it is.
func (r *Request) OfferToken() {
	if r.Target() != "" {
		r.w.Header().Set("Tm-Token", r.CSRF())
		r.w.Header().Set("Tm-User", url.PathEscape(r.Grant.User.Name))
	}
}

// token is the session's token; before anybody signed in, that of nobody's session, which protects nothing and is not
// needed: the browser's own word on where a request comes from is checked besides.
func (r *Request) token() []byte {
	token, err := hex.DecodeString(r.Grant.CSRF(r.site.key))
	if err != nil {
		return make([]byte, sha256.Size)
	}
	return token
}

// seal makes a text that only this program can have written, for one purpose. It can be read by whoever holds it.
func (s *Site) seal(purpose string, b []byte) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("sealed " + strconv.Quote(purpose)))
	m.Write(b)
	return encode(b) + "." + encode(m.Sum(nil))
}

func (s *Site) open(purpose, text string) ([]byte, bool) {
	body, _, ok := strings.Cut(text, ".")
	if !ok {
		return nil, false
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || subtle.ConstantTimeCompare([]byte(s.seal(purpose, b)), []byte(text)) != 1 {
		return nil, false
	}
	return b, true
}

// Seal makes a text for a hidden field that only this program can have written; Open reads it back for the same purpose.
func (r *Request) Seal(purpose string, b []byte) string { return r.site.seal(purpose, b) }

// Open reads what Seal made.
func (r *Request) Open(purpose, text string) ([]byte, bool) { return r.site.open(purpose, text) }

// ThemeCookie keeps the reader's choice of light or dark.
const ThemeCookie = "tm_theme"

func themeOf(h *http.Request) string {
	if c, err := h.Cookie(ThemeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}
