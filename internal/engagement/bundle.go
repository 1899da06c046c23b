package engagement

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/verify"
)

// Opener reads files of the lake.
type Opener interface {
	OpenFile(path string) (io.ReadCloser, error)
}

// disclosed are the kinds of ledger entries whose payload goes into a bundle: what was collected, tested and decided.
// Who signed in, and other matters of people, stay behind their commitments.
func disclosed(kind string) bool {
	for _, p := range []string{"evidence.", "results.", "test.", "control.", "exception.", "engagement.", "dossier.", "report.", "bundle.", "connection.", "description.", "complement.", "handover.", "response.", "population.", "sample."} {
		if strings.HasPrefix(kind, p) {
			return true
		}
	}
	return false
}

// Kept reports whether a bundle cannot do without the payload of a kind of ledger entry: it names the hash of a file or
// of a population, or a seed.
func Kept(kind string) bool {
	switch kind {
	case "evidence.sealed", "results.sealed", "test.installed", "dossier.frozen", "report.rendered", "report.issued", "handover.made", "population.frozen", "sample.planned", "sample.drawn",
		verify.KindBundle, verify.KindSegment, "event.segment.compacted", "event.erased":
		return true
	}
	return false
}

// BundleProgress is told what goes into a bundle. It may be nil.
type BundleProgress func(done, total int, what string)

// Bundle writes an engagement as one archive that an auditor checks and runs again without us: the dossier and its report,
// every fact file and manifest of the period, every result, the tests with scripts for a stock DuckDB, and the ledger. The
// list of files is sealed into the ledger before the ledger is added.
func (s *Service) Bundle(ctx context.Context, scope access.Scope, now time.Time, f Frozen, w io.Writer, progress BundleProgress) (verify.Manifest, error) {
	return s.BundleWith(ctx, scope, now, f, nil, w, progress)
}

// Part is a document that a bundle takes in besides what it always holds: one that an entry of the ledger names by its hash.
type Part struct {
	Name   string // "issued/soc2-2026-1.pdf"
	SHA256 string
	Seq    int64
}

// BundleWith is Bundle with further documents: those of the issued report.
func (s *Service) BundleWith(ctx context.Context, scope access.Scope, now time.Time, f Frozen, with []Part, w io.Writer, progress BundleProgress) (verify.Manifest, error) {
	if err := scope.Require(access.BuildReport); err != nil {
		return verify.Manifest{}, err
	}
	e, err := s.Store.Engagement(ctx, scope.ReadScope, string(f.Engagement))
	if err != nil {
		return verify.Manifest{}, err
	}
	d, body, err := s.Dossier(ctx, scope.ReadScope, f)
	if err != nil {
		return verify.Manifest{}, err
	}
	b := &bundler{Pack: ledger.NewPack(w, f.At, progress), s: s, scope: scope.ReadScope}
	if err := b.content(ctx, e, f, d, body); err != nil {
		return verify.Manifest{}, err
	}
	for _, x := range with {
		content, err := s.Blobs.Content(x.SHA256)
		if err != nil {
			return verify.Manifest{}, errs.Wrap(err, "%s", x.Name)
		}
		if err := b.Add(x.Name, bytes.NewReader(content), x.SHA256, x.Seq); err != nil {
			return verify.Manifest{}, err
		}
	}
	return b.Close(ctx, s.Ledger, scope, now, ledger.Seal{
		Title: fmt.Sprintf("%s, %s, dossier %d", d.Org.Name, e.Title, f.Number), Engagement: e.Ref, Subject: string(e.ID), Says: map[string]any{"dossier": f.Number},
		Disclose: func(x ledger.Entry) bool { return disclosed(x.Kind) },
	})
}

// bundler is an engagement's archive while it is written.
type bundler struct {
	*ledger.Pack
	s     *Service
	scope access.ReadScope
}

func (b *bundler) content(ctx context.Context, e Engagement, f Frozen, d *Dossier, body []byte) error {
	items, err := b.evidenceOf(ctx, e, d)
	if err != nil {
		return err
	}
	b.Expect(2*len(items) + len(d.Tests)*2 + 8)
	if err := b.Add("dossier.json", strings.NewReader(string(body)), f.SHA256, f.Seq); err != nil {
		return err
	}
	if f.ReportSHA256 != "" {
		pdf, err := b.s.Blobs.Content(f.ReportSHA256)
		if err != nil {
			return err
		}
		if err := b.Add("report/"+strings.ToLower(e.Ref)+".pdf", strings.NewReader(string(pdf)), f.ReportSHA256, f.ReportSeq); err != nil {
			return err
		}
	}
	if err := b.evidence(items); err != nil {
		return err
	}
	if err := b.results(ctx, e, d); err != nil {
		return err
	}
	if err := b.tests(ctx, d, items); err != nil {
		return err
	}
	if err := b.draws(ctx, e); err != nil {
		return err
	}
	return b.Text("README.md", readme(e, f, d))
}

