package app

import (
	"bytes"
	"context"
	"io"
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
	return writeWhole(name, func(w io.Writer) (verify.Manifest, error) { return a.Engagement.Bundle(ctx, scope, now, f, w, p) })
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
