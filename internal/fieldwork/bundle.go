package fieldwork

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
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/verify"
)

// Document is a part of a bundle that comes from elsewhere.
type Document struct {
	Name string // "requests/R-001.json"
	Body any
}

// Around is what of an engagement other rooms keep and a bundle of it needs.
type Around interface {
	// Asked is what the firm asked for and got, with the references of the evidence that answers it.
	Asked(ctx context.Context, a access.AuditScope) (docs []Document, evidence []string, err error)
	// Names are the people of both sides, by actor.
	Names(ctx context.Context, a access.AuditScope) (map[string]string, error)
	// Content is what a piece of evidence holds, checked against its hash.
	Content(i evidence.Item) ([]byte, error)
}

// Bundle writes the firm's whole engagement as one archive that anybody checks offline: every population with its rows, every sample
// with its seed, workpapers with marks and notes, findings, conclusions and opinions, requests with what was said, and the evidence
// that is cited, each piece with the proof that the client's ledger holds it. It is the firm's: notes and drafts are in it.
func (s *Service) Bundle(ctx context.Context, a access.AuditScope, now time.Time, w io.Writer, progress func(done, total int, what string)) (verify.Manifest, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return verify.Manifest{}, err
	}
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return verify.Manifest{}, err
	}
	b := &bundler{Pack: ledger.NewPack(w, e.Created, progress), s: s, a: a, cited: map[string]bool{}}
	if err := b.content(ctx, now, e); err != nil {
		return verify.Manifest{}, err
	}
	if err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		return s.fact(ctx, a, now, "audit.bundled", map[string]any{"evidence": len(b.cited)})
	}); err != nil {
		return verify.Manifest{}, err
	}
	return b.Close(ctx, s.Chain, a.Chain(), now, ledger.Seal{
		Title: a.ClientOrg.Name + ", " + e.Title + ", the auditor's work", Engagement: e.Ref, Subject: a.Engagement, Says: map[string]any{"engagement": a.Engagement},
		Disclose: func(x ledger.Entry) bool { return concerns(x, a.Engagement) },
	})
}

// concerns reports whether an entry of the firm's chain is about an engagement, or about how the firm works. What it did for other
// clients stays behind its commitments.
func concerns(x ledger.Entry, of string) bool {
	var says struct {
		Engagement string `json:"engagement"`
	}
	return strings.HasPrefix(x.Kind, "methodology.") || json.Unmarshal([]byte(x.Payload), &says) == nil && says.Engagement == of
}

// bundler is an engagement's archive while it is written.
type bundler struct {
	*ledger.Pack
	s     *Service
	a     access.AuditScope
	cited map[string]bool // references of evidence
}

func (b *bundler) content(ctx context.Context, now time.Time, e engagement.Engagement) error {
	names, err := b.s.Around.Names(ctx, b.a)
	if err != nil {
		return err
	}
	if err := b.JSON("people.json", names); err != nil {
		return err
	}
	if err := b.JSON("engagement.json", map[string]any{"client": b.a.ClientOrg.Name, "ref": e.Ref, "title": e.Title, "report": e.Kind(), "covers": e.Coverage(), "categories": e.Categories, "state": e.Status}); err != nil {
		return err
	}
	pops, err := b.populations(ctx)
	if err != nil {
		return err
	}
	if err := b.papers(ctx, pops); err != nil {
		return err
	}
	if err := b.decisions(ctx); err != nil {
		return err
	}
	docs, refs, err := b.s.Around.Asked(ctx, b.a)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if err := b.JSON(d.Name, d.Body); err != nil {
			return err
		}
	}
	for _, r := range refs {
		b.cited[r] = true
	}
	if err := b.evidence(ctx, now); err != nil {
		return err
	}
	return b.Text("README.md", bundleReadme)
}

// decisions are what people concluded: findings, opinions, and the methodology with all its versions.
func (b *bundler) decisions(ctx context.Context) error {
	findings, err := b.s.ListFindings(ctx, b.a)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if err := b.JSON("findings/"+f.Ref+".json", struct {
			Finding
			Shared *Shared `json:"shared"`
		}{f, f.Response}); err != nil {
			return err
		}
	}
	opinions, err := b.s.Firm.Opinions(ctx, b.a.Firm.ReadScope, b.a.Engagement)
	if err != nil {
		return err
	}
	if err := b.JSON("opinions.json", opinions); err != nil {
		return err
	}
	methods, err := b.s.Firm.Methods(ctx, b.a.Firm.ReadScope)
	if err != nil {
		return err
	}
	return b.JSON("methodology.json", append(methods, Begun()))
}

func (b *bundler) populations(ctx context.Context) (map[PopulationID]Population, error) {
	out := map[PopulationID]Population{}
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
		res, err := b.s.ListPopulations(ctx, b.a, q)
		if err != nil {
			return nil, err
		}
		for _, p := range res.Rows {
			out[p.ID] = p
			if p.Source == FromEvidence {
				b.cited[p.Of] = true
			}
			if !p.Frozen() {
				if err := b.JSON("drafts/"+p.Ref+".json", p); err != nil {
					return nil, err
				}
				continue
			}
			doc, err := b.s.frozenRecord(ctx, b.a, p)
			if err != nil {
				return nil, err
			}
			if err := b.JSON(verify.PopulationPrefix+p.Ref+".json", doc); err != nil {
				return nil, err
			}
		}
		if q.Page >= res.Pages() {
			return out, nil
		}
	}
}

