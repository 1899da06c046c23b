package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// caseWorld is an installation with events that came over its intake, and an incident about some of them.
type caseWorld struct {
	tb    testing.TB
	app   *app.App
	owner access.Scope
	token string
	now   time.Time
	sent  []string
	ids   []string // of what was sent, in order
	x     incident.Incident
}

func (w *caseWorld) ok(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// send has records arrive; those of before are sealed, these are not.
func (w *caseWorld) send(n int) {
	w.tb.Helper()
	var body strings.Builder
	for range n {
		i := len(w.sent)
		r := fmt.Sprintf(`{"uuid":"u%d","eventType":"user.session.start",  "published":%q,"actor":{"id":"00u1","alternateId":"ada@northwind.example","type":"User"},"outcome":{"result":"SUCCESS"},"note":"=1+1 ü <b> %d"}`, i, w.now.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i)
		w.sent = append(w.sent, r)
		body.WriteString(r + "\n")
	}
	got, err := w.app.Intake.Accept(w.tb.Context(), w.token, "", strings.NewReader(body.String()), w.now)
	w.ok(err)
	if got.Accepted != int64(n) {
		w.tb.Fatalf("%+v", got)
	}
	f := event.Filter{Ascending: true, Limit: event.MaxFind}
	if len(w.ids) > 0 {
		f.After = w.ids[len(w.ids)-1]
	}
	for {
		found, next, err := w.app.Events.Find(w.tb.Context(), w.owner.ReadScope, f)
		w.ok(err)
		for _, e := range found {
			w.ids = append(w.ids, e.ID)
		}
		if f.After = next; next == "" {
			break
		}
	}
	if len(w.ids) != len(w.sent) {
		w.tb.Fatalf("%d events of %d", len(w.ids), len(w.sent))
	}
}

func newCase(tb testing.TB, data string) *caseWorld {
	tb.Helper()
	cfg, _, err := app.LoadConfig("", map[string]string{"data": data}, func(string) string { return "" })
	w := &caseWorld{tb: tb}
	w.ok(err)
	w.app, err = app.Open(tb.Context(), cfg, slog.New(slog.DiscardHandler))
	w.ok(err)
	tb.Cleanup(func() { w.ok(w.app.Close(context.Background())) })
	ctx := tb.Context()
	_, operator, err := w.app.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Dana Whitfield"}, false)
	w.ok(err)
	w.owner, err = w.app.Access.As(ctx, operator, w.app.Clock(), "owner@northwind.example")
	w.ok(err)
	w.ok(w.app.OpenEvents(ctx))
	w.now = w.app.Clock().UTC().Add(-time.Hour).Truncate(time.Second)
	_, w.token, err = w.app.Sources.Add(ctx, w.owner, w.now, event.NewSource{Name: "Okta", Log: "okta.log"})
	w.ok(err)
	return w
}

// declared is an incident from an alert about some of the events, with a note that names two that never were.
func (w *caseWorld) declared(of []string) {
	w.tb.Helper()
	ctx := w.tb.Context()
	s := alert.Signal{Kind: alert.Signature, Rule: "r1", Title: "=cmd|' /C calc'!A0", Level: alert.High, Entity: "ada", EntityKind: "principal", Technique: "T1078", At: w.now}
	for _, id := range of {
		s.Events = append(s.Events, alert.Fact{Event: id, At: w.now, Log: "okta.log", Actor: "@SUM(A1)", Action: "=1+1"})
	}
	raised, err := w.app.Alerts.Raise(ctx, w.owner, w.now, []alert.Signal{s})
	w.ok(err)
	w.x, err = w.app.Incidents.Declare(ctx, w.owner, w.now, incident.New{Text: incident.Text{Title: "An account in other hands", Severity: 2}, Alerts: []string{raised[0].Ref}})
	w.ok(err)
	w.x, err = w.app.Incidents.Note(ctx, w.owner, w.now, w.x.Ref, w.now, "=HYPERLINK(1)", []string{"fffffffffffffffff", "../../etc/passwd"})
	w.ok(err)
}

// bundler is that of the program, but that it leaves events waiting.
func (w *caseWorld) bundler() *incident.Bundler {
	return &incident.Bundler{Incidents: w.app.Incidents, Ledger: w.app.Ledger, Proofs: w.app.EventProofs, Print: w.app.PrintCase,
		Head: func(context.Context, access.ReadScope) (incident.Letterhead, error) {
			return incident.Letterhead{Org: "Northwind", Simulated: true, Names: map[string]string{w.owner.Actor(): "Dana Whitfield"}}, nil
		}}
}

func (w *caseWorld) packed() []byte {
	w.tb.Helper()
	var b bytes.Buffer
	_, err := w.bundler().Write(w.tb.Context(), w.owner, w.now, w.x.Ref, &b, nil)
	w.ok(err)
	return b.Bytes()
}

// part is a file of an archive, in its order.
type part struct {
	name string
	body []byte
}

func unpacked(tb testing.TB, archive []byte) []part {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		tb.Fatal(err)
	}
	var out []part
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, part{f.Name, body})
	}
	return out
}

