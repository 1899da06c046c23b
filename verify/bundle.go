package verify

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"
)

// Names of the files inside a bundle that the verifier itself reads.
const (
	ManifestName   = "bundle.json"
	KeyName        = "ledger/key.txt"
	CheckpointName = "ledger/checkpoint"
	EntriesName    = "ledger/entries.ndjson"
	PayloadsName   = "ledger/payloads.ndjson"
	BatchesName    = "ledger/batches.ndjson"
	HistoryName    = "ledger/history.ndjson"
	TilePrefix     = "ledger/tile/0/"
)

// KindBundle is the kind of the ledger entry that seals a bundle's list of files.
const KindBundle = "bundle.sealed"

// Manifest is bundle.json: every file outside ledger/, and where the ledger seals the list.
type Manifest struct {
	V          int    `json:"v"`
	Title      string `json:"title"`
	Engagement string `json:"engagement"`
	Created    string `json:"created"`
	Org        string `json:"org"` // chain tag
	Seal       int64  `json:"seal"`
	Files      []File `json:"files"`
}

// File is one file of a bundle.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Sealed is the sequence number of the ledger entry whose payload names this hash; 0 for files that were made for the
	// bundle and are covered by the bundle's own seal only.
	Sealed int64 `json:"sealed"`
}

// SealHash is what the seal commits to: the hash of the canonical manifest, but for the number of the seal itself, which is
// not known before the seal is made.
func SealHash(m Manifest) (string, error) {
	m.Seal = 0
	return digest(m)
}

// digest is the SHA-256 of the canonical form of a value, in hex.
func digest(v any) (string, error) {
	b, err := canonical(v)
	if err != nil {
		return "", err
	}
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:]), nil
}

// Limits against hostile files: what a bundle's own ledger files may weigh, and what one declared file may.
const (
	maxLedgerFile = 2 << 30
	maxManifest   = 256 << 20
	maxFiles      = 2_000_000
)

// SealedPrefixes are the places whose files must be named by a ledger entry of their own: evidence and results are sealed
// when they are made, not when the bundle is.
var SealedPrefixes = []string{"data/", "manifests/", "results/", "dossier.json", "report/", "issued/"}

// Bundle verifies the bundle of an engagement or of an incident's case file. It returns an error only when r is no zip archive at all; everything else wrong
// with it is a finding.
func Bundle(r io.ReaderAt, size int64, opt Options) (*Report, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a bundle: %w", err)
	}
	rep := &Report{Kind: "bundle", Findings: []Finding{}, Notes: []string{}}
	b := &bundle{rep: rep, opt: opt, files: map[string]*zip.File{}}
	b.index(z)
	if b.files[ManifestName] == nil && b.files[CaseName] != nil {
		checkCase(b, size)
		return rep, nil
	}
	if !b.readManifest() {
		return rep, nil
	}
	b.checkFiles()
	l := readLedger(b)
	if l != nil {
		l.check()
		b.checkSeals(l)
		b.checkDraws(l)
		b.checkProofs()
	}
	return rep, nil
}

// Chain verifies a ledger without a bundle around it: the files below ledger/ of a bundle, and nothing else.
func Chain(r io.ReaderAt, size int64, opt Options) (*Report, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not an archive: %w", err)
	}
	rep := &Report{Kind: "ledger", Findings: []Finding{}, Notes: []string{}}
	b := &bundle{rep: rep, opt: opt, files: map[string]*zip.File{}}
	b.index(z)
	if l := readLedger(b); l != nil {
		l.check()
	}
	return rep, nil
}

type bundle struct {
	rep   *Report
	opt   Options
	files map[string]*zip.File
	man   Manifest
}

