package sigma

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of an archive of rules. All public rules together are 3,757 files and 15 MB.
const (
	maxFiles    = 100_000
	maxUnpacked = 256 << 20
)

// LoadFS reads every .yml and .yaml file of a folder and those below, in the order of their paths.
func LoadFS(dir fs.FS) (*Set, error) {
	s := &Set{}
	if err := eachFile(dir, s.Add); err != nil {
		return nil, err
	}
	return s, nil
}

func eachFile(dir fs.FS, give func(name string, text []byte)) error {
	files, total := 0, int64(0)
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !ruleFile(name) {
			return err
		}
		f, err := dir.Open(name)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
		if err != nil {
			return err
		}
		files++
		total += int64(len(text))
		switch {
		case files > maxFiles:
			return errs.New(errs.Invalid, "there are more than %d files of rules", maxFiles)
		case total > maxUnpacked:
			return errs.New(errs.Invalid, "the rules are more than %d MiB", maxUnpacked>>20)
		}
		give(name, text)
		return nil
	})
	return errs.Wrap(err, "reading rules")
}

// File is one file of rules: its path in an archive, and its text.
type File struct {
	Path string
	Text []byte
}

// LoadArchive reads the rules of a release archive: zip, tar, tar.gz or tar.zst, told by its content.
func LoadArchive(archive io.ReaderAt, size int64) (*Set, error) {
	files, err := ReadArchive(archive, size)
	if err != nil {
		return nil, err
	}
	s := &Set{}
	for _, f := range files {
		s.Add(f.Path, f.Text)
	}
	return s, nil
}

// ReadArchive gives the files of rules in an archive by the order of their paths, so that the order of the archive does not
// matter. A file that is larger than rules may be is cut one byte beyond: Set.Add refuses it then.
func ReadArchive(archive io.ReaderAt, size int64) ([]File, error) {
	head := make([]byte, 4)
	if _, err := archive.ReadAt(head, 0); err != nil {
		return nil, errs.As(errs.Invalid, err, "the archive of rules cannot be read")
	}
	whole := io.NewSectionReader(archive, 0, size)
	var from io.Reader = whole
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		z, err := zip.NewReader(archive, size)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "the zip archive of rules cannot be read")
		}
		var out []File
		err = eachFile(z, func(name string, text []byte) { out = append(out, File{name, text}) })
		return out, err
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(whole, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "the zstd archive of rules cannot be read")
		}
		defer z.Close()
		from = z
	case head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(whole)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "the gzip archive of rules cannot be read")
		}
		from = z
	}
	return readTar(from)
}

// readTar reads the files first and gives them by the order of their paths.
func readTar(from io.Reader) ([]File, error) {
	t := tar.NewReader(from)
	texts := map[string][]byte{}
	total := int64(0)
	for entries := 0; ; entries++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "the archive of rules cannot be read")
		}
		name := path.Clean(h.Name)
		if entries > maxFiles {
			return nil, errs.New(errs.Invalid, "the archive holds more than %d files", maxFiles)
		}
		if h.Typeflag != tar.TypeReg || !ruleFile(name) {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(t, maxFileBytes+1))
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "%s in the archive of rules cannot be read", name)
		}
		if total += int64(len(text)); total > maxUnpacked {
			return nil, errs.New(errs.Invalid, "the archive unpacks to more than %d MiB of rules", maxUnpacked>>20)
		}
		texts[name] = text
	}
	var out []File
	for _, n := range slices.Sorted(maps.Keys(texts)) {
		out = append(out, File{n, texts[n]})
	}
	return out, nil
}

func ruleFile(name string) bool {
	return (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")) && !strings.HasPrefix(path.Base(name), ".")
}