// bundledPaper is a workpaper with all that belongs to it.
type bundledPaper struct {
	Paper
	Marks []bundledMark `json:"marks"`
	Items []bundledItem `json:"items"`
	Notes []bundledNote `json:"notes"`
}

type bundledMark struct {
	N        int       `json:"n"`
	Letter   string    `json:"attribute"`
	Mark     string    `json:"mark"`
	Note     string    `json:"note"`
	Evidence string    `json:"evidence"`
	Finding  string    `json:"finding"`
	Accepted bool      `json:"accepted"` // taken over from the client's test
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

type bundledItem struct {
	N       int        `json:"n"`
	Row     int        `json:"row"` // of the population
	Key     string     `json:"key"`
	Label   string     `json:"label"`
	Day     string     `json:"day"`
	Verdict string     `json:"verdict"` // of the client's test
	Why     string     `json:"why"`
	Origin  string     `json:"origin"`
	Void    string     `json:"void"`
	VoidBy  string     `json:"void_by"`
	VoidAt  *time.Time `json:"void_at"`
}

type bundledNote struct {
	N         int        `json:"n"`
	Kind      string     `json:"kind"`
	Text      string     `json:"text"`
	By        string     `json:"by"`
	At        time.Time  `json:"at"`
	Answer    string     `json:"answer"`
	ClearedBy string     `json:"cleared_by"`
	ClearedAt *time.Time `json:"cleared_at"`
}

func bundledOf(sh *Sheet) bundledPaper {
	doc := bundledPaper{Paper: sh.Paper, Marks: []bundledMark{}, Items: []bundledItem{}, Notes: []bundledNote{}}
	for _, x := range sh.Items {
		doc.Items = append(doc.Items, bundledItem{x.N, x.Row, x.Key, x.Label, x.Day, string(x.Verdict), x.Why, x.Origin, x.Void, x.VoidBy, x.VoidAt})
		for _, t := range sh.Paper.Attributes {
			if c := sh.Cell(x.N, t.Letter); c.Version > 0 {
				doc.Marks = append(doc.Marks, bundledMark{c.N, c.Letter, string(c.Mark), c.Note, c.Evidence, c.Finding, c.Accepted, c.By, c.At})
			}
		}
	}
	for _, n := range sh.Notes {
		doc.Notes = append(doc.Notes, bundledNote{n.N, n.Kind, n.Text, n.By, n.At, n.Answer, n.ClearedBy, n.ClearedAt})
	}
	return doc
}

func (b *bundler) papers(ctx context.Context, pops map[PopulationID]Population) error {
	papers, err := b.s.AllPapers(ctx, b.a)
	if err != nil {
		return err
	}
	b.Expect(len(papers)*4 + len(pops))
	for _, p := range papers {
		sh, err := b.s.Sheet(ctx, b.a, string(p.ID))
		if err != nil {
			return err
		}
		doc := bundledOf(sh)
		for _, m := range doc.Marks {
			for _, l := range ReadLinks(m.Evidence) {
				if l.Kind == LinkEvidence {
					b.cited[l.Ref] = true
				}
			}
		}
		if err := b.JSON("papers/"+p.Ref+".json", doc); err != nil {
			return err
		}
		if err := b.printed(ctx, p.Ref); err != nil {
			return err
		}
		if p.Sample == nil {
			continue
		}
		sample, err := b.s.sampleRecord(ctx, b.a, sh)
		if err != nil {
			return err
		}
		if err := b.JSON(verify.SamplePrefix+p.Ref+".json", sample); err != nil {
			return err
		}
	}
	return nil
}

// printed adds the copy of a workpaper on paper.
func (b *bundler) printed(ctx context.Context, ref string) error {
	if b.s.Paper == nil {
		return nil
	}
	x, err := b.s.Print(ctx, b.a, ref)
	if err != nil {
		return err
	}
	body, err := b.s.Paper(x)
	if err != nil {
		return errs.Wrap(err, "workpaper %s", ref)
	}
	return b.Add("papers/"+ref+".pdf", bytes.NewReader(body), "", 0)
}

// evidence copies what is cited, with the proof that the client's ledger holds it. What cannot be found any more, or is none of the
// auditor's business, is named instead.
func (b *bundler) evidence(ctx context.Context, now time.Time) error {
	if _, err := b.s.Chain.Seal(ctx, now); err != nil {
		return err
	}
	missing := []string{}
	refs := make([]string, 0, len(b.cited))
	for ref := range b.cited {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		it, err := b.s.Evidence.Item(ctx, b.a.Client, ref)
		switch errs.KindOf(err) {
		case errs.NotFound, errs.Denied:
			missing = append(missing, ref)
			continue
		}
		if err != nil {
			return err
		}
		content, err := b.s.Around.Content(it)
		if err != nil {
			return err
		}
		name := "evidence/" + it.Ref
		if it.Kind == evidence.Snapshot {
			name += ".parquet"
		}
		if err := b.Add(name, bytes.NewReader(content), it.SHA256, 0); err != nil {
			return err
		}
		proof, err := b.s.Chain.Prove(ctx, b.a.Client, it.Seq)
		if err != nil {
			return err
		}
		if err := b.JSON(verify.ProofPrefix+name+".json", proof); err != nil {
			return err
		}
		if err := b.JSON("evidence/"+it.Ref+".about.json", map[string]any{"ref": it.Ref, "title": it.Title, "kind": it.Kind, "source": it.Source, "resource": it.Resource, "collector": it.Collector,
			"from": it.From, "to": it.To, "received_at": it.ReceivedAt, "rows": it.Rows, "sha256": it.SHA256, "client_ledger_entry": it.Seq}); err != nil {
			return err
		}
	}
	return b.JSON("evidence/missing.json", missing)
}

// frozenRecord is a frozen population as the verifier reads it.
func (s *Service) frozenRecord(ctx context.Context, a access.AuditScope, p Population) (verify.Population, error) {
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, p.ID)
	if err != nil {
		return verify.Population{}, err
	}
	x := verify.Population{V: 1, Ref: p.Ref, Title: p.Title, Source: strings.TrimSpace(p.Source.Title() + " " + p.Of), Columns: p.Columns, Key: p.Shape.Key, SHA256: p.SHA256,
		Frozen: p.FrozenAt.UTC().Format(time.RFC3339), Rows: make([][]string, len(rows)), Keys: make([]string, len(rows)), Days: make([]string, len(rows)), Passed: []string{}}
	for i, r := range rows {
		x.Rows[i], x.Keys[i] = r.Cells, p.Key(r)
		if d, ok := p.Day(r); ok {
			x.Days[i] = d.String()
		}
		if p.Mark(r) == Tick {
			x.Passed = append(x.Passed, p.Key(r))
		}
	}
	x.Entry, err = s.entryOf(ctx, a, "population.frozen", string(p.ID))
	return x, err
}

