package records

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var evidenceTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Reference", Sort: true}, {Key: "title", Title: "What", Sort: true, Wide: true}, {Key: "kind", Title: "Kind", Sort: true, Opt: true},
		{Key: "fresh", Title: "Freshness"}, {Key: "completeness", Title: "Completeness", Sort: true, Opt: true}, {Key: "rows", Title: "Rows", Sort: true, Num: true, Opt: true},
		{Key: "controls", Title: "Controls", Opt: true}, {Key: "about", Title: "Covers", Sort: true, Num: true, Opt: true}, {Key: "received", Title: "Received", Sort: true, Num: true, Opt: true}, {Key: "seq", Title: "Entry", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "completeness", Title: "Completeness", Kind: page.Segments, Options: []page.Option{
			{Value: "proven", Label: "Proven", Status: "pass"}, {Value: "asserted", Label: "Asserted", Status: "na"}, {Value: "incomplete", Label: "Incomplete", Status: "risk"}}},
		{Key: "kind", Title: "Kind", Kind: page.Select, Options: []page.Option{{Value: "snapshot", Label: "Collected facts"}, {Value: "document", Label: "Document"}, {Value: "screenshot", Label: "Screenshot"}, {Value: "attestation", Label: "Attestation"}}},
		{Key: "source", Title: "Source", Kind: page.Select, Open: true}, {Key: "resource", Title: "Facts", Kind: page.Select, Open: true},
		{Key: "status", Title: "State", Kind: page.Select, Options: []page.Option{{Value: "active", Label: "Relied on"}, {Value: "superseded", Label: "Replaced"}, {Value: "withdrawn", Label: "Withdrawn"}}},
		{Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find by reference, title or source", Sort: "-received", One: "piece of evidence", Many: "pieces of evidence",
}

var evidenceHead = []string{"ref", "title", "kind", "system", "source", "resource", "completeness", "gap", "rows", "source_total", "about_from", "about_to", "received_at", "status", "bytes", "sha256", "ledger_entry", "freshness", "renew_by", "controls"}

func evidenceCells(rows []view.EvidenceRow, stand map[string]view.EvidenceStanding) [][]any {
	out := make([][]any, len(rows))
	for i, e := range rows {
		var says any
		if e.SourceTotal != nil {
			says = *e.SourceTotal
		}
		out[i] = []any{e.Ref, e.Title, e.Kind, e.System, e.Source, e.Resource, string(e.Completeness), e.Gap, e.Rows, says, e.From, e.To, e.Received, string(e.Status), e.Bytes, e.SHA256, e.Seq,
			string(stand[e.Ref].Fresh), timeOr(stand[e.Ref].Until), strings.Join(stand[e.Ref].Controls, " ")}
	}
	return out
}

// controlFilter is offered when there is evidence that somebody filed for a control.
var controlFilter = page.Filter{Key: "control", Title: "Control", Kind: page.Select, Open: true}

