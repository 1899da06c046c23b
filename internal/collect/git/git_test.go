package git_test

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/git"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// repo is a repository made for a test.
type repo struct {
	t   testing.TB
	dir string
	env []string
	now int
}

func newRepo(t testing.TB) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := &repo{t: t, dir: t.TempDir(), now: 1_750_000_000}
	r.git("init", "--quiet", "--initial-branch=main")
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	r.now += 60
	cmd := exec.Command("git", append([]string{"-c", "user.name=Ada Example", "-c", "user.email=ada@northwind.example", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		fmt.Sprintf("GIT_AUTHOR_DATE=%d +0200", r.now), fmt.Sprintf("GIT_COMMITTER_DATE=%d -0500", r.now+1),
	}, r.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) commit(subject string, flags ...string) string {
	r.t.Helper()
	r.git(append([]string{"commit", "--quiet", "--allow-empty", "-m", subject}, flags...)...)
	return r.git("rev-parse", "HEAD")
}

func read(t testing.TB, settings map[string]string) (*collecttest.Sink, error) {
	t.Helper()
	var s collecttest.Sink
	err := git.Connector{}.Collect(t.Context(), collect.Env{Settings: settings}, &s)
	return &s, err
}

func mustRead(t testing.TB, settings map[string]string) *collecttest.Sink {
	t.Helper()
	s, err := read(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	s.NoFailures(t)
	s.Reconciled(t, "commit", "tag")
	s.Laws(t, git.Connector{}.Describe())
	return s
}

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, git.Connector{}.Describe())
}

func TestHistory(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	first := r.commit("Begin")
	r.git("switch", "--quiet", "-c", "side")
	side := r.commit("Side work\n\nWith a body, a \x01 control character and ünïcode.")
	r.git("switch", "--quiet", "main")
	main := r.commit("Main work")
	r.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
	merge := r.git("rev-parse", "HEAD")
	r.git("switch", "--quiet", "-c", "unmerged", first)
	r.commit("Not on main")
	r.git("switch", "--quiet", "main")
	r.git("tag", "v1", first)
	r.git("tag", "-a", "-m", "second", "v2", merge)
	r.git("tag", "-a", "-m", "nested", "v2-again", "v2")
	r.git("remote", "add", "origin", "https://ada:hush@code.example/northwind/api.git")

	s := mustRead(t, map[string]string{"path": r.dir})
	const identity = "https://code.example/northwind/api.git"
	repos := collecttest.Of[*collect.Repository](s)
	if len(repos) != 1 || repos[0].Name != identity || repos[0].DefaultBranch == nil || *repos[0].DefaultBranch != "main" {
		t.Errorf("repository is %+v", repos)
	}
	s.Laws(t, git.Connector{}.Describe(), "hush")
	for id, want := range map[string]struct {
		subject string
		parents int64
		first   bool
	}{first: {"Begin", 0, true}, side: {"Side work", 1, false}, main: {"Main work", 1, true}, merge: {"Merge side", 2, true}} {
		c := collecttest.ByKey[*collect.Commit](t, s, id)
		if c.Subject != want.subject || c.Parents != want.parents || c.FirstParent != want.first || c.AuthorEmail != "ada@northwind.example" ||
			c.Signature == nil || *c.Signature != "none" || c.CommittedAt.Sub(c.AuthoredAt).Seconds() != 1 || c.Repository != identity {
			t.Errorf("%s: %+v", want.subject, c)
		}
		sum := sha1.Sum([]byte(fmt.Sprintf("commit %d\x00%s", len(c.Raw), c.Raw)))
		if hex.EncodeToString(sum[:]) != id {
			t.Errorf("%s: the record kept does not hash to the commit's name", want.subject)
		}
	}
	if n := len(s.Facts("commit")); n != 4 {
		t.Errorf("%d commits, want 4", n)
	}
	for tag, want := range map[string]struct {
		target    string
		annotated bool
	}{"v1": {first, false}, "v2": {merge, true}, "v2-again": {merge, true}} {
		f := collecttest.ByKey[*collect.Tag](t, s, identity+":"+tag)
		if f.Target != want.target || f.Annotated != want.annotated || (f.TaggedAt != nil) != want.annotated || *f.Signature != "none" {
			t.Errorf("%s: %+v", tag, f)
		}
	}

	other := mustRead(t, map[string]string{"path": r.dir, "branch": "unmerged"})
	if n := len(other.Facts("commit")); n != 2 {
		t.Errorf("%d commits on the other branch, want 2", n)
	}
}

func TestEmptyAndDetached(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	s := mustRead(t, map[string]string{"path": r.dir})
	if len(s.Facts("commit")) != 0 || len(s.Notes("repository")) != 1 {
		t.Errorf("an empty repository: %v", s.Notes("repository"))
	}
	if repos := collecttest.Of[*collect.Repository](s); repos[0].Name != filepath.Base(r.dir) {
		t.Errorf("without an origin the folder names it, not %q", repos[0].Name)
	}
	first := r.commit("one")
	r.commit("two")
	r.git("checkout", "--quiet", first)
	s = mustRead(t, map[string]string{"path": r.dir})
	if len(s.Facts("commit")) != 1 || collecttest.Of[*collect.Repository](s)[0].DefaultBranch != nil {
		t.Error("a detached HEAD is its own history and no branch")
	}
}

