package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/verify"
)

// render makes the report of a dossier, after checking that it says all of it.
func render(d *engagement.Dossier) ([]byte, int, []string, error) {
	doc := report.Build(d)
	warnings := report.Lint(doc, d)
	var buf bytes.Buffer
	res, err := pdf.Render(&buf, doc, pdf.Options{})
	return buf.Bytes(), res.Pages, append(warnings, res.Warnings...), err
}

// WriteBundle writes a bundle to a file that must not exist. The file appears when it is whole and on disk, or never.
func (a *App) WriteBundle(ctx context.Context, scope access.Scope, now time.Time, f engagement.Frozen, name string, p engagement.BundleProgress) (verify.Manifest, int64, error) {
	if _, err := os.Stat(name); err == nil {
		return verify.Manifest{}, 0, errs.New(errs.Conflict, "%s exists already", name).WithHint("Choose another name.")
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".bundle-*")
	if err != nil {
		return verify.Manifest{}, 0, errs.As(errs.Unavailable, err, "write %s", name)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when the rename succeeded
	w := bufio.NewWriterSize(tmp, 1<<20)
	m, err := a.Engagement.Bundle(ctx, scope, now, f, w, p)
	if err == nil {
		err = errors.Join(w.Flush(), tmp.Sync())
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return m, 0, errs.Wrap(err, "bundle %s", name)
	}
	st, err := os.Stat(tmp.Name())
	if err != nil {
		return m, 0, err
	}
	return m, st.Size(), os.Rename(tmp.Name(), name)
}

// Content reads the content of a piece of evidence, checked against its hash.
func (a *App) Content(i evidence.Item) ([]byte, error) {
	path, inLake := strings.CutPrefix(i.Path, "lake:")
	if !inLake {
		return a.Blobs.Content(i.SHA256)
	}
	f, err := a.Lake.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "read %s", i.Ref)
	}
	if canon.Sum(b) != i.SHA256 {
		return nil, errs.New(errs.Internal, "%s was altered on disk", i.Ref).WithHint("Restore the file from a backup; the ledger proves what it was.")
	}
	return b, nil
}
