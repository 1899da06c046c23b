// Package git reads the history of a git repository: commits of one branch, tags, and whether their signatures hold. It
// runs the git program with its machine formats, and lets nothing in the repository's own configuration run a program or
// decide which keys are trusted.
package git

import (
	"context"
	"errors"
	"os"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Connector reads git repositories. The zero value is ready.
type Connector struct{}

var _ collect.Connector = Connector{}

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	all := []string{"repository", "commit", "tag"}
	return collect.Description{
		Kind: "git", Title: "Git repository", Version: 1, Local: true,
		Doc: "Reads all commits of one branch, first-parent line and signatures included, and all tags. Reads no file contents.",
		Fields: []collect.Field{
			{Name: "path", Title: "Path", Hint: "A repository on this machine; not used when an address is given", Default: "."},
			{Name: "url", Title: "Address", Hint: "https://, ssh:// or file:// address to clone from; credentials come from the machine's ssh agent, never from the address"},
			{Name: "cache", Title: "Cache folder", Hint: "Where the clone is kept between runs; without it each run clones anew"},
			{Name: "branch", Title: "Branch", Hint: "The branch whose history counts; without it the repository's default branch"},
			{Name: "gpg_home", Title: "GnuPG folder", Hint: "Keyring with the OpenPGP keys that count as known; without it the keyring of the user that runs Tickmark"},
			{Name: "allowed_signers", Title: "Allowed signers file", Hint: "SSH keys that count as known, in the format of ssh-keygen(1); without it no SSH signature counts as good"},
		},
		Grants: []collect.Permission{
			{Name: "git program", Why: "the history is read with git's own machine formats", Resources: all},
			{Name: "repository", Why: "read access to the repository", Resources: all},
		},
		Resources: all,
	}
}

// Check tries whether git is there and the repository opens.
func (Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	p := Connector{}.Describe().Grants
	version, err := tool{}.output(ctx, "version")
	p[0].Granted = collect.Ptr(err == nil)
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "git does not start")
	}
	p[0].Detail = version
	r, done, err := open(ctx, e)
	p[1].Granted = collect.Ptr(err == nil)
	if err != nil {
		p[1].Detail = err.Error()
		return p, nil
	}
	defer done()
	p[1].Detail = r.identity
	return p, nil
}

// Collect emits the repository, its commits and its tags.
func (Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, done, err := open(ctx, e)
	if err != nil {
		return err
	}
	defer done()
	if err := r.emitRepository(ctx, s); err != nil {
		return err
	}
	for _, step := range []struct {
		resource string
		read     func(context.Context, collect.Sink) error
	}{{"commit", r.commits}, {"tag", r.tags}} {
		if err := step.read(ctx, s); err != nil {
			var halt emitError
			if errors.As(err, &halt) {
				return halt.error
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.Failed(step.resource, err)
		}
	}
	return nil
}

// repository is an opened repository, read at one moment: every command names the commit found on opening.
type repository struct {
	tool
	identity string // origin's address, or the folder's name
	branch   string // short name; "" when HEAD is detached
	head     string // object name of the branch's newest commit; "" when there is none
	shallow  bool
	signers  bool // known SSH keys were given
	missing  map[string]bool
}

// open finds or clones the repository of the settings. done removes what was cloned for this run alone.
func open(ctx context.Context, e collect.Env) (r *repository, done func(), err error) {
	done = func() {}
	t, err := newTool(e.Settings)
	if err != nil {
		return nil, done, err
	}
	identity := ""
	if address := e.Settings["url"]; address != "" {
		if identity, err = checkURL(address); err != nil {
			return nil, done, err
		}
		if t.dir, done, err = t.clone(ctx, address, e.Settings["cache"]); err != nil {
			return nil, done, err
		}
	} else if t.dir, err = t.find(ctx, e.Settings["path"]); err != nil {
		return nil, done, err
	}
	r = &repository{tool: t, identity: identity, signers: e.Settings["allowed_signers"] != "", missing: map[string]bool{}}
	if err := r.inspect(ctx, e.Settings["branch"]); err != nil {
		done()
		return nil, func() {}, err
	}
	return r, done, nil
}

func (t tool) find(ctx context.Context, path string) (string, error) {
	if path == "" {
		path = "."
	}
	if err := plain("path", path); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", errs.As(errs.NotFound, err, "the repository %s", path)
	}
	t.work = path
	dir, err := t.output(ctx, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return "", errs.As(errs.NotFound, err, "%s is not a git repository", path)
	}
	return dir, nil
}

// emitError carries an error of the sink through a step, since it ends the run and is not a fault of the source.
type emitError struct{ error }

func (e emitError) Unwrap() error { return e.error }
