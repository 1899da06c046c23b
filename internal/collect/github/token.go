package github

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
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// tokenSource gives the token of each request: one given, or one of an app's installation, which lasts an hour and is
// renewed before.
type tokenSource struct {
	api          api
	app          string
	installation string
	key          *rsa.PrivateKey
	now          func() time.Time

	mu          sync.Mutex
	token       string
	expires     time.Time // zero for a token that was given
	permissions map[string]string
}

func newTokenSource(ctx context.Context, a api, e collect.Env, now func() time.Time) (*tokenSource, error) {
	if token := strings.TrimSpace(e.Secrets["token"]); token != "" {
		return &tokenSource{token: token}, nil
	}
	t := &tokenSource{api: a, app: e.Settings["app_id"], installation: e.Settings["installation_id"], now: now}
	if t.app == "" || t.installation == "" || e.Secrets["private_key"] == "" {
		return nil, errs.New(errs.Invalid, "neither an access token nor a GitHub App is given").At("token").
			WithHint("set token, or app_id, installation_id and private_key")
	}
	if _, err := strconv.ParseUint(t.installation, 10, 63); err != nil {
		return nil, errs.New(errs.Invalid, "the installation is not a number").At("installation_id")
	}
	var err error
	if t.key, err = parseKey(e.Secrets["private_key"]); err != nil {
		return nil, err
	}
	_, err = t.get(ctx)
	return t, err
}

// get is a token that is good for some minutes at least.
func (t *tokenSource) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.key == nil || t.token != "" && t.now().Before(t.expires.Add(-5*time.Minute)) {
		return t.token, nil
	}
	signed, err := signJWT(t.key, t.app, t.now())
	if err != nil {
		return "", err
	}
	a, err := t.api.post(ctx, "/app/installations/"+t.installation+"/access_tokens", signed, struct{}{})
	if err != nil {
		return "", errs.Wrap(err, "sign in as the GitHub App")
	}
	var answer struct {
		Token       string            `json:"token"`
		ExpiresAt   time.Time         `json:"expires_at"`
		Permissions map[string]string `json:"permissions"`
	}
	if err := a.Decode(&answer); err != nil {
		return "", err
	}
	if answer.Token == "" {
		return "", errs.New(errs.Invalid, "GitHub gave the app no token")
	}
	t.token, t.expires, t.permissions = answer.Token, answer.ExpiresAt, answer.Permissions
	return t.token, nil
}

// parseKey reads an RSA key in either of the PEM forms in use. Errors tell nothing of the key.
func parseKey(s string) (*rsa.PrivateKey, error) {
	bad := errs.New(errs.Invalid, "the private key of the GitHub App is not an RSA key in PEM form").At("private_key")
	block, _ := pem.Decode([]byte(strings.TrimSpace(s)))
	if block == nil {
		return nil, bad
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, bad
	}
	return k, nil
}

// signJWT makes the token by which an app shows who it is: RS256, issued a minute ago for clocks that differ, and good for
// nine of the ten minutes GitHub allows. https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
func signJWT(key *rsa.PrivateKey, app string, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(9 * time.Minute).Unix(), "iss": app})
	if err != nil {
		return "", errs.As(errs.Internal, err, "write the app's token")
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", errs.As(errs.Internal, err, "sign the app's token")
	}
	return text + "." + enc.EncodeToString(sig), nil
}

func parseInt(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }
