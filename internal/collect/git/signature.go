package git

import (
	"bytes"
	"context"
	"os/exec"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
)

// Words for a signature; see collect.Commit.
const (
	good       = "good"
	bad        = "bad"
	unverified = "unverified"
	none       = "none"
)

// form is the kind of a signature, known from the object itself: git's own verdict says "no signature" also where it
// lacks the means to look at one.
type form string

const (
	unsigned form = ""
	openPGP  form = "gpg" // the forms are called by the program that checks them
	ssh      form = "ssh-keygen"
	x509     form = "gpgsm"
)

// formOf looks for a signature in a stored commit (a header) or tag (at the end of the message).
func formOf(raw string) form {
	for _, f := range []struct {
		begin string
		form  form
	}{
		{"-----BEGIN PGP SIGNATURE-----", openPGP}, {"-----BEGIN PGP MESSAGE-----", openPGP},
		{"-----BEGIN SSH SIGNATURE-----", ssh}, {"-----BEGIN SIGNED MESSAGE-----", x509},
	} {
		for _, start := range []string{"\ngpgsig " + f.begin, "\ngpgsig-sha256 " + f.begin} {
			if header, _, _ := strings.Cut(raw, "\n\n"); strings.Contains(header, start) {
				return f.form
			}
		}
		if strings.HasPrefix(raw, "object ") && strings.Contains(raw, "\n"+f.begin) {
			return f.form
		}
	}
	return unsigned
}

// signature turns git's grade into our word. Only G, a good signature by a key that is known and not distrusted, is good:
// U (key of unknown validity), X and Y (expired), R (revoked) and E (key missing) leave open who signed.
func (r *repository) signature(f form, grade, resource string, s collect.Sink) *string {
	if f == unsigned {
		return collect.Ptr(none)
	}
	if _, known := r.missing[string(f)]; !known {
		_, err := exec.LookPath(string(f))
		r.missing[string(f)] = err != nil
		if err != nil {
			s.Note(resource, "Signatures that need the program "+string(f)+" could not be checked: it is not installed.")
		}
	}
	if r.missing[string(f)] {
		return nil
	}
	switch grade {
	case "G":
		return collect.Ptr(good)
	case "B":
		return collect.Ptr(bad)
	}
	return collect.Ptr(unverified)
}

// tagGrade checks the signature of a tag object and grades it as git log does for commits.
func (r *repository) tagGrade(ctx context.Context, id string) string {
	cmd := r.command(ctx, "verify-tag", "--raw", id)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	_ = cmd.Run() // a failed check ends with a status other than 0; the words say how it failed
	return gradeOf(stderr.String())
}

// gradeOf reads GnuPG's status lines (doc/DETAILS of GnuPG) or ssh-keygen's sentence.
func gradeOf(status string) string {
	grade, trust := "E", ""
	for line := range strings.Lines(status) {
		line = strings.TrimSpace(line)
		if words, ok := strings.CutPrefix(line, "[GNUPG:] "); ok {
			word, _, _ := strings.Cut(words, " ")
			switch {
			case word == "GOODSIG":
				grade = "G"
			case word == "BADSIG":
				return "B"
			case word == "EXPSIG", word == "EXPKEYSIG", word == "REVKEYSIG", word == "ERRSIG":
				grade = "E"
			case strings.HasPrefix(word, "TRUST_"):
				trust = word
			}
			continue
		}
		switch {
		case strings.HasPrefix(line, `Good "git" signature for `):
			grade = "G"
		case strings.HasPrefix(line, `Good "git" signature with `):
			grade = "U"
		case strings.Contains(line, "Signature verification failed"):
			return "B"
		}
	}
	if grade == "G" && (trust == "TRUST_UNDEFINED" || trust == "TRUST_NEVER") {
		return "U"
	}
	return grade
}