func TestShallowIsIncomplete(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 5 {
		r.commit(fmt.Sprint("commit ", i))
	}
	clone := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "--quiet", "--depth=2", "file://"+r.dir, clone)
	s, err := read(t, map[string]string{"path": clone})
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Failures("commit"); len(f) != 1 || !errs.Is(f[0], errs.Invalid) {
		t.Errorf("a shallow clone gave the failures %v", f)
	}
}

func TestDamagedRepositoryFails(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, r.commit(fmt.Sprint("commit ", i)))
	}
	if err := os.Remove(filepath.Join(r.dir, ".git", "objects", ids[1][:2], ids[1][2:])); err != nil {
		t.Fatal(err)
	}
	s, err := read(t, map[string]string{"path": r.dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Failures("commit")) != 1 {
		t.Errorf("a missing commit gave the failures %v", s.Failures("commit"))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("one")
	for name, c := range map[string]struct {
		settings map[string]string
		want     errs.Kind
	}{
		"no such folder":        {map[string]string{"path": filepath.Join(r.dir, "nowhere")}, errs.NotFound},
		"not a repository":      {map[string]string{"path": os.TempDir()}, errs.NotFound},
		"no such branch":        {map[string]string{"path": r.dir, "branch": "release"}, errs.NotFound},
		"branch as option":      {map[string]string{"path": r.dir, "branch": "--output=/tmp/x"}, errs.Invalid},
		"branch with dots":      {map[string]string{"path": r.dir, "branch": "a..b"}, errs.Invalid},
		"path as option":        {map[string]string{"path": "--upload-pack=touch /tmp/x"}, errs.Invalid},
		"address as option":     {map[string]string{"url": "--upload-pack=touch /tmp/x"}, errs.Invalid},
		"ext transport":         {map[string]string{"url": "ext::sh -c touch% /tmp/x"}, errs.Invalid},
		"http":                  {map[string]string{"url": "http://code.example/a"}, errs.Invalid},
		"git":                   {map[string]string{"url": "git://code.example/a"}, errs.Invalid},
		"scp form":              {map[string]string{"url": "git@code.example:a"}, errs.Invalid},
		"ssh host as option":    {map[string]string{"url": "ssh://-oProxyCommand=x/a"}, errs.Invalid},
		"ssh user as option":    {map[string]string{"url": "ssh://-l@code.example/a"}, errs.Invalid},
		"credential in address": {map[string]string{"url": "https://ada:hush@code.example/a"}, errs.Invalid},
		"relative file":         {map[string]string{"url": "file:a/b"}, errs.Invalid},
		"line break":            {map[string]string{"url": "https://code.example/a\nb"}, errs.Invalid},
		"cache as option":       {map[string]string{"url": "file:///a", "cache": "-x"}, errs.Invalid},
		"nothing to clone":      {map[string]string{"url": "file://" + r.dir + "/nowhere"}, errs.NotFound},
	} {
		if _, err := read(t, c.settings); err == nil || errs.KindOf(err) != c.want || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v (%s), want %s", name, err, errs.KindOf(err), c.want)
		}
	}
	s := &collecttest.Sink{EmitErr: errors.New("disk full")}
	if err := (git.Connector{}).Collect(t.Context(), collect.Env{Settings: map[string]string{"path": r.dir}}, s); !errors.Is(err, s.EmitErr) {
		t.Errorf("a full disk: %v", err)
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("one")
	r.git("tag", "v1")
	settings := map[string]string{"url": "file://" + r.dir}
	if s := mustRead(t, settings); len(s.Facts("commit")) != 1 || collecttest.Of[*collect.Repository](s)[0].Name != settings["url"] {
		t.Error("a clone for one run")
	}
	settings["cache"] = filepath.Join(t.TempDir(), "cache")
	if s := mustRead(t, settings); len(s.Facts("commit")) != 1 || len(s.Facts("tag")) != 1 {
		t.Error("the first run with a cache")
	}
	// The origin renames its branch, drops the tag, and rewrites history.
	r.git("branch", "-m", "trunk")
	r.git("tag", "-d", "v1")
	r.commit("rewritten", "--amend")
	r.commit("two")
	s := mustRead(t, settings)
	if len(s.Facts("commit")) != 2 || len(s.Facts("tag")) != 0 || *collecttest.Of[*collect.Repository](s)[0].DefaultBranch != "trunk" {
		t.Errorf("after the change: %d commits, %d tags", len(s.Facts("commit")), len(s.Facts("tag")))
	}
}

// A repository whose own configuration names programs and trusted keys must not get its way.
func TestHostileConfiguration(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	key := signingKey(t, r)
	signed := r.commit("signed", "-S")
	mark := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+mark+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	signers := filepath.Join(r.dir, "signers")
	if err := os.WriteFile(signers, []byte("ada@northwind.example "+key), 0o600); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{
		"gpg.program": script, "gpg.ssh.program": script, "gpg.x509.program": script, "core.fsmonitor": script, "core.pager": script,
		"core.sshCommand": script, "gpg.ssh.allowedSignersFile": signers, "pager.log": script, "gpg.ssh.defaultKeyCommand": script,
		"extensions.partialClone": "origin", "remote.origin.promisor": "true", "remote.origin.url": "ext::" + script,
		"remote.origin.uploadpack": script, "protocol.ext.allow": "always", "protocol.allow": "always", "core.repositoryFormatVersion": "1",
		"log.showSignature": "true", "alias.log": "!" + script,
	} {
		r.git("config", k, v)
	}
	s, err := read(t, map[string]string{"path": r.dir})
	if err != nil {
		t.Fatal(err)
	}
	if c := collecttest.ByKey[*collect.Commit](t, s, signed); c.Signature == nil || *c.Signature != "unverified" {
		t.Errorf("signature by a key only the repository trusts: %v", c.Signature)
	}
	// A missing object makes git look at the promisor remote.
	if err := os.Remove(filepath.Join(r.dir, ".git", "objects", signed[:2], signed[2:])); err != nil {
		t.Fatal(err)
	}
	if s, err := read(t, map[string]string{"path": r.dir}); err == nil && len(s.Failures("commit")) == 0 {
		t.Error("the missing object was not noticed")
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a program named by the repository ran")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for path, want := range map[string]bool{r.dir: true, os.TempDir(): false} {
		p, err := git.Connector{}.Check(t.Context(), collect.Env{Settings: map[string]string{"path": path}})
		if err != nil || len(p) != 2 || !*p[0].Granted || *p[1].Granted != want {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
}

// signingKey makes an SSH key with which the repository's commits are signed and returns its public half.
func signingKey(t *testing.T, r *repo) string {
	t.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r.git("config", "gpg.format", "ssh")
	r.git("config", "user.signingKey", file+".pub")
	pub, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return string(pub)
}

func TestSSHSignatures(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	key := signingKey(t, r)
	signed := r.commit("signed", "-S")
	plain := r.commit("plain")
	r.git("tag", "-s", "-m", "signed", "v1")
	signers := filepath.Join(t.TempDir(), "signers")
	if err := os.WriteFile(signers, []byte("ada@northwind.example "+key), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ signers, want, signer string }{
		"known key": {signers, "good", "ada@northwind.example"}, "no known keys": {"", "unverified", ""},
	} {
		s := mustRead(t, map[string]string{"path": r.dir, "allowed_signers": c.signers})
		f := collecttest.ByKey[*collect.Commit](t, s, signed)
		if f.Signature == nil || *f.Signature != c.want || c.signer != "" && (f.Signer == nil || *f.Signer != c.signer) {
			t.Errorf("%s: commit is %v by %v", name, *f.Signature, f.Signer)
		}
		if f := collecttest.ByKey[*collect.Commit](t, s, plain); *f.Signature != "none" {
			t.Errorf("%s: the plain commit is %v", name, *f.Signature)
		}
		if f := collecttest.Of[*collect.Tag](s)[0]; *f.Signature != c.want {
			t.Errorf("%s: tag is %v", name, *f.Signature)
		}
	}
	// The same signature under another message.
	raw := strings.Replace(r.git("cat-file", "commit", signed), "signed", "forged", 1)
	file := filepath.Join(t.TempDir(), "forged")
	if err := os.WriteFile(file, []byte(raw+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	forged := r.git("hash-object", "-t", "commit", "-w", file)
	r.git("update-ref", "refs/heads/forged", forged)
	s := mustRead(t, map[string]string{"path": r.dir, "allowed_signers": signers, "branch": "forged"})
	if f := collecttest.ByKey[*collect.Commit](t, s, forged); *f.Signature != "bad" {
		t.Errorf("the forged commit is %v", *f.Signature)
	}
}

func TestOpenPGPSignatures(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("gpg is not installed")
	}
	home, err := os.MkdirTemp("", "gpg") // short: the agent's socket has a bounded path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	if out, err := exec.Command("gpg", "--homedir", home, "--batch", "--passphrase", "", "--quick-gen-key", "ada@northwind.example", "ed25519", "sign", "never").CombinedOutput(); err != nil {
		t.Skipf("gpg makes no key here: %v\n%s", err, out)
	}
	r := newRepo(t)
	r.env = []string{"GNUPGHOME=" + home}
	r.git("config", "user.signingKey", "ada@northwind.example")
	signed := r.commit("signed", "-S")
	r.git("tag", "-s", "-m", "signed", "v1")
	empty := t.TempDir()
	for dir, want := range map[string]string{home: "good", empty: "unverified"} {
		s := mustRead(t, map[string]string{"path": r.dir, "gpg_home": dir})
		c, tag := collecttest.ByKey[*collect.Commit](t, s, signed), collecttest.Of[*collect.Tag](s)[0]
		if *c.Signature != want || *tag.Signature != want {
			t.Errorf("commit %v, tag %v, want %s", *c.Signature, *tag.Signature, want)
		}
	}
}