func (s Services) evidenceList(r *page.Request) error {
	spec, err := s.withEmpty(r, evidenceTable)
	if err != nil {
		return err
	}
	filed, err := s.View.EvidenceControls(r.Context(), r.Read())
	if err != nil {
		return err
	}
	if len(filed) > 0 || r.Query("control") != "" {
		spec.Filters = append(slices.Clone(spec.Filters), controlFilter)
	}
	t, err := r.Table(&spec)
	if err != nil {
		return err
	}
	f := view.EvidenceFilter{Kind: t.Filter("kind"), Completeness: t.Filter("completeness"), Source: t.Filter("source"), Resource: t.Filter("resource"), Status: t.Filter("status"), Control: strings.ToUpper(t.Filter("control")), About: aboutPeriod(t), Empty: s.empty(t)}
	if t.Exporting() {
		return r.Export(t, "evidence", evidenceHead, func(q paging.Query) ([][]any, int, error) {
			res, err := s.View.Evidence(r.Context(), r.Read(), f, q)
			if err != nil {
				return nil, 0, err
			}
			stand, err := s.View.EvidenceStandings(r.Context(), r.Read(), res.Rows, r.Now)
			return evidenceCells(res.Rows, stand), res.Total, err
		})
	}
	res, err := s.View.Evidence(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	if !f.Empty.Only {
		n, err := s.View.EmptyEvidence(r.Context(), r.Read(), f, t.Query.Search)
		if err != nil {
			return err
		}
		leftOut(t, n, "piece", "pieces")
	}
	t.SetOptions("control", options(filed, nil))
	if r.Target() == "" {
		for _, column := range []string{"completeness", "source", "resource"} {
			choices, err := s.View.EvidenceChoices(r.Context(), r.Read(), f, t.Query.Search, column)
			if err != nil {
				return err
			}
			switch column {
			case "completeness":
				t.SetCounts(column, counts(choices))
			case "resource":
				choices = slices.DeleteFunc(choices, func(c view.Choice) bool { return c.Value == "" }) // documents, which their kind filters
				t.SetOptions(column, options(choices, resourceTitle))
			default:
				t.SetOptions(column, options(choices, nil))
			}
		}
	}
	stand, err := s.View.EvidenceStandings(r.Context(), r.Read(), res.Rows, r.Now)
	if err != nil {
		return err
	}
	rows := evidenceRows(r, t, res.Rows, stand)
	return r.Render(http.StatusOK, evidenceListPage(r, t, rows), page.Part(t.ID(), rows))
}

// piece is a piece of evidence with what its pages show of it.
type piece struct {
	evidence.Item
	Who      string // who added it, for documents
	Paper    evidence.Paper
	Due      map[string]view.DueRow // of the controls it is filed for
	Context  view.EvidenceContext
	Manifest *collect.Manifest
	Raw      string // the manifest as stored
	Result   *collect.Result
	Checks   []check
}

func (s Services) find(r *page.Request) (piece, error) {
	i, err := s.Evidence.Store.Item(r.Context(), r.Read(), strings.ToUpper(r.Arg("ref")))
	if errs.Is(err, errs.NotFound) {
		i, err = s.Evidence.Store.Item(r.Context(), r.Read(), r.Arg("ref")) // by identifier, as ledger entries name it
	}
	if err != nil {
		return piece{}, err
	}
	r.Title = i.Ref
	r.Crumbs = []page.Crumb{{Text: "Evidence", Href: "/evidence"}, {Text: i.Ref}}
	p := piece{Item: i}
	if i.Kind != evidence.Snapshot {
		if p.Paper, _, err = s.Evidence.Store.Paper(r.Context(), r.Read(), i.ID); err != nil {
			return p, err
		}
		p.Who, err = s.nameOf(r.Context(), r.Read(), i.Source)
	}
	return p, err
}

// tabsOf are the sides of a piece of evidence that exist for its kind.
func (p piece) tabs(current string) []page.Tab {
	base := "/e/" + p.Ref
	out := []page.Tab{{Title: "Provenance", Href: base, Current: current == ""}}
	if p.Kind == evidence.Snapshot {
		out = append(out, page.Tab{Title: "Rows", Href: base + "?tab=rows", Count: int(p.Rows), Counted: true, Current: current == "rows"})
	}
	if p.Kind != evidence.Snapshot {
		out = append(out, page.Tab{Title: "Document", Href: base + "?tab=document", Current: current == "document"}, page.Tab{Title: "Raw", Href: base + "?tab=raw", Current: current == "raw"})
	}
	if p.ManifestSHA256 != "" {
		out = append(out, page.Tab{Title: "Manifest", Href: base + "?tab=manifest", Current: current == "manifest"})
	}
	return out
}

func (s Services) evidencePage(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	switch tab := r.Query("tab"); {
	case tab == "":
		return s.provenance(r, p)
	case tab == "rows" && p.Kind == evidence.Snapshot:
		return s.rows(r, p)
	case (tab == "document" || tab == "raw") && p.Kind != evidence.Snapshot:
		return s.document(r, p, tab == "raw")
	case tab == "manifest" && p.ManifestSHA256 != "":
		if err := s.manifest(&p); err != nil {
			return err
		}
		return r.Render(http.StatusOK, manifestPage(r, p))
	default:
		return errs.New(errs.NotFound, "%s has no side %q", p.Ref, tab)
	}
}

func (s Services) provenance(r *page.Request, p piece) error {
	var err error
	if p.Context, err = s.View.EvidenceContext(r.Context(), r.Read(), p.Item); err != nil {
		return err
	}
	if len(p.Context.Links) > 0 {
		due, err := s.View.EvidenceDue(r.Context(), r.Read(), view.DueFilter{}, paging.Query{Size: paging.MaxSize}, r.Now)
		if err != nil {
			return err
		}
		p.Due = map[string]view.DueRow{}
		for _, d := range due.Rows {
			p.Due[d.Control] = d
		}
	}
	if p.ManifestSHA256 != "" {
		// A manifest that cannot be read is one of the checks below, not the end of the page.
		if err := s.manifest(&p); err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Internal) {
			return err
		}
	}
	if p.Checks, err = s.check(r, p); err != nil {
		return err
	}
	return r.Render(http.StatusOK, provenancePage(r, p))
}

