package ledger

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// Pack writes a bundle: an archive with a list of its files, which the ledger seals, and the ledger itself.
type Pack struct {
	z        *zip.Writer
	at       time.Time // of every file in the archive: the same content gives the same bytes
	files    []verify.File
	have     map[string]bool
	progress func(done, total int, what string)
	total    int
}

// NewPack begins a bundle. progress is told of each file and may be nil.
func NewPack(w io.Writer, at time.Time, progress func(done, total int, what string)) *Pack {
	return &Pack{z: zip.NewWriter(w), at: at.UTC(), progress: progress, have: map[string]bool{}}
}

// Expect says about how many files there will be.
func (p *Pack) Expect(files int) { p.total = files }

func (p *Pack) create(name string) (io.Writer, error) {
	method := zip.Deflate
	if strings.HasSuffix(name, ".parquet") || strings.HasSuffix(name, ".pdf") || strings.HasPrefix(name, verify.TilePrefix) {
		method = zip.Store // compressed already, or random
	}
	return p.z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: p.at})
}

// Add copies a file in and lists it; a name that is there already is left. want is the hash it was sealed with, and seq the entry
// that sealed it; empty and 0 for files made for the bundle.
func (p *Pack) Add(name string, r io.Reader, want string, seq int64) error {
	if p.have[name] {
		return nil
	}
	p.have[name] = true
	w, err := p.create(name)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if err != nil {
		return errs.Wrap(err, "copy %s", name)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if want != "" && sum != want {
		return errs.New(errs.Internal, "%s was altered on disk: its hash is %s, sealed was %s", name, sum, want).
			WithHint("Restore the file from a backup; the ledger proves what it was.")
	}
	p.files = append(p.files, verify.File{Path: name, Size: n, SHA256: sum, Sealed: seq})
	if p.progress != nil {
		p.progress(len(p.files), max(p.total, len(p.files)), name)
	}
	return nil
}

// Text adds a text made for the bundle.
func (p *Pack) Text(name, content string) error {
	return p.Add(name, strings.NewReader(content), "", 0)
}

// JSON adds a value as a document made for the bundle.
func (p *Pack) JSON(name string, v any) error {
	s, err := indented(v)
	if err != nil {
		return errs.As(errs.Internal, err, "write %s", name)
	}
	return p.Text(name, s)
}

func indented(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(v)
	return b.String(), err
}

// Seal is what the ledger says of a bundle when it seals its list of files.
type Seal struct {
	Title      string
	Engagement string // reference
	Subject    string // identifier of what the bundle is of
	Says       map[string]any
	Disclose   func(Entry) bool // whose payloads come along
}

// Close seals the list of files into the chain of the scope, adds that chain, and ends the archive.
func (p *Pack) Close(ctx context.Context, s *Service, scope access.Scope, now time.Time, x Seal) (verify.Manifest, error) {
	head, err := s.Store.Head(ctx, scope.ReadScope)
	if err != nil {
		return verify.Manifest{}, err
	}
	m := verify.Manifest{V: 1, Title: x.Title, Engagement: x.Engagement, Created: now.UTC().Format(time.RFC3339), Org: head.Tag, Files: p.Files()}
	sum, err := verify.SealHash(m)
	if err != nil {
		return m, err
	}
	says := map[string]any{"manifest_sha256": sum, "files": len(p.files)}
	for k, v := range x.Says {
		says[k] = v
	}
	if m.Seal, err = s.Store.Append(ctx, scope, now, verify.KindBundle, x.Subject, says); err != nil {
		return m, err
	}
	if _, err := s.Seal(ctx, now); err != nil {
		return m, err
	}
	if err := s.Export(ctx, scope.ReadScope, m.Seal, x.Disclose, p.create); err != nil {
		return m, err
	}
	return m, p.End(verify.ManifestName, m)
}

// Files are those that were added, by their names.
func (p *Pack) Files() []verify.File {
	slices.SortFunc(p.files, func(x, y verify.File) int { return strings.Compare(x.Path, y.Path) })
	return p.files
}

// End writes the list of files, which is none of them, and ends the archive.
func (p *Pack) End(name string, list any) error {
	w, err := p.create(name)
	if err != nil {
		return err
	}
	text, err := indented(list)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return p.z.Close()
}