func packedAgain(tb testing.TB, parts []part) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err == nil {
			_, err = w.Write(p.body)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func (w *caseWorld) checked(archive []byte) *verify.Report {
	w.tb.Helper()
	rep, err := verify.Bundle(bytes.NewReader(archive), int64(len(archive)), verify.Options{Keys: []string{w.app.Ledger.Log.Key()}})
	w.ok(err)
	return rep
}

// tampered is a bundle that somebody changed.
type tampered struct {
	tb    testing.TB
	parts []part
}

func (x *tampered) at(name string) int {
	x.tb.Helper()
	i := slices.IndexFunc(x.parts, func(p part) bool { return p.name == name })
	if i < 0 {
		x.tb.Fatalf("no %s", name)
	}
	return i
}

func (x *tampered) set(name string, body []byte) { x.parts[x.at(name)].body = body }

func (x *tampered) drop(name string) { x.parts = slices.Delete(x.parts, x.at(name), x.at(name)+1) }

// flip changes one byte in the middle of a file.
func (x *tampered) flip(name string) {
	body := bytes.Clone(x.parts[x.at(name)].body)
	body[len(body)/2] ^= 1
	x.set(name, body)
}

// manifest changes the manifest, and lists the files as they are, as somebody does who knows what they do.
func (x *tampered) manifest(change func(m *verify.CaseManifest)) {
	var m verify.CaseManifest
	if err := json.Unmarshal(x.parts[x.at(verify.CaseName)].body, &m); err != nil {
		x.tb.Fatal(err)
	}
	m.Files = nil
	for _, p := range x.parts {
		if p.name != verify.CaseName {
			sum := sha256.Sum256(p.body)
			m.Files = append(m.Files, verify.CaseFile{Path: p.name, Size: int64(len(p.body)), SHA256: hex.EncodeToString(sum[:])})
		}
	}
	slices.SortFunc(m.Files, func(a, b verify.CaseFile) int { return strings.Compare(a.Path, b.Path) })
	if change != nil {
		change(&m)
	}
	body, err := json.Marshal(m)
	if err != nil {
		x.tb.Fatal(err)
	}
	x.set(verify.CaseName, body)
}

// TestCaseBundle: the bundle of an incident holds every record byte for byte with its proof, names what is not there with the reason, is
// the same for the same state, and whoever changes any part of it is found out, with the file and the reason.
func TestCaseBundle(t *testing.T) {
	t.Parallel()
	w := newCase(t, t.TempDir())
	ctx := t.Context()
	w.send(9)
	_, err := w.app.EventSealer.Seal(ctx, w.now, true)
	w.ok(err)
	w.send(4)
	_, err = w.app.EventSealer.Seal(ctx, w.now, true)
	w.ok(err)
	w.send(1)
	w.declared(append(slices.Clone(w.ids[:5]), w.ids[10], w.ids[13]))
	gone, err := w.app.EventEraser.Erase(ctx, w.owner, w.now, w.ids[2], "request of the person, Art. 17 GDPR") // this seals all that waits
	w.ok(err)
	w.send(1)
	w.x, err = w.app.Incidents.Note(ctx, w.owner, w.now, w.x.Ref, w.now, "one more", []string{w.ids[14]})
	w.ok(err)

	archive := w.packed()
	if !bytes.Equal(archive, w.packed()) {
		t.Error("the same state gives other bytes")
	}
	rep := w.checked(archive)
	if !rep.OK() || rep.Kind != verify.CaseKind || rep.Events != 6 || rep.Erased != 1 || rep.Entries < 5 || !rep.KeyGiven {
		t.Fatalf("%+v", rep)
	}
	for _, part := range []string{"of 1 of the 10 events there is no record here: each was erased", "each was not sealed yet", "of 2 of the 10 events there is no record here: each was not among"} {
		if !strings.Contains(strings.Join(rep.Notes, "\n"), part) {
			t.Errorf("no word of %q: %q", part, rep.Notes)
		}
	}
	w.says(archive, gone.Seq)

	proof, other, record := verify.CaseProof(w.ids[0]), verify.CaseProof(w.ids[10]), verify.CaseRecord(w.ids[0])
	entry := verify.CaseEntry(gone.Seq)
	steps, err := w.app.Incidents.History(ctx, w.owner.ReadScope, w.x.ID)
	w.ok(err)
	declared := steps[0].Seq
	first := func(m *verify.CaseManifest) *verify.CaseEvent {
		return &m.Events[slices.IndexFunc(m.Events, func(e verify.CaseEvent) bool { return e.ID == w.ids[0] })]
	}
	for name, c := range map[string]struct {
		check, place, says string
		do                 func(x *tampered)
	}{
		"a byte of a record":         {verify.CheckFile, record, "SHA-256", func(x *tampered) { x.flip(record) }},
		"a byte of a record, listed": {verify.CheckEvent, record, "not the record", func(x *tampered) { x.flip(record); x.manifest(nil) }},
		"a longer record": {verify.CheckFormat, record, "larger", func(x *tampered) {
			x.set(record, append(bytes.Clone(x.parts[x.at(record)].body), ' '))
			x.manifest(nil)
		}},
		"a dropped record":           {verify.CheckMissing, record, "dropped", func(x *tampered) { x.drop(record) }},
		"a dropped record, unlisted": {verify.CheckMissing, record, "not in the bundle", func(x *tampered) { x.drop(record); x.manifest(nil) }},
		"a dropped event": {verify.CheckSeal, verify.CaseName, "not what ledger entry", func(x *tampered) {
			x.drop(record)
			x.drop(proof)
			x.manifest(func(m *verify.CaseManifest) {
				m.Events = slices.DeleteFunc(m.Events, func(e verify.CaseEvent) bool { return e.ID == w.ids[0] })
			})
		}},
		"an event said to wait": {verify.CheckSeal, verify.CaseName, "not what ledger entry", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { first(m).State = verify.CaseWaiting }) }},
		"what it says to wait":  {verify.CheckExtra, record, "belongs to no event", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { first(m).State = verify.CaseWaiting }) }},
		"an event erased by another": {verify.CheckEvent, verify.CaseName, "tells of something else", func(x *tampered) {
			x.manifest(func(m *verify.CaseManifest) {
				*first(m) = verify.CaseEvent{ID: w.ids[0], State: verify.CaseErased, Entry: m.Entries[0]}
			})
		}},
		"an event erased by nothing": {verify.CheckEvent, verify.CaseName, "is not in the bundle", func(x *tampered) {
			x.manifest(func(m *verify.CaseManifest) {
				*first(m) = verify.CaseEvent{ID: w.ids[0], State: verify.CaseErased, Entry: 3}
			})
		}},
		"a swapped proof": {verify.CheckSwapped, proof, "holds the content of", func(x *tampered) {
			a, b := x.at(proof), x.at(other)
			x.parts[a].body, x.parts[b].body = x.parts[b].body, x.parts[a].body
		}},
		"a swapped proof, listed": {verify.CheckSwapped, proof, "is the proof of event", func(x *tampered) { x.set(proof, x.parts[x.at(other)].body); x.manifest(nil) }},
		"a changed proof": {verify.CheckEvent, proof, "not what entry", func(x *tampered) {
			x.set(proof, bytes.Replace(x.parts[x.at(proof)].body, []byte("ada@"), []byte("eve@"), 1))
			x.manifest(nil)
		}},
		"a dropped proof": {verify.CheckMissing, proof, "no such file", func(x *tampered) { x.drop(proof); x.manifest(nil) }},
		"a changed entry": {verify.CheckPayload, entry, "commits to", func(x *tampered) {
			x.set(entry, bytes.Replace(x.parts[x.at(entry)].body, []byte("GDPR"), []byte("GDPS"), 1))
			x.manifest(nil)
		}},
		"a swapped entry": {verify.CheckSwapped, entry, "not entry", func(x *tampered) { x.set(entry, x.parts[x.at(verify.CaseEntry(gone.Seq+2))].body); x.manifest(nil) }},
		"a dropped entry": {verify.CheckMissing, entry, "no such file", func(x *tampered) { x.drop(entry); x.manifest(nil) }},
		"a dropped entry, not named": {verify.CheckSeal, verify.CaseName, "entries", func(x *tampered) {
			x.drop(verify.CaseEntry(declared))
			x.manifest(func(m *verify.CaseManifest) {
				m.Entries = slices.DeleteFunc(m.Entries, func(n int64) bool { return n == declared })
			})
		}},
		"a changed PDF":              {verify.CheckFile, "case.pdf", "SHA-256", func(x *tampered) { x.flip("case.pdf") }},
		"a changed PDF, listed":      {verify.CheckSeal, verify.CaseName, "not what ledger entry", func(x *tampered) { x.flip("case.pdf"); x.manifest(nil) }},
		"a changed timeline, listed": {verify.CheckSeal, verify.CaseName, "files", func(x *tampered) { x.flip("timeline.csv"); x.manifest(nil) }},
		"a changed manifest":         {verify.CheckSeal, verify.CaseName, "title", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { m.Title = "Nothing of note" }) }},
		"a manifest that is cut off": {verify.CheckFormat, verify.CaseName, "", func(x *tampered) { x.set(verify.CaseName, x.parts[x.at(verify.CaseName)].body[:200]) }},
		"a manifest with a name twice": {verify.CheckFormat, verify.CaseName, "", func(x *tampered) {
			x.set(verify.CaseName, bytes.Replace(x.parts[x.at(verify.CaseName)].body, []byte("{"), []byte(`{"v":1,`), 1))
		}},
		"another entry as the seal": {verify.CheckSeal, verify.CaseName, "of kind", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { m.Seal = m.Entries[0] }) }},
		"another organisation":      {verify.CheckEntry, entry, "chain", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { m.Org = "c0ffee" }) }},
		"an added file":             {verify.CheckExtra, "evil.html", "not listed", func(x *tampered) { x.parts = append(x.parts, part{"evil.html", []byte("x")}) }},
		"an added file, listed":     {verify.CheckSeal, verify.CaseName, "files", func(x *tampered) { x.parts = append(x.parts, part{"evil.html", []byte("x")}); x.manifest(nil) }},
		"an added record, listed":   {verify.CheckExtra, "events/00.txt", "belongs to no event", func(x *tampered) { x.parts = append(x.parts, part{"events/00.txt", []byte("x")}); x.manifest(nil) }},
		"an added proof, listed":    {verify.CheckExtra, "proofs/x.json", "belongs to no event", func(x *tampered) { x.parts = append(x.parts, part{"proofs/x.json", []byte("x")}); x.manifest(nil) }},
		"a file twice":              {verify.CheckFormat, "case.pdf", "twice", func(x *tampered) { x.parts = append(x.parts, x.parts[x.at("case.pdf")]) }},
		"another key":               {verify.CheckFile, verify.KeyName, "", func(x *tampered) { x.flip(verify.KeyName) }},
		"another checkpoint":        {verify.CheckSignature, verify.CheckpointName, "", func(x *tampered) { x.flip(verify.CheckpointName); x.manifest(nil) }},
		"a path that climbs":        {verify.CheckFormat, "../../etc/cron.d/x", "unsafe path", func(x *tampered) { x.parts = append(x.parts, part{"../../etc/cron.d/x", []byte("x")}) }},
		"a path from the root":      {verify.CheckFormat, "/etc/passwd", "unsafe path", func(x *tampered) { x.parts = append(x.parts, part{"/etc/passwd", []byte("x")}) }},
		"a path of another system":  {verify.CheckFormat, `..\x`, "unsafe path", func(x *tampered) { x.parts = append(x.parts, part{`..\x`, []byte("x")}) }},
		"a size that is not so": {verify.CheckFile, "case.json", "", func(x *tampered) {
			x.manifest(func(m *verify.CaseManifest) {
				m.Files[slices.IndexFunc(m.Files, func(f verify.CaseFile) bool { return f.Path == "case.json" })].Size = 3
			})
		}},
		"a negative size": {verify.CheckFormat, "README.md", "is listed with", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { m.Files[0].Size = -1 }) }},
		"a bomb":          {verify.CheckFormat, verify.CaseName, "keep a machine busy", func(x *tampered) { x.parts = append(x.parts, part{"zeros", make([]byte, 80<<20)}); x.manifest(nil) }},
		"more files than anybody needs": {verify.CheckFormat, verify.CaseName, "at most", func(x *tampered) {
			x.manifest(func(m *verify.CaseManifest) { m.Files = make([]verify.CaseFile, 300_000) })
		}},
		"an entry of another's listing": {verify.CheckMissing, "gone.txt", "dropped", func(x *tampered) {
			x.manifest(func(m *verify.CaseManifest) { m.Files = append(m.Files, verify.CaseFile{Path: "gone.txt"}) })
		}},
		"a format that is not known yet": {verify.CheckFormat, verify.CaseName, "version 2", func(x *tampered) { x.manifest(func(m *verify.CaseManifest) { m.V = 2 }) }},
	} {
		x := &tampered{t, slices.Clone(unpacked(t, archive))}
		c.do(x)
		rep := w.checked(packedAgain(t, x.parts))
		told := slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool {
			return f.Check == c.check && strings.HasPrefix(f.Place, c.place) && strings.Contains(f.Detail, c.says)
		})
		if !told {
			t.Errorf("%s: %v", name, rep.Findings)
		}
	}

	// What was not changed holds in another order and packing, too.
	parts := unpacked(t, archive)
	slices.Reverse(parts)
	if rep := w.checked(packedAgain(t, parts)); !rep.OK() {
		t.Errorf("packed again: %v", rep.Findings)
	}
	w.refuses()
}

