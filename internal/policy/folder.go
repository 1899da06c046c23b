package policy

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of a folder that is imported.
const (
	MaxFiles  = 500
	MaxFolder = 20 << 20 // bytes of all files
)

// Raw is a file of a folder before it is read.
type Raw struct {
	Name string
	Body []byte
	Bad  string // why it is not read at all; then it has no body
}

// ReadZip takes the files out of an archive. What is no Markdown is left out; what is dangerous is named and not read. A zip
// that cannot be read at all is Invalid.
func ReadZip(r io.ReaderAt, size int64) ([]Raw, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errs.Hinted(errs.As(errs.Invalid, err, "this is no zip archive that can be read"), "Pack the folder of Markdown files as a zip, without a password.")
	}
	if len(z.File) > 4*MaxFiles {
		return nil, errs.New(errs.Exhausted, "the archive has %d entries; at most %d are taken", len(z.File), 4*MaxFiles)
	}
	var out []Raw
	total := 0
	for _, f := range z.File {
		name := f.Name
		base := path.Base(strings.ReplaceAll(name, `\`, "/"))
		switch {
		case strings.HasSuffix(name, "/"), !strings.EqualFold(path.Ext(base), ".md"), strings.HasPrefix(base, "."), strings.HasPrefix(name, "__MACOSX/"), strings.EqualFold(base, "README.md"):
			continue
		}
		if what := unsafe(f); what != "" {
			out = append(out, Raw{Name: shownName(name), Bad: what})
			continue
		}
		if len(out) == MaxFiles {
			return nil, errs.New(errs.Exhausted, "the archive has more than %d policies", MaxFiles)
		}
		body, err := readEntry(f)
		if err != nil {
			out = append(out, Raw{Name: shownName(name), Bad: err.Error()})
			continue
		}
		if total += len(body); total > MaxFolder {
			return nil, errs.New(errs.Exhausted, "the files of the archive are larger than %d MiB together", MaxFolder>>20)
		}
		out = append(out, Raw{Name: base, Body: body})
	}
	return out, nil
}

// unsafe says why an entry of an archive is not read; empty when it is.
func unsafe(f *zip.File) string {
	n := strings.ReplaceAll(f.Name, `\`, "/")
	switch {
	case strings.HasPrefix(n, "/"), len(n) > 1 && n[1] == ':', slices.Contains(strings.Split(n, "/"), ".."):
		return "its path leads out of the archive"
	case !f.Mode().IsRegular():
		return "is no plain file"
	case f.Flags&1 != 0:
		return "is encrypted"
	case !utf8.ValidString(f.Name) || len(f.Name) > 400:
		return "its name cannot be read"
	case f.UncompressedSize64 > MaxFile:
		return fmt.Sprintf("is larger than %d KiB", MaxFile>>10)
	}
	return ""
}

func readEntry(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("cannot be unpacked: %w", err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1)) // the size it claims may be a lie
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be unpacked: %w", err)
	case len(b) > MaxFile:
		return nil, fmt.Errorf("is larger than %d KiB", MaxFile>>10)
	}
	return b, nil
}

// shownName is the name of a file that was not read, fit to be shown.
func shownName(s string) string { return clip(strings.ToValidUTF8(s, "\uFFFD")) }

// WriteZip packs files, in their order, dated by an instant: the same files give the same bytes.
func WriteZip(w io.Writer, files []File, at time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		e, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: at.UTC().Truncate(2 * time.Second)})
		if err != nil {
			return err
		}
		if _, err := e.Write(f.Format()); err != nil {
			return err
		}
	}
	return z.Close()
}

// Export is the policies as files, by slug: those in force, and with drafts the newest text of each.
func (s *Service) Export(ctx context.Context, scope access.ReadScope, withDrafts bool) ([]File, error) {
	all, err := s.Texts(ctx, scope)
	if err != nil {
		return nil, err
	}
	var out []File
	for _, p := range all {
		v := p.Shown
		if withDrafts && p.Open > 0 && p.Open != v.N {
			if v, err = s.VersionOf(ctx, scope, p, p.Open); err != nil {
				return nil, err
			}
		}
		if p.InForce == 0 && !withDrafts || p.Standing == StandsRetired {
			continue
		}
		owner, err := s.ownerEmail(ctx, scope, p.Owner)
		if err != nil {
			return nil, err
		}
		out = append(out, File{Name: p.Slug + ".md", Slug: p.Slug, Owner: owner, Months: p.Months, Text: v.Text})
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Slug, b.Slug) })
	return out, nil
}

func (s *Service) ownerEmail(ctx context.Context, scope access.ReadScope, u access.UserID) (string, error) {
	if u == "" {
		return "", nil
	}
	m, err := s.People.Member(ctx, scope, string(u))
	if errs.Is(err, errs.NotFound) {
		return "", nil // somebody who is no member any more
	}
	return m.Email, err
}

// Change is what an import would do with a file.
type Change string

// The changes.
const (
	Added   Change = "added"
	Changed Change = "changed"
	Same    Change = "same"
	Wrong   Change = "wrong"
)

// Planned is a file of a folder with what an import would do with it.
type Planned struct {
	File
	Change   Change
	Problems []Problem
	Ref      string // of the policy there is; empty for a new one
	What     string // what differs, in words
	stamp    int    // of the version it was compared with
	text     bool   // the text differs
}

// Plan says what an import of the files would do, and changes nothing.
func (s *Service) Plan(ctx context.Context, scope access.Scope, files []Raw) ([]Planned, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return nil, err
	}
	first := map[string]string{} // file by slug
	var out []Planned
	for _, raw := range files {
		x := Planned{File: File{Name: raw.Name}}
		if raw.Bad != "" {
			x.Problems = []Problem{{0, raw.Bad}}
		} else {
			x.File, x.Problems = ParseFile(raw.Name, raw.Body)
		}
		if len(x.Problems) == 0 {
			if other := first[x.Slug]; other != "" {
				x.Problems = []Problem{{2, "has the short name " + x.Slug + ", as " + other + " has"}}
			} else {
				first[x.Slug] = x.Name
			}
		}
		if len(x.Problems) == 0 {
			if err := s.compare(ctx, scope, &x); err != nil {
				return nil, err
			}
		}
		if len(x.Problems) > 0 {
			x.Change = Wrong
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Planned) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// compare holds a file against the policy of its slug.
func (s *Service) compare(ctx context.Context, scope access.Scope, x *Planned) error {
	var err error
	if x.Text, err = s.clean(ctx, scope.ReadScope, x.Text); err == nil && x.Owner != "" {
		_, err = s.owner(ctx, scope, x.Owner)
	}
	if err == nil && x.Months != 0 {
		err = checkRecord(Policy{Slug: x.Slug, Months: x.Months})
	}
	if errs.Is(err, errs.Invalid) {
		x.Problems = append(x.Problems, Problem{0, err.Error()})
		return nil
	}
	if err != nil {
		return err
	}
	p, err := s.Store.Policy(ctx, scope.ReadScope, x.Slug)
	if errs.Is(err, errs.NotFound) {
		x.Change = Added
		return nil
	}
	if err != nil {
		return err
	}
	v, err := s.VersionOf(ctx, scope.ReadScope, p, p.Newest)
	if err != nil {
		return err
	}
	x.Ref, x.stamp, x.Change, x.text = p.Ref, v.Stamp(), Same, !v.Text.Equal(x.Text) || v.State == Withdrawn
	var what []string
	if x.text {
		what = append(what, "text")
	}
	if email, err := s.ownerEmail(ctx, scope.ReadScope, p.Owner); err != nil {
		return err
	} else if x.Owner != "" && !strings.EqualFold(x.Owner, email) {
		what = append(what, "owner")
	}
	if x.Months != 0 && x.Months != p.Months {
		what = append(what, "rhythm")
	}
	if len(what) > 0 {
		x.Change, x.What = Changed, strings.Join(what, ", ")
	}
	return nil
}

// Import does what a plan says, all or nothing: new policies and new texts become drafts that a second person approves, owners
// and rhythms change at once. It refuses a plan with anything wrong in it.
func (s *Service) Import(ctx context.Context, scope access.Scope, now time.Time, plan []Planned, note string) (done int, err error) {
	for _, x := range plan {
		if x.Change == Wrong {
			return 0, errs.New(errs.Invalid, "%s: %s", x.Name, x.Problems[0]).WithHint("Nothing was imported. Mend the file, or take it out.")
		}
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, x := range plan {
			if x.Change == Same {
				continue
			}
			if err := s.importOne(ctx, scope, now, x, note); err != nil {
				return errs.Wrap(err, "%s", x.Name)
			}
			done++
		}
		return nil
	})
	return done, err
}

func (s *Service) importOne(ctx context.Context, scope access.Scope, now time.Time, x Planned, note string) error {
	if x.Change == Added {
		_, err := s.Create(ctx, scope, now, New{Slug: x.Slug, Owner: x.Owner, Months: x.Months, Text: x.Text, Note: note})
		return err
	}
	if x.text {
		if _, _, err := s.Write(ctx, scope, now, x.Ref, x.stamp, x.Text, note); err != nil {
			return err
		}
	}
	p, err := s.Store.Policy(ctx, scope.ReadScope, x.Ref)
	if err != nil {
		return err
	}
	owner, months := string(p.Owner), p.Months
	if x.Owner != "" {
		m, err := s.People.Member(ctx, scope.ReadScope, x.Owner)
		if err != nil {
			return err
		}
		owner = string(m.ID)
	}
	if x.Months != 0 {
		months = x.Months
	}
	_, err = s.Settings(ctx, scope, now, x.Ref, 0, owner, months)
	return err
}

// Zip is an archive of files in memory.
func Zip(files []File, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	err := WriteZip(&b, files, at)
	return b.Bytes(), err
}