// draws writes the populations and samples that the auditor handed over: whoever checks the bundle draws each sample again.
func (b *bundler) draws(ctx context.Context, e Engagement) error {
	if b.s.Drawn == nil {
		return nil
	}
	populations, samples, err := b.s.Drawn(ctx, b.scope, string(e.ID))
	if err != nil {
		return err
	}
	for _, p := range populations {
		if err := b.JSON(verify.PopulationPrefix+p.Ref+".json", p); err != nil {
			return err
		}
	}
	for _, x := range samples {
		if err := b.JSON(verify.SamplePrefix+x.Paper+".json", x); err != nil {
			return err
		}
	}
	return nil
}

// evidenceOf lists the evidence about the period, and what the final evaluations read besides.
func (b *bundler) evidenceOf(ctx context.Context, e Engagement, d *Dossier) (map[string]evidence.Item, error) {
	out := map[string]evidence.Item{}
	q := paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}
	for {
		res, err := b.s.Evidence.Items(ctx, b.scope, evidence.Filter{From: e.Period.From.Time(), To: e.Period.To.Time()}, q)
		if err != nil {
			return nil, err
		}
		for _, it := range res.Rows {
			if it.Status != evidence.Withdrawn {
				out[it.Ref] = it
			}
		}
		if q.Page >= res.Pages() {
			break
		}
		q.Page++
	}
	for _, t := range d.Tests {
		for _, in := range t.Final.Inputs {
			if _, ok := out[in.Ref]; ok {
				continue
			}
			it, err := b.s.Evidence.Item(ctx, b.scope, in.Ref)
			if err != nil {
				return nil, err
			}
			out[in.Ref] = it
		}
	}
	return out, nil
}

func dataPath(it evidence.Item) string {
	return fmt.Sprintf("data/%s/%s/%s.parquet", it.Source, it.Resource, it.Ref)
}

// evidence copies the files and manifests of items, and lists them.
func (b *bundler) evidence(items map[string]evidence.Item) error {
	var list strings.Builder
	enc := json.NewEncoder(&list)
	enc.SetEscapeHTML(false)
	refs := make([]string, 0, len(items))
	for ref := range items {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		it := items[ref]
		name := dataPath(it)
		if it.Kind != evidence.Snapshot {
			name = "documents/" + it.Ref
		}
		if err := b.copy(name, it.Path, it.SHA256, it.Seq); err != nil {
			return err
		}
		if it.ManifestSHA256 != "" {
			m, err := b.s.Blobs.Content(it.ManifestSHA256)
			if err != nil {
				return err
			}
			if err := b.Add("manifests/"+it.ManifestSHA256+".json", strings.NewReader(string(m)), it.ManifestSHA256, it.Seq); err != nil {
				return err
			}
		}
		if err := enc.Encode(map[string]any{
			"ref": it.Ref, "kind": it.Kind, "title": it.Title, "system": it.System, "source": it.Source, "resource": it.Resource, "collector": it.Collector, "from": it.From, "to": it.To,
			"received_at": it.ReceivedAt, "rows": it.Rows, "source_total": it.SourceTotal, "completeness": it.Completeness, "gap": it.Gap, "sha256": it.SHA256,
			"manifest_sha256": it.ManifestSHA256, "ledger_entry": it.Seq, "file": name,
		}); err != nil {
			return err
		}
	}
	return b.Text("evidence.ndjson", list.String())
}

// copy copies content by its place: in the lake, or among the documents.
func (b *bundler) copy(name, place, sum string, seq int64) error {
	if path, ok := strings.CutPrefix(place, "lake:"); ok {
		r, err := b.s.Files.OpenFile(path)
		if err != nil {
			return err
		}
		defer r.Close()
		return b.Add(name, r, sum, seq)
	}
	content, err := b.s.Blobs.Content(sum)
	if err != nil {
		return err
	}
	return b.Add(name, strings.NewReader(string(content)), sum, seq)
}