// says looks at what is in a bundle.
func (w *caseWorld) says(archive []byte, erased int64) {
	w.tb.Helper()
	files := map[string]string{}
	for _, p := range unpacked(w.tb, archive) {
		files[p.name] = string(p.body)
	}
	for _, i := range []int{0, 1, 3, 4, 10, 13} {
		if got := files[verify.CaseRecord(w.ids[i])]; got != w.sent[i] {
			w.tb.Errorf("record %d: %q, sent was %q", i, got, w.sent[i])
		}
		if rep, err := verify.Proof([]byte(files[verify.CaseProof(w.ids[i])]), verify.Options{}); err != nil || !rep.OK() || rep.Event.ID != w.ids[i] {
			w.tb.Errorf("proof %d alone: %v %v", i, rep, err)
		}
	}
	var m verify.CaseManifest
	w.ok(json.Unmarshal([]byte(files[verify.CaseName]), &m))
	why := map[string]verify.CaseEvent{}
	for _, e := range m.Events {
		why[e.ID] = e
	}
	for id, want := range map[string]verify.CaseEvent{w.ids[2]: {State: verify.CaseErased, Entry: erased}, w.ids[14]: {State: verify.CaseWaiting}, "../../etc/passwd": {State: verify.CaseMissing}, w.ids[0]: {State: verify.CaseProven}} {
		if got := why[id]; got.State != want.State || got.Entry != want.Entry || (got.Why == "") != (want.State == verify.CaseProven) {
			w.tb.Errorf("%s: %+v", id, got)
		}
	}
	for _, cell := range []string{"'=HYPERLINK(1)", "Dana Whitfield"} {
		if !strings.Contains(files["timeline.csv"], cell) {
			w.tb.Errorf("no %q in the timeline:\n%s", cell, files["timeline.csv"])
		}
	}
	for _, bad := range []string{",=", ",@", "\n=", "\n@"} {
		if strings.Contains(files["timeline.csv"], bad) {
			w.tb.Errorf("a cell of the timeline is a formula:\n%s", files["timeline.csv"])
		}
	}
	if !strings.HasPrefix(files["case.pdf"], "%PDF") || !strings.Contains(files["README.md"], "tickmark verify") || !strings.Contains(files["README.md"], "erased on a legal duty") || files["indicators.json"] != "[]\n" {
		w.tb.Errorf("%.20q\n%s", files["case.pdf"], files["README.md"])
	}
}

// refuses tries those who may not.
func (w *caseWorld) refuses() {
	w.tb.Helper()
	ctx := w.tb.Context()
	_, operator, err := w.app.CreateOrg(ctx, "test", access.NewOrg{Slug: "other", Name: "Other"}, access.NewUser{Email: "owner@other.example", Name: "Odd"}, false)
	w.ok(err)
	other, err := w.app.Access.As(ctx, operator, w.app.Clock(), "owner@other.example")
	w.ok(err)
	if _, err := w.bundler().Write(ctx, other, w.now, w.x.Ref, io.Discard, nil); !errs.Is(err, errs.NotFound) {
		w.tb.Errorf("another organisation: %v", err)
	}
	system := w.app.Access.System(w.owner.Org(), "test")
	if _, err := w.bundler().Write(ctx, system, w.now, w.x.Ref, io.Discard, nil); !errs.Is(err, errs.Denied) {
		w.tb.Errorf("without the right: %v", err)
	}
	ended, end := context.WithCancel(ctx)
	_, err = w.bundler().Write(ended, w.owner, w.now, w.x.Ref, io.Discard, func(done, _ int, _ string) {
		if done == 7 { // in the middle of the records
			end()
		}
	})
	if !errors.Is(err, context.Canceled) {
		w.tb.Errorf("ended in the middle: %v", err)
	}
}

