package records

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/verify"
)

var entryTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "seq", Title: "Entry", Sort: true, Num: true}, {Key: "at", Title: "When", Opt: true}, {Key: "kind", Title: "Kind"}, {Key: "about", Title: "About", Wide: true},
		{Key: "actor", Title: "Who", Opt: true}, {Key: "hash", Title: "Hash", Opt: true}, {Key: "sealed", Title: "In the log", Opt: true},
	},
	Filters: []page.Filter{
		{Key: "area", Title: "Area", Kind: page.Select, Options: areaOptions()}, {Key: "kind", Title: "Kind", Kind: page.Select, Open: true},
		{Key: "actor", Title: "Who", Kind: page.Select, Open: true}, {Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find in entries", Sort: "-seq", One: "entry", Many: "entries",
}

var trailTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "at", Title: "When", Opt: true}, {Key: "actor", Title: "Who"}, {Key: "did", Title: "What was done", Wide: true}, {Key: "from", Title: "From", Opt: true}, {Key: "seq", Title: "Entry", Sort: true, Num: true},
	},
	Filters: []page.Filter{
		{Key: "area", Title: "Area", Kind: page.Segments, Options: slices.DeleteFunc(areaOptions(), func(o page.Option) bool { return o.Value == "results" || o.Value == "ledger" })},
		{Key: "actor", Title: "Who", Kind: page.Select, Open: true}, {Key: "kind", Title: "What", Kind: page.Select, Open: true},
		{Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find by person, object or text", Sort: "-seq", One: "act", Many: "acts",
}

func areaOptions() []page.Option {
	var out []page.Option
	for _, a := range view.Areas() {
		out = append(out, page.Option{Value: a.Name, Label: a.Title})
	}
	return out
}

var entryHead = []string{"entry", "time", "actor", "who", "kind", "subject", "about", "from", "payload", "hash", "in_log"}

func entryCells(rows []view.EntryRow) [][]any {
	out := make([][]any, len(rows))
	for i, e := range rows {
		out[i] = []any{e.Seq, e.At, e.Actor, actorName(e.Actor, e.Who), e.Kind, e.Subject, e.About, e.From, e.Payload, e.Hash, e.Sealed}
	}
	return out
}

func entryFilter(t *page.Table) view.EntryFilter {
	return view.EntryFilter{Area: t.Filter("area"), Kind: t.Filter("kind"), Actor: t.Filter("actor"), About: aboutPeriod(t)}
}

// entriesOf answers a list of entries as a file, or reads its page and the choices of its filters.
func (s Services) entriesOf(r *page.Request, t *page.Table, f view.EntryFilter, name string) ([]view.EntryRow, bool, error) {
	if t.Exporting() {
		return nil, true, r.Export(t, name, entryHead, func(q paging.Query) ([][]any, int, error) {
			res, err := s.View.Entries(r.Context(), r.Read(), f, q)
			return entryCells(res.Rows), res.Total, err
		})
	}
	res, err := s.View.Entries(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return nil, false, err
	}
	t.Total = res.Total
	if r.Target() != "" {
		return res.Rows, false, nil
	}
	actors, err := s.View.EntryActors(r.Context(), r.Read(), f)
	if err != nil {
		return nil, false, err
	}
	for i := range actors {
		if actors[i].Label == actors[i].Value {
			actors[i].Label = actorName(actors[i].Value, "")
		}
	}
	t.SetOptions("actor", options(actors, nil))
	kinds, err := s.View.EntryKinds(r.Context(), r.Read(), f)
	t.SetOptions("kind", options(kinds, kindWords))
	return res.Rows, false, err
}

// chain is the ledger as its page shows it.
type chain struct {
	view.LedgerHead
	Log     verify.Checkpoint
	Key     string
	Problem string // why the log's checkpoint cannot be shown
	Proof   proof  // of the newest sealed entry
	Checks  []check
}

func (s Services) ledgerPage(r *page.Request) error {
	t, err := r.Table(&entryTable)
	if err != nil {
		return err
	}
	rows, done, err := s.entriesOf(r, t, entryFilter(t), "ledger")
	if done || err != nil {
		return err
	}
	var c chain
	if r.Target() == "" {
		if c, err = s.chain(r); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, ledgerView(r, t, c, rows), page.Part(t.ID(), entryRows(r, t, rows)))
}

// chain reads the state of the chain and of the log, and checks the newest sealed entry against the newest checkpoint.
func (s Services) chain(r *page.Request) (chain, error) {
	head, err := s.View.LedgerHead(r.Context(), r.Read())
	c := chain{LedgerHead: head, Key: s.Ledger.Log.Key()}
	if err != nil || head.Seq == 0 {
		return c, err
	}
	last, err := s.Ledger.Store.Entry(r.Context(), r.Read(), head.Seq)
	if err != nil {
		return c, err
	}
	sum, err := last.Entry.Hash()
	c.Checks = append(c.Checks, held(err == nil && sum == head.Hash && sum == last.Hash, fmt.Sprintf("Entry %s hashes to the head of the chain.", page.Count(head.Seq)),
		"The last entry is not what the head of the chain says."))
	if head.Seq > 1 {
		before, err := s.Ledger.Store.Entry(r.Context(), r.Read(), head.Seq-1)
		if err != nil {
			return c, err
		}
		c.Checks = append(c.Checks, held(last.Prev == before.Hash, "It names the hash of the entry before it.", "It does not name the hash of the entry before it."))
	}
	_, cp, err := s.Ledger.Checkpoint(r.Context())
	if err != nil {
		c.Problem = page.Sentence(err)
		c.Checks = append(c.Checks, check{sign{"fail", "Failed"}, "The log’s checkpoint cannot be read.", c.Problem})
		return c, nil
	}
	c.Log = cp
	c.Checks = append(c.Checks, check{sign{"pass", "Checked"}, "The log’s newest checkpoint is signed with its key.", page.Plural(cp.Size, "leaf", "leaves")})
	if head.Sealed > 0 {
		if c.Proof, err = s.prove(r.Context(), r.Read(), head.Sealed); err != nil {
			return c, err
		}
		c.Checks = append(c.Checks, c.Proof.Check)
	}
	return c, nil
}

func held(ok bool, good, bad string) check {
	if ok {
		return check{sign{"pass", "Checked"}, good, ""}
	}
	return check{sign{"fail", "Failed"}, bad, "The record was changed after it was written."}
}

// recorded is an entry with what its page shows of it.
type recorded struct {
	ledger.Entry
	Who, About   string
	Link         string // page of what it is about
	Payload      string // indented
	Fields       [][2]string
	Proof        proof
	Checks       []check
	Before, Next int64
}

func (s Services) entryNumber(r *page.Request) (int64, error) {
	seq, err := strconv.ParseInt(r.Arg("seq"), 10, 64)
	if err != nil || seq < 1 {
		return 0, errs.New(errs.NotFound, "no ledger entry %q", r.Arg("seq"))
	}
	return seq, nil
}

func (s Services) entryPage(r *page.Request) error {
	seq, err := s.entryNumber(r)
	if err != nil {
		return err
	}
	e, err := s.Ledger.Store.Entry(r.Context(), r.Read(), seq)
	if err != nil {
		return err
	}
	r.Title = "Entry " + page.Count(seq)
	r.Crumbs = []page.Crumb{{Text: "Ledger", Href: "/ledger"}, {Text: r.Title}}
	head, err := s.View.LedgerHead(r.Context(), r.Read())
	if err != nil {
		return err
	}
	x := recorded{Entry: e, Payload: indented(e.Payload), Fields: fields(e.Payload), Before: seq - 1}
	if seq < head.Seq {
		x.Next = seq + 1
	}
	found, err := s.View.Entries(r.Context(), r.Read(), view.EntryFilter{Seq: seq}, paging.Query{Size: 1})
	if err != nil {
		return err
	}
	if len(found.Rows) == 1 {
		x.Who, x.About, x.Link = actorName(e.Actor, found.Rows[0].Who), found.Rows[0].About, subjectPath(found.Rows[0])
	}
	if err := s.checkEntry(r, &x); err != nil {
		return err
	}
	return r.Render(http.StatusOK, recordedPage(r, x))
}

// checkEntry checks an entry: its payload against its commitment, its place in the chain, and its proof.
func (s Services) checkEntry(r *page.Request, x *recorded) error {
	sum, err := x.Entry.Entry.Hash()
	x.Checks = append(x.Checks, held(err == nil && sum == x.Hash, "The entry has the hash that was recorded.", "The entry does not have the hash that was recorded."))
	if x.Before > 0 {
		before, err := s.Ledger.Store.Entry(r.Context(), r.Read(), x.Before)
		if err != nil {
			return err
		}
		x.Checks = append(x.Checks, held(x.Prev == before.Hash, fmt.Sprintf("It continues entry %s.", page.Count(x.Before)), "It does not continue the entry before it."))
	}
	if x.Erased != 0 {
		x.Checks = append(x.Checks, check{sign{"na", "Erased"}, "The payload was erased for privacy.", fmt.Sprintf("Entry %s says by whom and on what basis.", page.Count(x.Erased))})
	}
	if x.Proof, err = s.prove(r.Context(), r.Read(), x.Seq); err != nil {
		return err
	}
	if x.Proof.Check.Sign.Key == "pass" && x.Erased == 0 {
		x.Checks = append(x.Checks, check{sign{"pass", "Checked"}, "The payload is the one the entry commits to.", ""})
	}
	x.Checks = append(x.Checks, x.Proof.Check)
	return nil
}

func (s Services) entryProof(r *page.Request) error {
	seq, err := s.entryNumber(r)
	if err != nil {
		return err
	}
	p, err := s.prove(r.Context(), r.Read(), seq)
	if err != nil {
		return err
	}
	if p.JSON == nil {
		return errs.New(errs.Unavailable, "entry %d waits to be put into the signed log", seq).WithHint("Try again in a moment.")
	}
	return r.Attach(fmt.Sprintf("entry-%d-proof.json", seq), "application/json", int64(len(p.JSON)), r.Now, bytes.NewReader(p.JSON))
}

var checkpointTable = page.TableSpec{
	Size:    50, // hashes do not compress
	Columns: []page.Column{{Key: "size", Title: "Leaves", Num: true}, {Key: "at", Title: "Signed"}, {Key: "root", Title: "Root", Wide: true}},
	One:     "checkpoint", Many: "checkpoints",
}

// kept is a checkpoint that was read, with why it could not be.
type kept struct {
	view.CheckpointRow
	Root, Origin string
	Sign         sign
}

func (s Services) checkpointList(r *page.Request) error {
	t, err := r.Table(&checkpointTable)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "checkpoints", []string{"leaves", "signed_at", "checkpoint"}, func(q paging.Query) ([][]any, int, error) {
			res, err := s.View.Checkpoints(r.Context(), r.Read(), q)
			rows := make([][]any, len(res.Rows))
			for i, c := range res.Rows {
				rows[i] = []any{c.Size, c.At, c.Note}
			}
			return rows, res.Total, err
		})
	}
	res, err := s.View.Checkpoints(r.Context(), r.Read(), t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	r.Crumbs = []page.Crumb{{Text: "Ledger", Href: "/ledger"}, {Text: "Checkpoints"}}
	list := make([]kept, len(res.Rows))
	for i, c := range res.Rows {
		list[i] = kept{CheckpointRow: c, Sign: sign{"pass", "Signature good"}}
		cp, err := verify.OpenCheckpoint([]byte(c.Note), []string{s.Ledger.Log.Key()})
		if err != nil {
			list[i].Sign = sign{"fail", "Signature bad"}
			continue
		}
		list[i].Root, list[i].Origin = fmt.Sprintf("%x", cp.Root[:]), cp.Origin
	}
	return r.Render(http.StatusOK, checkpointPage(r, t, s.Ledger.Log.Key(), list), page.Part(t.ID(), checkpointRows(t, list)))
}