func (b *bundle) index(z *zip.Reader) {
	if len(z.File) > maxFiles {
		b.rep.find(CheckFormat, "archive", "%d entries; at most %d are read", len(z.File), maxFiles)
		return
	}
	for _, f := range z.File {
		name := f.Name
		if strings.HasSuffix(name, "/") {
			continue
		}
		if path.Clean(name) != name || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || strings.Contains(name, `\`) {
			b.rep.find(CheckFormat, name, "unsafe path")
			continue
		}
		if _, dup := b.files[name]; dup {
			b.rep.find(CheckFormat, name, "occurs twice in the archive: readers may disagree which one counts")
			continue
		}
		b.files[name] = f
	}
}

// read returns a whole file of the bundle, or nil and a finding.
func (b *bundle) read(name string, limit int64) []byte {
	f := b.files[name]
	if f == nil {
		b.rep.find(CheckMissing, name, "the bundle has no such file")
		return nil
	}
	rc, err := f.Open()
	if err != nil {
		b.rep.find(CheckFormat, name, "cannot be opened: %v", err)
		return nil
	}
	defer rc.Close()
	data, err := io.ReadAll(io.LimitReader(rc, limit+1))
	if err != nil {
		b.rep.find(CheckFile, name, "cannot be read: %v", err)
		return nil
	}
	if int64(len(data)) > limit {
		b.rep.find(CheckFormat, name, "larger than %d bytes", limit)
		return nil
	}
	return data
}

func (b *bundle) readManifest() bool {
	data := b.read(ManifestName, maxManifest)
	if data == nil {
		return false
	}
	if err := strict(data, &b.man); err != nil {
		b.rep.find(CheckFormat, ManifestName, "%v", err)
		return false
	}
	if b.man.V != 1 {
		b.rep.find(CheckFormat, ManifestName, "format version %d; this verifier reads 1", b.man.V)
		return false
	}
	return true
}

// checkFiles compares each file with the list: size, hash, nothing missing, nothing more.
func (b *bundle) checkFiles() {
	listed := map[string]File{}
	byHash := map[string]string{}
	for _, f := range b.man.Files {
		if _, dup := listed[f.Path]; dup {
			b.rep.find(CheckFormat, f.Path, "listed twice")
		}
		listed[f.Path] = f
		byHash[f.SHA256] = f.Path
	}
	for _, f := range b.man.Files {
		zf := b.files[f.Path]
		if zf == nil {
			b.rep.find(CheckMissing, f.Path, "listed in %s, but dropped from the bundle", ManifestName)
			continue
		}
		n := b.sameAs(zf, f.Path, f.Size, f.SHA256, byHash)
		b.rep.Files++
		b.rep.Bytes += n
	}
	for _, name := range sortedNames(b.files) {
		if _, ok := listed[name]; !ok && name != ManifestName && !strings.HasPrefix(name, "ledger/") {
			b.rep.find(CheckExtra, name, "is in the bundle but was never sealed")
		}
	}
}

// sameAs holds a file to the size and the hash it is listed with, and gives how many bytes were read.
func (b *bundle) sameAs(zf *zip.File, name string, size int64, sum string, byHash map[string]string) int64 {
	got, n, err := hashFile(zf, size)
	switch {
	case err != nil:
		b.rep.find(CheckFile, name, "cannot be read: %v", err)
	case got != sum && byHash[got] != "":
		b.rep.find(CheckSwapped, name, "holds the content of %s", byHash[got])
	case n != size:
		b.rep.find(CheckFile, name, "has another size than the %d bytes that were sealed", size)
	case got != sum:
		b.rep.find(CheckFile, name, "SHA-256 is %s, sealed was %s", got, sum)
	}
	return n
}

// hashFile streams a file: it never holds more than a buffer, and stops one byte after the size that was declared.
func hashFile(f *zip.File, want int64) (sum string, n int64, err error) {
	rc, err := f.Open()
	if err != nil {
		return "", 0, err
	}
	defer rc.Close()
	h := sha256.New()
	n, err = io.Copy(h, io.LimitReader(rc, want+1))
	if err != nil {
		return "", n, err
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}

// checkSeals ties the files to the ledger: the list as a whole by the bundle's seal, and each piece of evidence by the
// entry made when it was collected.
func (b *bundle) checkSeals(l *ledger) {
	want, err := SealHash(b.man)
	if err != nil {
		b.rep.find(CheckFormat, ManifestName, "%v", err)
		return
	}
	seal, ok := l.entry(b.man.Seal)
	switch {
	case !ok:
		b.rep.find(CheckSeal, ManifestName, "names ledger entry %d as its seal, which is not in the bundle: cut off or never made", b.man.Seal)
	case seal.Kind != KindBundle:
		b.rep.find(CheckSeal, ManifestName, "names ledger entry %d as its seal, but that entry is of kind %q", b.man.Seal, seal.Kind)
	case !l.names(b.man.Seal, want):
		b.rep.find(CheckSeal, ManifestName, "the title, the list of files or another part is not what ledger entry %d sealed", b.man.Seal)
	}
	if b.man.Org != l.org && l.org != "" {
		b.rep.find(CheckSeal, ManifestName, "belongs to chain %s, but the ledger in it is that of %s", b.man.Org, l.org)
	}
	for _, f := range b.man.Files {
		if f.Sealed == 0 {
			if mustSeal(f.Path) {
				b.rep.find(CheckUnsealed, f.Path, "names no ledger entry")
			}
			continue
		}
		if _, ok := l.entry(f.Sealed); !ok {
			b.rep.find(CheckUnsealed, f.Path, "names ledger entry %d, which is not in the bundle", f.Sealed)
		} else if !l.names(f.Sealed, f.SHA256) {
			b.rep.find(CheckUnsealed, f.Path, "ledger entry %d does not name its hash", f.Sealed)
		}
	}
}

func mustSeal(name string) bool {
	for _, p := range SealedPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
