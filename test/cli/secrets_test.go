package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
)

// TestNoSecretInClear leads a real thread with secrets that are known, with everything logged, and then looks for them in
// every byte that was written: logs, database, evidence, report and bundle.
func TestNoSecretInClear(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery staple"
	f := newFolder(t)
	_, env, stop, err := startCompany(people)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for k, v := range env {
		f.env = append(f.env, k+"="+v)
	}
	f.env = append(f.env, "TICKMARK_DEBUG=1", "TICKMARK_LOG_LEVEL=debug")
	var logs strings.Builder
	run := func(code int, input string, args ...string) string {
		t.Helper()
		d := f.run(input, "tickmark", args...)
		if d.code != code {
			t.Fatalf("tickmark %s: exit %d, expected %d\n%s%s", strings.Join(args, " "), d.code, code, d.out, d.err)
		}
		logs.WriteString(d.err)
		if args[0] != "token" { // which shows the token once, on purpose
			logs.WriteString(d.out)
		}
		return d.out
	}
	run(0, password+"\n", "init", "--name", "Northwind", "--owner", "ona@northwind.example", "--password-stdin")
	run(0, "", "connect", "add", "okta", "--set", "base_url="+env["OKTA"], "--secret", "token=OKTA_TOKEN")
	run(0, "", "connect", "add", "bamboohr", "--set", "company="+env["BAMBOOHR_COMPANY"], "--set", "base_url="+env["BAMBOOHR"], "--secret", "api_key=BAMBOOHR_KEY")
	run(0, env["GITHUB_TOKEN"], "connect", "add", "github", "--set", "org="+env["GITHUB_ORG"], "--set", "base_url="+env["GITHUB"], "--token-stdin")
	for _, name := range []string{"okta", "bamboohr", "github"} {
		run(0, "", "connect", "check", name)
	}
	run(0, "", "connect", "list", "--json")
	second := secondFactor(t, f, password, &logs)
	token := strings.TrimSpace(run(0, "", "token", "add", "ci", "--user", "ona@northwind.example"))
	run(0, "", "collect")
	run(3, "", "test")
	run(0, "", "report", "build", "-o", "report.pdf")
	run(0, "", "bundle", "-o", "bundle.zip")
	run(0, "", "doctor", "--json")
	run(0, "", "ledger", "list", "--json", "--size", "1000")
	if !strings.Contains(logs.String(), "level=DEBUG") {
		t.Error("nothing was logged at the level debug: the test sees too little")
	}

	secrets := map[string]string{
		"the token of Okta": env["OKTA_TOKEN"], "the key of BambooHR": env["BAMBOOHR_KEY"], "the token of GitHub": env["GITHUB_TOKEN"],
		"the password": password, "the secret of the second factor": second, "the API token": token,
	}
	content := map[string][]byte{"what was said and logged": []byte(logs.String())}
	gather(t, f.dir, content)
	_, bundle := files(t, f.path("bundle.zip"))
	for name, b := range bundle {
		content["bundle.zip/"+name] = b
	}
	if len(content) < 60 || len(content["tickmark-data/records.db"]) == 0 {
		t.Fatalf("only %d files were searched", len(content))
	}
	for what, secret := range secrets {
		if len(secret) < 16 {
			t.Errorf("%s is too short to look for: %q", what, secret)
		}
		for _, form := range forms(secret) {
			for name, b := range content {
				if bytes.Contains(b, form) {
					t.Errorf("%s is in clear in %s (as %q)", what, name, form)
				}
			}
		}
	}
}

// forms are the ways in which a secret could lie about unsealed.
func forms(secret string) [][]byte {
	raw := []byte(secret)
	basic := []byte(base64.StdEncoding.EncodeToString([]byte(secret + ":x"))) // as a header of basic authentication carries it
	return [][]byte{raw, []byte(base64.StdEncoding.EncodeToString(raw)), []byte(base64.RawURLEncoding.EncodeToString(raw)), []byte(hex.EncodeToString(raw)), basic[:len(basic)-4]}
}

// gather reads every file below a folder.
func gather(t *testing.T, dir string, into map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		into[filepath.ToSlash(rel)], err = os.ReadFile(p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// secondFactor signs the owner in and sets a second factor, as the pages do, and returns its secret.
func secondFactor(t *testing.T, f *folder, password string, logs *strings.Builder) string {
	t.Helper()
	cfg := app.Config{Data: f.path("tickmark-data"), Database: "sqlite:" + f.path("tickmark-data/records.db")}
	a, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	now := time.Now().UTC()
	_, g, err := a.Access.SignIn(t.Context(), now, access.Attempt{Email: "ona@northwind.example", Password: password, OrgSlug: "northwind"})
	if err != nil {
		t.Fatal(err)
	}
	scope, err := g.Write()
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := a.Access.EnrolTOTP(g.Org, g.User)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(secret, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Access.ConfirmTOTP(t.Context(), scope, now, g.User.ID, secret, code); err != nil {
		t.Fatal(err)
	}
	return secret
}