// sampleRecord is a sample as the verifier reads it.
func (s *Service) sampleRecord(ctx context.Context, a access.AuditScope, sh *Sheet) (verify.Sample, error) {
	x := sh.Paper.Sample
	out := verify.Sample{V: 1, Paper: sh.Paper.Ref, Control: sh.Paper.Control, Population: sh.Population.Ref, SHA256: x.SHA256, Method: string(x.Method), Table: x.Table, Version: x.TableVer, Line: x.Line,
		Risk: string(x.Risk), Confidence: int(x.Confidence), Tolerable: int(x.Tolerable), Expected: x.Expected, Size: x.Size, Extended: x.Extended, ExtendWhy: x.ExtendWhy, Machine: x.Machine,
		Strata: x.Strata, Seed: x.Seed, Drawing: x.Drawing, At: x.At.UTC().Format(time.RFC3339), Items: make([]verify.SampleItem, len(sh.Items))}
	for i, it := range sh.Items {
		out.Items[i] = verify.SampleItem{N: it.N, Key: it.Key, Origin: it.Origin, Void: it.Void}
	}
	var err error
	if out.Planned, err = s.entryOf(ctx, a, "sample.planned", string(sh.Paper.ID)); err != nil {
		return out, err
	}
	out.Drawn, err = s.entryOf(ctx, a, "sample.drawn", string(sh.Paper.ID))
	return out, err
}

// entryOf is the number of the entry of the firm's chain that tells of something that happens once.
func (s *Service) entryOf(ctx context.Context, a access.AuditScope, kind, subject string) (int64, error) {
	res, err := s.Chain.Store.Entries(ctx, a.Firm.ReadScope, ledger.Filter{Kind: kind, Subject: subject}, paging.Query{Size: 1, Sort: "seq"})
	if err != nil {
		return 0, err
	}
	if len(res.Rows) == 0 {
		return 0, errs.New(errs.Internal, "no ledger entry of the kind %s tells of %s", kind, subject)
	}
	return res.Rows[0].Seq, nil
}

// bundleReadme is what stands in a bundle for who unpacks it.
var bundleReadme = fmt.Sprintf(`# The auditor's work on an engagement

This archive belongs to the audit firm: it holds review notes, drafts and conclusions that the client has not seen.

Check it with nothing else at hand:  tickmark verify FILE
The verifier hashes every file and every population again, draws every sample again (%s), and checks that the seed of each sample
was in the ledger before its items, and that each piece of evidence is in the client's ledger.

- populations/  frozen populations with their rows; drafts/ those that are not frozen
- samples/      how each sample was planned and what was drawn
- papers/       workpapers: plan, attributes, marks, notes, signatures; as data, and as a PDF to read
- findings/, opinions.json, methodology.json, requests/
- evidence/     what marks, requests and populations cite; proofs/ that the client's ledger names it
- ledger/       the firm's chain; entries about other clients come without what they say
`, verify.DrawMethod)