// manifest reads the manifest of the run that made the evidence.
func (s Services) manifest(p *piece) error {
	body, err := s.Evidence.Blobs.Content(p.ManifestSHA256)
	if err != nil {
		return err
	}
	var m collect.Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return errs.As(errs.Internal, err, "manifest of %s", p.Ref)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		return errs.As(errs.Internal, err, "manifest of %s", p.Ref)
	}
	p.Manifest, p.Raw = &m, pretty.String()
	for i := range m.Resources {
		if m.Resources[i].Resource == p.Resource {
			p.Result = &m.Resources[i]
		}
	}
	return nil
}

// same are columns that have one value in all rows of a file, or are shown row by row.
var same = []string{"system", "source", "collected_at", "raw"}

func (s Services) rows(r *page.Request, p piece) error {
	path, ok := strings.CutPrefix(p.Path, "lake:")
	if !ok {
		return errs.New(errs.NotFound, "%s has no rows", p.Ref)
	}
	spec := page.TableSpec{One: "row", Many: "rows", Size: 50}
	t, err := r.Table(&spec)
	if err != nil {
		return err
	}
	columns, kinds, rows, total, err := s.Files.Page(path, int64(t.Query.Offset()), t.Query.Size)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, p.Ref, columns, func(q paging.Query) ([][]any, int, error) {
			_, _, rows, total, err := s.Files.Page(path, int64(q.Offset()), q.Size)
			return plainCells(rows), int(total), err
		})
	}
	spec.Columns = []page.Column{{Key: "n", Title: "Row", Num: true}}
	shown := []int{}
	for i, c := range columns {
		if !slices.Contains(same, c) {
			shown = append(shown, i)
			spec.Columns = append(spec.Columns, page.Column{Key: c, Title: c, Num: kinds[i] == "number"})
		}
	}
	t.Total = int(total)
	x := sheet{piece: p, Kinds: kinds, Shown: shown, Rows: rows, First: int64(t.Query.Offset()) + 1}
	return r.Render(http.StatusOK, rowsPage(r, t, x), page.Part(t.ID(), factRows(t, x)))
}

// sheet is rows of a fact file with the columns that are shown.
type sheet struct {
	piece
	Kinds []string
	Shown []int
	Rows  [][]*string
	First int64
}

func plainCells(rows [][]*string) [][]any {
	out := make([][]any, len(rows))
	for i, row := range rows {
		out[i] = make([]any, len(row))
		for j, v := range row {
			if v != nil {
				out[i][j] = *v
			}
		}
	}
	return out
}

// fact is one row with every column, and the source's own record of it.
type fact struct {
	piece
	N                    int64
	Columns, Kinds       []string
	Values               []*string
	Record               string
	Before, After, Total int64
}

func (s Services) evidenceRow(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	path, ok := strings.CutPrefix(p.Path, "lake:")
	n, perr := strconv.ParseInt(r.Arg("n"), 10, 64)
	if !ok || perr != nil || n < 1 {
		return errs.New(errs.NotFound, "%s has no row %q", p.Ref, r.Arg("n"))
	}
	columns, kinds, rows, total, err := s.Files.Page(path, n-1, 1)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errs.New(errs.NotFound, "%s has %d rows, no row %d", p.Ref, total, n)
	}
	f := fact{piece: p, N: n, Columns: columns, Kinds: kinds, Values: rows[0], Total: total}
	if i := slices.Index(columns, "raw"); i >= 0 && rows[0][i] != nil {
		f.Record = indented(*rows[0][i])
		f.Columns, f.Kinds, f.Values = slices.Delete(columns, i, i+1), slices.Delete(kinds, i, i+1), slices.Delete(rows[0], i, i+1)
	}
	if n > 1 {
		f.Before = n - 1
	}
	if n < total {
		f.After = n + 1
	}
	r.Title = p.Ref + " row " + strconv.FormatInt(n, 10)
	r.Crumbs = []page.Crumb{{Text: "Evidence", Href: "/evidence"}, {Text: p.Ref, Href: "/e/" + p.Ref + "?tab=rows"}, {Text: "Row " + page.Count(n)}}
	return r.Render(http.StatusOK, factPage(f))
}

