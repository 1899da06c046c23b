package git

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

func line(fields ...string) string { return strings.Join(fields, "\x00") + "\x00" }

func TestReadRecord(t *testing.T) {
	t.Parallel()
	fine := line(sha, sha+" "+sha, "Ada \n\x1f", "a@x.example", "b@x.example", "1750000000", "-5", "N", "", "a \xff b")
	for name, c := range map[string]struct {
		in   string
		good int
		err  error
	}{
		"two": {fine + fine, 2, io.EOF}, "none": {"", 0, io.EOF}, "cut in a field": {fine + fine[:20], 1, io.ErrUnexpectedEOF},
		"cut between fields": {fine + line(sha, sha), 1, io.ErrUnexpectedEOF}, "no object name": {line("x", "", "", "", "", "1", "1", "", "", ""), 0, nil},
		"no time": {line(sha, "", "", "", "", "soon", "1", "", "", ""), 0, nil}, "time out of range": {line(sha, "", "", "", "", "1", "99999999999999", "", "", ""), 0, nil},
		"endless field": {strings.Repeat("a", 2<<20), 0, nil},
	} {
		r := bufio.NewReaderSize(strings.NewReader(c.in), 16)
		n := 0
		var err error
		for ; err == nil; n++ {
			_, err = readRecord(r)
		}
		if n--; n != c.good || c.err != nil && !errors.Is(err, c.err) || errors.Is(err, io.EOF) && !errors.Is(c.err, io.EOF) {
			t.Errorf("%s: %d records, then %v", name, n, err)
		}
	}
	rec, _ := readRecord(bufio.NewReader(strings.NewReader(fine)))
	if rec.subject != "a \uFFFD b" || rec.committed.Unix() != -5 || rec.authorName != "Ada \n\x1f" {
		t.Errorf("got %+v", rec)
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add(line(sha, sha, "Ada", "a@x.example", "b@x.example", "1750000000", "1750000001", "G", "Ada", "subject"))
	f.Add(line("", "") + "\xff")
	f.Fuzz(func(t *testing.T, s string) {
		r := bufio.NewReader(strings.NewReader(s))
		for range 1000 {
			rec, err := readRecord(r)
			if err != nil {
				return
			}
			if len(rec.id) != 40 && len(rec.id) != 64 {
				t.Errorf("id %q", rec.id)
			}
		}
	})
}

func FuzzParseTag(f *testing.F) {
	f.Add("v1\x00tag\x00" + sha + "\x00Ada\x00<a@x.example>\x001750000000\x00commit\x00" + sha)
	f.Add("v1\x00commit\x00" + sha + "\x00\x00\x00\x00\x00")
	f.Fuzz(func(t *testing.T, s string) {
		tag, err := parseTag(s)
		if err == nil && (tag.name == "" || tag.object == "") {
			t.Errorf("%q gave %+v", s, tag)
		}
	})
}

func TestGradeOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"good":           {"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG AB Ada\n[GNUPG:] VALIDSIG x\n[GNUPG:] TRUST_ULTIMATE 0 pgp\n", "G"},
		"unknown owner":  {"[GNUPG:] GOODSIG AB Ada\n[GNUPG:] TRUST_UNDEFINED 0 pgp\n", "U"},
		"bad":            {"[GNUPG:] BADSIG AB Ada\n", "B"},
		"bad beats good": {"[GNUPG:] GOODSIG AB Ada\n[GNUPG:] BADSIG AB Ada\n", "B"},
		"no key":         {"[GNUPG:] ERRSIG AB 22 10 00 1 9 -\n[GNUPG:] NO_PUBKEY AB\n", "E"},
		"expired key":    {"[GNUPG:] EXPKEYSIG AB Ada\n", "E"},
		"revoked key":    {"[GNUPG:] REVKEYSIG AB Ada\n", "E"},
		"ssh good":       {"Good \"git\" signature for ada@x.example with ED25519 key SHA256:abc\n", "G"},
		"ssh stranger":   {"Good \"git\" signature with ED25519 key SHA256:abc\nNo principal matched.\n", "U"},
		"ssh bad":        {"Signature verification failed: incorrect signature\nCould not verify signature.\n", "B"},
		"nothing said":   {"", "E"},
		"words inside":   {"gpg: a comment with [GNUPG:] GOODSIG in it\n", "E"},
	} {
		if got := gradeOf(c.in); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestSignatureWords(t *testing.T) {
	t.Parallel()
	var s collecttest.Sink
	r := &repository{missing: map[string]bool{"gpg": false, "gpgsm": true, "ssh-keygen": false}}
	for _, c := range []struct {
		form  form
		grade string
		want  *string
	}{
		{unsigned, "N", collect.Ptr("none")}, {openPGP, "G", collect.Ptr("good")}, {openPGP, "B", collect.Ptr("bad")},
		{openPGP, "U", collect.Ptr("unverified")}, {openPGP, "X", collect.Ptr("unverified")}, {openPGP, "Y", collect.Ptr("unverified")},
		{openPGP, "R", collect.Ptr("unverified")}, {openPGP, "E", collect.Ptr("unverified")},
		// git says N for an SSH signature when no signers file is configured.
		{ssh, "N", collect.Ptr("unverified")}, {x509, "G", nil},
	} {
		got := r.signature(c.form, c.grade, "commit", &s)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s %s: got %v, want %v", c.form, c.grade, got, c.want)
		}
	}
	r.missing = map[string]bool{}
	for range 2 {
		if got := r.signature("a-program-nobody-has", "G", "commit", &s); got != nil {
			t.Errorf("without the program: %v", *got)
		}
	}
	if len(s.Notes("commit")) != 1 {
		t.Errorf("notes: %q", s.Notes("commit"))
	}
}

func TestFormOf(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]form{
		"tree x\nauthor a\n\nsubject":                                       unsigned,
		"tree x\ngpgsig -----BEGIN PGP SIGNATURE-----\n abc\n\nsubject":     openPGP,
		"tree x\ngpgsig -----BEGIN SSH SIGNATURE-----\n abc\n\nsubject":     ssh,
		"tree x\ngpgsig -----BEGIN SIGNED MESSAGE-----\n abc\n\nsubject":    x509,
		"tree x\n\nsubject\ngpgsig -----BEGIN PGP SIGNATURE-----\n":         unsigned,
		"object x\ntype commit\n\nv1\n-----BEGIN PGP SIGNATURE-----\nabc\n": openPGP,
		"object x\ntype commit\n\nv1\n-----BEGIN SSH SIGNATURE-----\nabc\n": ssh,
		"object x\ntype commit\n\nv1 unsigned\n":                            unsigned,
	} {
		if got := formOf(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}