// TestCaseBundleJob: a bundle is packed while nobody waits and fetched from where it was asked for; that of an incident that is closed is
// kept as evidence.
func TestCaseBundleJob(t *testing.T) {
	t.Parallel()
	w := newCase(t, t.TempDir())
	ctx := t.Context()
	w.send(3)
	w.declared(w.ids)
	w.ok(w.app.OpenJobs(ctx))
	w.ok(w.app.Jobs.Start(ctx))
	t.Cleanup(func() { w.ok(w.app.Jobs.Stop(context.WithoutCancel(ctx))) })
	work := w.app.Cases()
	if _, err := work.BundledCase(ctx, w.owner.ReadScope, w.x.Ref); !errs.Is(err, errs.NotFound) {
		t.Errorf("before the first: %v", err)
	}
	id, err := work.BundleCase(ctx, w.owner, w.x.Ref)
	w.ok(err)
	until(t, "the bundle was made", func() bool {
		j, err := w.app.Background().Job(ctx, w.owner.ReadScope, id)
		w.ok(err)
		if j.Status == "failed" {
			t.Fatal(j.Error)
		}
		return j.Status == "done"
	})
	fetched := func() *verify.Report {
		t.Helper()
		out, err := work.BundledCase(ctx, w.owner.ReadScope, w.x.Ref)
		w.ok(err)
		body, err := io.ReadAll(out.Body)
		w.ok(err)
		w.ok(out.Body.Close())
		if int64(len(body)) != out.Size || out.Name != strings.ToLower(w.x.Ref)+"-case.tickmark.zip" {
			t.Errorf("%s of %d bytes, %d came", out.Name, out.Size, len(body))
		}
		return w.checked(body)
	}
	if rep := fetched(); !rep.OK() || rep.Events != 3 {
		t.Errorf("%+v", rep)
	}
	w.x, err = w.app.Incidents.Close(ctx, w.owner, w.app.Clock(), w.x.Ref, 0, incident.FalseAlarm, "the account's owner said that it was them")
	w.ok(err)
	kept := ""
	until(t, "the bundle was kept", func() bool {
		kept, err = w.app.Incidents.KeptBundle(ctx, w.owner.ReadScope, w.x.ID)
		w.ok(err)
		return kept != ""
	})
	if x, err := w.app.Incidents.Incident(ctx, w.owner.ReadScope, w.x.Ref); err != nil || x.Version != w.x.Version {
		t.Errorf("version %d became %d, %v", w.x.Version, x.Version, err)
	}
	it, err := w.app.Evidence.Store.Item(ctx, w.owner.ReadScope, kept)
	w.ok(err)
	body, err := w.app.Content(it)
	w.ok(err)
	if rep := w.checked(body); !rep.OK() || rep.Events != 3 || it.MediaType != "application/zip" {
		t.Errorf("%s: %+v", it.MediaType, rep)
	}
	if rep := fetched(); !rep.OK() {
		t.Errorf("%+v", rep)
	}
	if _, err := w.app.Incidents.Reopen(ctx, w.owner, w.app.Clock(), w.x.Ref, 0, "there is more to it than that"); err != nil {
		t.Fatal(err)
	}
	if again, err := w.app.Incidents.KeptBundle(ctx, w.owner.ReadScope, w.x.ID); err != nil || again != "" {
		t.Errorf("opened again, it is kept in %q, %v", again, err)
	}
	if err := w.app.Incidents.KeepBundle(ctx, w.owner, w.now, w.x.Ref, kept); !errs.Is(err, errs.Conflict) {
		t.Errorf("kept while it is open: %v", err)
	}
	if err := w.app.Incidents.KeepBundle(ctx, w.owner, w.now, "INC-99", "EV-1"); !errs.Is(err, errs.NotFound) {
		t.Errorf("%v", err)
	}
}