// indented writes JSON on several lines, and anything else as it is.
func indented(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "  ") != nil {
		return s
	}
	return b.String()
}

func (s Services) evidenceContent(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	content, err := s.Content(p.Item)
	if err != nil {
		return err
	}
	name, kind := p.Ref, "application/octet-stream"
	if p.Kind == evidence.Snapshot {
		name += ".parquet"
	} else if p.Paper.FileName != "" {
		name += "-" + p.Paper.FileName
	} else if _, file, ok := strings.Cut(p.Note, "File name: "); ok {
		name += "-" + file
	}
	return r.Attach(name, kind, int64(len(content)), p.ReceivedAt, bytes.NewReader(content))
}

func (s Services) evidenceManifest(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	if p.ManifestSHA256 == "" {
		return errs.New(errs.NotFound, "%s has no manifest: a person added it", p.Ref)
	}
	body, err := s.Evidence.Blobs.Content(p.ManifestSHA256)
	if err != nil {
		return err
	}
	return r.Attach(p.Ref+"-manifest.json", "application/json", int64(len(body)), p.ReceivedAt, bytes.NewReader(body))
}

// says is what the source counts, compared with what was received.
func says(rows int64, total *int64) string {
	switch {
	case total == nil:
		return "The source gives no count of its own."
	case *total == rows:
		return "The source’s own count is the same."
	}
	return "The source’s own count is " + page.Count(*total) + "."
}

// connectionPath is the page of a connection.
func connectionPath(name string) string { return "/connections/" + url.PathEscape(name) }

func rowPath(ref string, n int64) string { return "/e/" + ref + "/rows/" + strconv.FormatInt(n, 10) }

// linkPath is the page of what evidence is filed for.
func linkPath(l evidence.Link) string {
	switch l.Kind {
	case "control":
		return "/c/" + url.PathEscape(l.Ref)
	case "criterion":
		return "/criteria/" + url.PathEscape(l.Ref)
	case "test":
		return "/t/" + url.PathEscape(l.Ref)
	}
	return ""
}

func statusText(s evidence.Status) string {
	switch s {
	case evidence.Active:
		return "Relied on"
	case evidence.Superseded:
		return "Replaced"
	case evidence.Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}

// rowCount is the rows of a snapshot; a document has none.
func rowCount(e view.EvidenceRow) string {
	if evidence.Kind(e.Kind) != evidence.Snapshot {
		return "–"
	}
	return page.Count(e.Rows)
}

// aboutDays is what a piece of evidence is about, in days.
func aboutDays(from, to time.Time) string {
	a, b := period.Of(from), period.Of(to)
	if from.Unix() <= 0 || a == b {
		return page.DateText(b)
	}
	if to.Equal(b.Time()) {
		b-- // half-open
	}
	return page.PeriodText(period.Period{From: a, To: b + 1})
}

func outcomeOf(word string) chart.Outcome { return chart.Parse(word) }

func requestText(p piece) string {
	return page.Plural(p.Result.Pages, "answered request", "answered requests") + " for these facts; " + page.Plural(p.Manifest.Requests, "request", "requests") + " and " +
		page.Plural(p.Manifest.Retries, "retry", "retries") + " in the whole run."
}

// kindText is the kind of a piece as people say it.
func kindText(kind string) string {
	if evidence.Kind(kind) == evidence.Snapshot {
		return "Collected"
	}
	return page.Capital(kind)
}

// freshWords is how fresh a piece is, as a list says it.
func freshWords(e view.EvidenceRow, x view.EvidenceStanding) sign {
	switch {
	case e.Status != evidence.Active:
		return sign{"na", statusText(e.Status)}
	case x.Fresh == "" && evidence.Kind(e.Kind) == evidence.Snapshot:
		return sign{"", "earlier reading"}
	case x.Fresh == "" || x.Fresh == evidence.NotAsked:
		return sign{"", "–"}
	case evidence.Kind(e.Kind) == evidence.Snapshot && x.Fresh == evidence.Overdue:
		return sign{"fail", "Stale"}
	}
	return freshSign(x.Fresh)
}

// fewControls are the first controls of a piece, and how many more there are.
func fewControls(refs []string) ([]string, int) {
	if len(refs) <= 2 {
		return refs, 0
	}
	return refs[:2], len(refs) - 2
}

func filedHint(p piece) string {
	if p.Kind == evidence.Snapshot {
		return ""
	}
	return page.Plural(len(p.Context.Links), "control", "controls")
}