func (s Services) ledgerArchive(r *page.Request) error {
	head, err := s.View.LedgerHead(r.Context(), r.Read())
	if err != nil {
		return err
	}
	if head.Sealed == 0 {
		return errs.New(errs.Unavailable, "nothing is in the signed log yet").WithHint("Try again in a moment.")
	}
	// The archive is made whole before the first byte is sent: a half of it would look like tampering.
	var b bytes.Buffer
	if err := s.Ledger.Archive(r.Context(), r.Read(), head.Sealed, &b); err != nil {
		return err
	}
	return r.Attach(fmt.Sprintf("%s-ledger-%d.zip", r.Grant.Org.Slug, head.Sealed), "application/zip", int64(b.Len()), r.Now, &b)
}

// subjectPath is the page of what an entry is about; empty when there is none.
func subjectPath(e view.EntryRow) string {
	switch {
	case e.Kind == "evidence.sealed" && strings.HasPrefix(e.Subject, "run_"):
		return "/runs/" + e.Subject
	case strings.HasPrefix(e.Kind, "evidence.") && e.About != "":
		return "/e/" + e.About
	case strings.HasPrefix(e.Kind, "connection.") && e.About != "":
		return connectionPath(e.About)
	case strings.HasPrefix(e.Kind, "control.") && strings.HasPrefix(e.Subject, "ctl_") && e.About != "":
		return "/c/" + e.About
	case slices.Contains([]string{"engagement", "dossier", "report", "bundle"}, before(e.Kind)) && e.About != "":
		return "/a/" + e.About
	case strings.HasPrefix(e.Kind, "test."):
		return "/t/" + e.Subject
	case strings.HasPrefix(e.Kind, "description."):
		return "/system"
	}
	return ""
}

func before(kind string) string {
	area, _, _ := strings.Cut(kind, ".")
	return area
}

// fields are the members of a payload as names and short texts, in order of their names.
func fields(payload string) [][2]string {
	var m map[string]any
	if json.Unmarshal([]byte(payload), &m) != nil {
		return nil
	}
	var out [][2]string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		var text string
		switch v := m[k].(type) {
		case string:
			text = v
		case []any:
			text = page.Count(len(v)) + " listed"
			if parts := words(v); len(v) <= 8 && parts != "" {
				text = parts
			}
		case nil:
			text = "none"
		default:
			b, err := json.Marshal(v)
			if err != nil {
				continue
			}
			text = string(b)
		}
		out = append(out, [2]string{strings.ReplaceAll(k, "_", " "), text})
	}
	return out
}

// words joins a list of texts; empty when it holds anything else.
func words(list []any) string {
	out := make([]string, len(list))
	for i, x := range list {
		s, ok := x.(string)
		if !ok {
			return ""
		}
		out[i] = s
	}
	return strings.Join(out, ", ")
}

func entryPath(seq int64) string { return "/ledger/" + strconv.FormatInt(seq, 10) }

func noun(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
