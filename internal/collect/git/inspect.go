package git

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// inspect learns the repository's name, branch and newest commit.
func (r *repository) inspect(ctx context.Context, branch string) error {
	if r.identity == "" {
		if err := r.identify(ctx); err != nil {
			return err
		}
	}
	shallow, err := r.output(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return errs.Wrap(err, "open %s", r.identity)
	}
	r.shallow = shallow == "true"
	ref := "refs/heads/" + branch
	if branch == "" {
		if ref, err = r.output(ctx, "symbolic-ref", "--quiet", "HEAD"); exitCode(err) == 1 {
			ref, err = "HEAD", nil // detached
		}
		if err != nil {
			return errs.Wrap(err, "read the default branch of %s", r.identity)
		}
	} else if _, err := r.output(ctx, "check-ref-format", ref); err != nil {
		return errs.New(errs.Invalid, "%q cannot be a branch", branch).At("branch")
	}
	r.branch = strings.TrimPrefix(ref, "refs/heads/")
	if ref == "HEAD" {
		r.branch = ""
	}
	return r.resolve(ctx, ref, branch != "")
}

// resolve finds the branch's newest commit. A repository without any commit is an empty one; a missing branch is an error.
func (r *repository) resolve(ctx context.Context, ref string, named bool) error {
	head, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err == nil {
		r.head = head
		return nil
	}
	if exitCode(err) != 1 {
		return errs.Wrap(err, "read the branch %s of %s", r.branch, r.identity)
	}
	refs, err := r.output(ctx, "for-each-ref", "--count=1", "--format=%(refname)")
	if err != nil {
		return errs.Wrap(err, "read the references of %s", r.identity)
	}
	if refs == "" && !named {
		return nil
	}
	return errs.New(errs.NotFound, "%s has no branch %s", r.identity, r.branch).At("branch").WithHint("name the branch whose history counts in the setting branch")
}

// identify names the repository by where it comes from, without any credential, or by its folder.
func (r *repository) identify(ctx context.Context) error {
	origin, err := r.output(ctx, "config", "--local", "--get", "remote.origin.url")
	if err != nil && exitCode(err) != 1 {
		return errs.Wrap(err, "read the configuration of %s", r.dir)
	}
	if origin == "" {
		dir := r.dir
		if filepath.Base(dir) == ".git" {
			dir = filepath.Dir(dir)
		}
		r.identity = filepath.Base(dir)
		return nil
	}
	if u, err := url.Parse(origin); err == nil && u.Scheme != "" && u.User != nil {
		user := u.User.Username()
		u.User = nil
		if u.Scheme == "ssh" && user != "" {
			u.User = url.User(user)
		}
		origin = u.String()
	}
	r.identity = origin
	return nil
}

func (r *repository) emitRepository(ctx context.Context, s collect.Sink) error {
	refs, err := r.output(ctx, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
	if err != nil {
		return errs.Wrap(err, "read the branches of %s", r.identity)
	}
	s.Page("repository", "git for-each-ref refs/heads")
	f := &collect.Repository{ID: r.identity, Name: r.identity, DefaultBranch: collect.NonZero(r.branch)}
	f.Raw = "HEAD " + r.head + " " + r.branch + "\n" + strings.ToValidUTF8(refs, "\uFFFD")
	switch {
	case r.head == "":
		s.Note("repository", "The repository has no commits yet.")
	case r.branch == "":
		s.Note("repository", "HEAD is detached: the history read is that of the commit checked out, not of a branch.")
	}
	return s.Emit(f)
}
