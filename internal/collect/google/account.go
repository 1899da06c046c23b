// Package google reads audit logs of Google: the activities of a Workspace by application, and the audit entries of a cloud project or
// organisation. Both sign in as a service account; plain HTTP, so that every record is kept as it came.
package google

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// keyField is the secret that both connectors ask for.
var keyField = collect.Field{Name: "service_account_key", Title: "Service account key", Hint: "The JSON file that Google made for the service account, whole", Required: true, Secret: true, Long: true}

// account is a service account that signs in.
type account struct {
	Kind       string `json:"type"`
	Mail       string `json:"client_email"`
	PrivateKey string `json:"private_key"`
	TokenURI   string `json:"token_uri"`

	key     *rsa.PrivateKey
	http    *http.Client
	now     func() time.Time
	scope   string
	subject string // whom it speaks for; empty for itself
}

// newAccount reads the key file. Errors tell nothing of the key.
func newAccount(e collect.Env, now func() time.Time, scope, subject string) (*account, error) {
	text, err := pull.Need(e.Secrets, keyField.Name, "the service account key")
	if err != nil {
		return nil, err
	}
	if e.HTTP == nil || now == nil {
		return nil, errs.New(errs.Internal, "the run has no HTTP client or no clock")
	}
	bad := errs.New(errs.Invalid, "the service account key is not the JSON file that Google makes").At(keyField.Name).WithHint("Give the whole file, with client_email, private_key and token_uri.")
	a := &account{http: e.HTTP, now: now, scope: scope, subject: subject}
	if json.Unmarshal([]byte(text), a) != nil || a.Kind != "service_account" || a.Mail == "" {
		return nil, bad
	}
	if u, err := url.Parse(a.TokenURI); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, bad
	}
	block, _ := pem.Decode([]byte(a.PrivateKey))
	if block == nil {
		return nil, bad
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	var ok bool
	if a.key, ok = key.(*rsa.PrivateKey); !ok {
		return nil, bad
	}
	return a, nil
}

// ask asks for a token with a claim that the account signs (RFC 7523), issued a minute ago for clocks that differ.
// https://developers.google.com/identity/protocols/oauth2/service-account
func (a *account) ask(ctx context.Context) (string, time.Duration, error) {
	now := a.now()
	claim := map[string]any{"iss": a.Mail, "scope": a.scope, "aud": a.TokenURI, "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(50 * time.Minute).Unix()}
	if a.subject != "" {
		claim["sub"] = a.subject
	}
	body, err := json.Marshal(claim)
	if err != nil {
		return "", 0, errs.New(errs.Internal, "write the service account's claim")
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", 0, errs.New(errs.Internal, "sign the service account's claim")
	}
	q := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text + "." + enc.EncodeToString(sig)}}
	ctx = httpx.Repeatable(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.TokenURI, strings.NewReader(q.Encode()))
	if err != nil {
		return "", 0, errs.New(errs.Internal, "request for a token")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var out struct {
		Token string `json:"access_token"`
		Good  int64  `json:"expires_in"`
	}
	if _, err := httpx.GetJSON(ctx, a.http, req, &out); err != nil {
		return "", 0, errs.Wrap(explainToken(err), "sign in as %s", a.Mail)
	}
	return out.Token, time.Duration(max(0, out.Good)) * time.Second, nil
}

// explainToken says what to do when no token is given.
func explainToken(err error) error {
	switch httpx.CodeOf(err) {
	case "unauthorized_client", "access_denied":
		return &errs.Error{Kind: errs.Denied, Err: err, Hint: "in the Admin console, under API controls, let the service account's client act for the domain with just the scope named beside, and name an administrator"}
	case "invalid_grant":
		return &errs.Error{Kind: errs.Denied, Err: err, Hint: "check that the key is not deleted, that the administrator exists, and that the clock of this machine is right"}
	}
	return err
}
