package git

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// tool runs git with an environment and configuration of our own.
type tool struct {
	dir       string // the repository's own folder (--git-dir), once known
	work      string // folder to start in while the repository is looked for
	protocols string // transports git may use; "" is none
	gpgHome   string
	signers   string
}

func newTool(settings map[string]string) (tool, error) {
	t := tool{gpgHome: settings["gpg_home"], signers: settings["allowed_signers"]}
	for _, field := range []string{"gpg_home", "allowed_signers", "branch", "cache"} {
		if err := plain(field, settings[field]); err != nil {
			return tool{}, err
		}
	}
	return t, nil
}

// plain refuses values that a program could take for an option.
func plain(field, v string) error {
	if strings.HasPrefix(v, "-") || strings.ContainsAny(v, "\x00\n\r") {
		return errs.New(errs.Invalid, "the setting %s may not begin with a dash or contain line breaks", field).At(field)
	}
	return nil
}

// overrides are the configuration values that would let a repository run a program of its choice or decide what is
// trusted. Values given on the command line win over the repository's. See git-config(1).
func (t tool) overrides() []string {
	signers := t.signers
	if signers == "" {
		signers = os.DevNull
	}
	return []string{
		"core.fsmonitor=false", "core.hooksPath=" + os.DevNull, "core.sshCommand=ssh -o BatchMode=yes", "core.gitProxy=", "core.askPass=",
		"credential.helper=", "protocol.ext.allow=never", "core.commitGraph=false", "safe.directory=*",
		"gpg.program=gpg", "gpg.openpgp.program=gpg", "gpg.x509.program=gpgsm", "gpg.ssh.program=ssh-keygen",
		"gpg.ssh.allowedSignersFile=" + signers, "gpg.ssh.revocationFile=" + os.DevNull, "gpg.ssh.defaultKeyCommand=",
		"gpg.minTrustLevel=undefined", "log.showSignature=false", "log.mailmap=false", "i18n.logOutputEncoding=UTF-8",
	}
}

func (t tool) command(ctx context.Context, args ...string) *exec.Cmd {
	all := []string{"--no-pager"}
	for _, c := range t.overrides() {
		all = append(all, "-c", c)
	}
	if t.dir != "" {
		all = append(all, "--git-dir="+t.dir)
	}
	cmd := exec.CommandContext(ctx, "git", append(all, args...)...) //nolint:gosec // arguments are checked by plain, or object names
	cmd.Dir = t.work
	protocols := t.protocols
	if protocols == "" {
		protocols = "none" // no transport has this name
	}
	cmd.Env = append(inherited("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "TMPDIR"),
		"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull, "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL="+protocols)
	if home := t.gpgHome; home != "" {
		if abs, err := filepath.Abs(home); err == nil {
			home = abs
		}
		cmd.Env = append(cmd.Env, "GNUPGHOME="+home)
	} else {
		cmd.Env = append(cmd.Env, inherited("GNUPGHOME")...)
	}
	return cmd
}

func inherited(names ...string) []string {
	var out []string
	for _, n := range names {
		if v, ok := os.LookupEnv(n); ok {
			out = append(out, n+"="+v)
		}
	}
	return out
}

// output is what a command prints, without the last line break.
func (t tool) output(ctx context.Context, args ...string) (string, error) {
	cmd := t.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", explain(ctx, args, err, stderr.String())
	}
	return strings.TrimRight(stdout.String(), "\n"), nil
}

// failure is a git command that ended with a status other than 0.
type failure struct {
	command string
	code    int
	says    string
}

func (f *failure) Error() string { return "git " + f.command + ": " + f.says }

// explain keeps git's own words, which name what is wrong.
func explain(ctx context.Context, args []string, err error, stderr string) error {
	if ctx.Err() != nil {
		return errs.As(errs.Unavailable, ctx.Err(), "git %s was given up", args[0])
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return &errs.Error{Kind: errs.Unavailable, Msg: "start git", Err: err, Hint: "install git on the machine that collects"}
	}
	says := strings.TrimSpace(strings.ToValidUTF8(stderr, "\uFFFD"))
	if len(says) > 600 {
		says = strings.ToValidUTF8(says[:600], "") + "..."
	}
	kind := errs.Unavailable
	for words, k := range map[string]errs.Kind{
		"Permission denied": errs.Denied, "Authentication failed": errs.Denied, "could not read Username": errs.Denied,
		"not found": errs.NotFound, "does not exist": errs.NotFound, "does not appear to be a git repository": errs.NotFound,
	} {
		if strings.Contains(says, words) {
			kind = k
		}
	}
	return errs.As(kind, &failure{command: args[0], code: exit.ExitCode(), says: says}, "")
}

// exitCode is the status a git command ended with, or -1.
func exitCode(err error) int {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return -1
}