// results copies the rows of every evaluation of the period and of the final one, and lists the evaluations.
func (b *bundler) results(ctx context.Context, e Engagement, d *Dossier) error {
	runs, err := b.s.Evaluate.Store.RunsBetween(ctx, b.scope, e.Period.From.Time(), e.Period.To.Time())
	if err != nil {
		return err
	}
	listed := map[evaluate.RunID]bool{}
	for _, r := range runs {
		listed[r.ID] = true
	}
	for _, t := range d.Tests {
		if id := evaluate.RunID(t.Final.RunID); id != "" && !listed[id] {
			r, err := b.s.Evaluate.Store.Run(ctx, b.scope, id)
			if err != nil {
				return err
			}
			runs = append(runs, r)
		}
	}
	var list strings.Builder
	enc := json.NewEncoder(&list)
	enc.SetEscapeHTML(false)
	for _, r := range runs {
		file := "results/" + r.Batch + ".parquet"
		if err := b.copy(file, "lake:"+r.ResultsPath, r.ResultsSHA256, r.Seq); err != nil {
			return err
		}
		refs := make([]string, len(r.Inputs))
		for i, in := range r.Inputs {
			refs[i] = in.Ref
		}
		if err := enc.Encode(map[string]any{
			"run": r.ID, "test": r.Test, "version": r.Version, "test_sha256": r.TestSHA256, "as_of": r.AsOf, "from": r.From, "to": r.To, "outcome": r.Outcome, "reason": r.Reason,
			"population": r.Population, "counts": r.Counts, "rows_sha256": r.Hash, "params": r.Params, "inputs": refs, "file": file, "ledger_entry": r.Seq,
		}); err != nil {
			return err
		}
	}
	return b.Text("results.ndjson", list.String())
}

// tests writes each test as it was installed, and a script that runs its final evaluation again.
func (b *bundler) tests(ctx context.Context, d *Dossier, items map[string]evidence.Item) error {
	for _, t := range d.Tests {
		def, seq, err := b.definition(ctx, t)
		if err != nil {
			return err
		}
		if err := b.Add(fmt.Sprintf("tests/%s.v%d.yaml", t.ID, t.Version), strings.NewReader(def.Text()), t.SHA256, seq); err != nil {
			return err
		}
		if t.Final.RunID == "" {
			continue
		}
		script, err := b.script(def, t, items)
		if err != nil {
			return err
		}
		if err := b.Text("rerun/"+t.ID+".sql", script); err != nil {
			return err
		}
	}
	return nil
}

// definition reads the version of a test that the dossier names, and the ledger entry of its installation.
func (b *bundler) definition(ctx context.Context, t TestFacts) (*evaluate.Definition, int64, error) {
	versions, err := b.s.Evaluate.Store.Versions(ctx, b.scope, t.ID)
	if err != nil {
		return nil, 0, err
	}
	for _, v := range versions {
		if v.Definition.SHA256() != t.SHA256 {
			continue
		}
		res, err := b.s.Ledger.Store.Entries(ctx, b.scope, ledger.Filter{Kind: "test.installed", Subject: t.ID}, paging.Query{Sort: "seq", Size: paging.MaxSize})
		if err != nil {
			return nil, 0, err
		}
		for _, e := range res.Rows {
			if strings.Contains(e.Payload, t.SHA256) {
				return v.Definition, e.Seq, nil
			}
		}
		return nil, 0, errs.New(errs.Internal, "no ledger entry tells of the installation of test %s version %d", t.ID, t.Version)
	}
	return nil, 0, errs.New(errs.Internal, "test %s version %d is not the text the dossier names", t.ID, t.Version)
}

func (b *bundler) script(def *evaluate.Definition, t TestFacts, items map[string]evidence.Item) (string, error) {
	inputs, err := def.ParsedInputs()
	if err != nil {
		return "", err
	}
	files := map[string][]string{}
	for _, in := range t.Final.Inputs {
		files[in.Table] = append(files[in.Table], dataPath(items[in.Ref]))
	}
	var tables []evaluate.Table
	for _, in := range inputs {
		tables = append(tables, in.Table())
	}
	var from, to time.Time
	if t.Final.To != nil {
		from, to = *t.Final.From, *t.Final.To
	}
	q := def.Query(t.Final.AsOf, from, to, t.Final.Params)
	return fmt.Sprintf(`-- %s (version %d): %s
-- %s
-- Runs again, with a stock DuckDB, what was evaluated as of %s.
-- From the folder of the unpacked bundle:  duckdb < rerun/%s.sql
-- Recorded: population %d, rows_sha256 %s (ledger entry %d).

%s`, t.ID, t.Version, t.Title, t.Asks, t.Final.AsOf.UTC().Format(time.RFC3339), t.ID, t.Final.Population, t.Final.RowsSHA256, t.Final.Seq, b.s.Evaluate.Engine.Script(tables, files, q)), nil
}
