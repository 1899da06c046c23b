package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// transports git may use when it clones.
const transports = "https:ssh:file"

// checkURL refuses addresses other than https, ssh and file, and those that carry a password, and returns the address as
// it may be shown.
func checkURL(s string) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", errs.New(errs.Invalid, format, args...).At("url").WithHint("write https://host/path, ssh://user@host/path or file:///path")
	}
	if err := plain("url", s); err != nil {
		return "", err
	}
	u, err := url.Parse(s)
	if err != nil {
		return bad("the address of the repository cannot be read")
	}
	switch u.Scheme {
	case "https", "ssh":
		if u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-") || strings.HasPrefix(u.User.Username(), "-") {
			return bad("the address of the repository names no host")
		}
	case "file":
		if u.Host != "" || !filepath.IsAbs(u.Path) {
			return bad("a file address names an absolute path and no host")
		}
	default:
		return bad("the address of the repository has the scheme %q", u.Scheme)
	}
	if _, set := u.User.Password(); set || u.User != nil && u.Scheme == "https" {
		return bad("the address of the repository carries a credential")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return bad("the address of the repository has a query or a fragment")
	}
	return s, nil
}

// clone copies commits and tags of a repository without its files, into the cache or a folder for this run alone.
func (t tool) clone(ctx context.Context, address, cache string) (dir string, done func(), err error) {
	done = func() {}
	t.protocols = transports
	if cache == "" {
		tmp, err := os.MkdirTemp("", "tickmark-git-")
		if err != nil {
			return "", done, errs.As(errs.Unavailable, err, "make a folder for the clone")
		}
		done = func() { _ = os.RemoveAll(tmp) }
		dir = filepath.Join(tmp, "repository.git")
	} else {
		if err := os.MkdirAll(cache, 0o700); err != nil {
			return "", done, errs.As(errs.Unavailable, err, "make the cache folder")
		}
		sum := sha256.Sum256([]byte(address))
		dir = filepath.Join(cache, hex.EncodeToString(sum[:12])+".git")
		if dir, err = filepath.Abs(dir); err != nil {
			return "", done, errs.As(errs.Internal, err, "cache folder")
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil {
		return dir, done, t.refresh(ctx, dir, address)
	}
	// Servers that cannot filter send everything, which is slower and gives the same facts.
	if _, err := t.output(ctx, "clone", "--quiet", "--bare", "--filter=tree:0", "--template=", "--", address, dir); err != nil {
		_ = os.RemoveAll(dir)
		done()
		return "", func() {}, errs.Wrap(err, "clone %s", address)
	}
	return dir, done, nil
}

// refresh brings a kept clone to the state of its origin, branches and tags that are gone there included.
func (t tool) refresh(ctx context.Context, dir, address string) error {
	head, err := t.output(ctx, "ls-remote", "--symref", "--", address, "HEAD")
	if err != nil {
		return errs.Wrap(err, "ask %s for its branches", address)
	}
	t.dir = dir
	if _, err := t.output(ctx, "fetch", "--quiet", "--prune", "--force", "--no-auto-gc", "--", address,
		"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"); err != nil {
		return errs.Wrap(err, "fetch from %s", address)
	}
	if ref, ok := strings.CutPrefix(head, "ref: "); ok {
		ref, _, _ = strings.Cut(ref, "\t")
		if strings.HasPrefix(ref, "refs/heads/") {
			if _, err := t.output(ctx, "symbolic-ref", "HEAD", ref); err != nil {
				return errs.Wrap(err, "follow the default branch of %s", address)
			}
		}
	}
	return nil
}
