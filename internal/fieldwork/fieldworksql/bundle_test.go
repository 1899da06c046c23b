package fieldworksql_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// around is an engagement around the auditor's work in which one request is answered and another is not.
type around struct{}

func (around) Asked(context.Context, access.AuditScope) ([]fieldwork.Document, []string, error) {
	return []fieldwork.Document{{Name: "requests/R-001.json", Body: "List of leavers"}}, []string{"EV-2020-00001"}, nil
}
func (around) Names(context.Context, access.AuditScope) (map[string]string, error) {
	return map[string]string{}, nil
}
func (around) Content(evidence.Item) ([]byte, error) { return nil, nil }

func (around) Answer(_ context.Context, _ access.AuditScope, ref string) (string, string, []fieldwork.Piece, error) {
	switch ref {
	case "R-001":
		return "List of leavers", "Accepted", []fieldwork.Piece{{Title: "HR list", SHA256: strings.Repeat("a", 64)}}, nil
	case "R-002":
		return "Exit forms", "Open", nil, nil
	}
	return "", "", nil, errs.New(errs.NotFound, "no request %s", ref)
}

// bundled writes the firm's work as a bundle, verifies it as an outsider does, and does so again after an item was exchanged. What the
// firm did for other clients is in no payload.
func (w *world) bundled(p fieldwork.Paper) {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.svc.Ledger.Append(ctx, w.Partner.Firm, w.tick(), "paper.planned", "wp_x", map[string]any{"engagement": "eng_elsewhere", "ref": "Fabrikam's"})
	w.ok(err)
	_, err = w.svc.Bundle(ctx, w.Quality, w.tick(), io.Discard, nil)
	w.refused(err, errs.Denied, "may not examine")
	var buf bytes.Buffer
	files := 0
	m, err := w.svc.Bundle(ctx, w.Staff, w.tick(), &buf, func(done, _ int, _ string) { files = done })
	w.ok(err)
	rep, err := verify.Bundle(bytes.NewReader(buf.Bytes()), int64(buf.Len()), verify.Options{})
	w.ok(err)
	if !rep.OK() || len(m.Files) != files || len(rep.Redrawn) != 1 || !rep.Redrawn[0].Same || !rep.Redrawn[0].Hashed || rep.Redrawn[0].Items != 31 {
		w.t.Fatalf("%v %+v", rep.Findings, rep.Redrawn)
	}
	all := w.unpacked(buf.Bytes())
	for name, part := range map[string]string{
		"papers/" + p.Ref + ".json": "It did not; the log is", "samples/" + p.Ref + ".json": "isolated", "populations/P-01.json": "T-100", "findings/F-01.json": "system of record",
		"opinions.json": "qualified", "methodology.json": "once a day", "requests/R-001.json": "List of leavers", "evidence/missing.json": "EV-2020-00001", "README.md": "tickmark verify",
	} {
		if !strings.Contains(all[name], part) {
			w.t.Errorf("%s does not say %q: %s", name, part, all[name])
		}
	}
	if s := all["ledger/payloads.ndjson"]; strings.Contains(s, "Fabrikam") || !strings.Contains(s, "sample.planned") && !strings.Contains(s, `\"seed\"`) {
		w.t.Error("payloads: ", s)
	}
	_, err = w.svc.ShareDraws(ctx, w.Staff, w.tick())
	w.refused(err, errs.Denied, "review workpapers")
	n, err := w.svc.ShareDraws(ctx, w.Partner, w.tick())
	w.ok(err)
	pops, samples, err := w.svc.Drawn(ctx, w.lead.ReadScope, p.Engagement)
	w.ok(err)
	if n != 1 || len(pops) != 1 || len(samples) != 1 || pops[0].Rows != nil || pops[0].Entry == 0 || len(pops[0].Keys) != 100 {
		w.t.Fatalf("%d %+v", n, samples)
	}
	if r, err := samples[0].Again(pops[0]); err != nil || !r.Same || r.Hashed || r.Items != 31 {
		w.t.Errorf("%v %+v", err, r)
	}
	if s := fmt.Sprint(samples); strings.Contains(s, "intern") {
		w.t.Error("a note of the firm is with the client:", s)
	}
	if list, err := w.svc.SharedWith(ctx, w.lead.ReadScope, p.Engagement); err != nil || len(list) != 1 {
		w.t.Error("the client's page lists draws:", list, err)
	}
	all["samples/"+p.Ref+".json"] = strings.Replace(all["samples/"+p.Ref+".json"], `"key": "T-`, `"key": "X-`, 1)
	forged := packed(w.t, all)
	rep, err = verify.Bundle(bytes.NewReader(forged), int64(len(forged)), verify.Options{})
	w.ok(err)
	if s := fmt.Sprint(rep.Findings); !strings.Contains(s, "redraw: samples/"+p.Ref+".json: item 1 is") {
		w.t.Error(s)
	}
}

func (w *world) unpacked(b []byte) map[string]string {
	w.t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	w.ok(err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		w.ok(err)
		c, err := io.ReadAll(r)
		w.ok(err)
		out[f.Name] = string(c)
	}
	return out
}

func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, c := range files {
		f, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(f, c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
