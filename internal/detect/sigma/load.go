package sigma

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
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
		return s.add(name, f, &files, &total)
	})
	if err != nil {
		return nil, errs.Wrap(err, "reading rules")
	}
	return s, nil
}

// LoadArchive reads the rules of a release archive: zip, tar, tar.gz or tar.zst, told by its content.
func LoadArchive(archive io.ReaderAt, size int64) (*Set, error) {
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
		return LoadFS(z)
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
	return loadTar(from)
}

// loadTar reads the files first and adds them by the order of their paths, so that the order of an archive does not matter.
func loadTar(from io.Reader) (*Set, error) {
	t := tar.NewReader(from)
	texts := map[string][]byte{}
	var names []string
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
		if _, ok := texts[name]; !ok {
			names = append(names, name)
		}
		texts[name] = text
	}
	slices.Sort(names)
	s := &Set{}
	for _, n := range names {
		s.Add(n, texts[n])
	}
	return s, nil
}

func (s *Set) add(name string, from io.Reader, files *int, total *int64) error {
	text, err := io.ReadAll(io.LimitReader(from, maxFileBytes+1))
	if err != nil {
		return err
	}
	*files++
	*total += int64(len(text))
	switch {
	case *files > maxFiles:
		return errs.New(errs.Invalid, "there are more than %d files of rules", maxFiles)
	case *total > maxUnpacked:
		return errs.New(errs.Invalid, "the rules are more than %d MiB", maxUnpacked>>20)
	}
	s.Add(name, text)
	return nil
}

func ruleFile(name string) bool {
	return (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")) && !strings.HasPrefix(path.Base(name), ".")
}