// BenchmarkCaseBundle packs and checks the case file of an incident of 10,000 events among 40,000.
func BenchmarkCaseBundle(b *testing.B) {
	w := newCase(b, b.TempDir())
	ctx := b.Context()
	for range 8 {
		w.send(5000)
	}
	_, err := w.app.EventSealer.Seal(ctx, w.now, true)
	w.ok(err)
	w.declared(w.ids[:1])
	var found trace.Reconstruction
	for i := 0; i < len(w.ids); i += 4 {
		found.Events = append(found.Events, trace.Member{Event: w.ids[i], At: w.now})
	}
	body, err := json.Marshal(found)
	w.ok(err)
	w.ok(w.app.Incidents.Store.AddSnapshot(ctx, w.owner, w.x.ID, incident.Snapshot{At: w.now, Actor: w.owner.Actor(), Events: len(found.Events), Body: body}))
	b.ResetTimer()
	for i := range b.N {
		name := filepath.Join(b.TempDir(), fmt.Sprint(i)+".zip")
		began := time.Now()
		m, size, err := w.app.WriteCaseBundle(ctx, w.owner, w.now, w.x.Ref, name, nil)
		w.ok(err)
		took := time.Since(began)
		began = time.Now()
		archive := readAll(b, name)
		if rep := w.checked(archive); !rep.OK() || rep.Events < 10_000 {
			b.Fatal(rep.Findings)
		}
		b.ReportMetric(took.Seconds(), "s/pack")
		b.ReportMetric(time.Since(began).Seconds(), "s/verify")
		b.ReportMetric(float64(size)/1e6, "MB")
		b.ReportMetric(float64(len(m.Events)), "events")
	}
}

func readAll(tb testing.TB, name string) []byte {
	tb.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}
