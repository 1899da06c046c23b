package view

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Area is a part of the work that ledger entries belong to.
type Area struct {
	Name  string // in addresses
	Title string
	kinds []string // what stands before the dot of their kinds
}

var areas = []Area{
	{"access", "Access", []string{"access", "token", "org"}},
	{"programme", "Programme", []string{"control", "complement", "description", "exception", "test", "task", "applicability", "programme", "matrix"}},
	{"collection", "Collection", []string{"connection", "evidence", "job", "notify"}},
	{"results", "Results", []string{"results"}},
	{"assurance", "Assurance", []string{"engagement", "dossier", "report", "bundle"}},
	{"ledger", "Ledger", []string{"payload"}},
}

// Areas lists the areas, in order.
func Areas() []Area { return slices.Clone(areas) }

// EntryFilter narrows a list of ledger entries. Zero values do not narrow.
type EntryFilter struct {
	Seq                        int64 // one entry
	Last                       int64 // none after this one
	Area, Kind, Actor, Subject string
	About                      period.Period // day of the entry
	People                     bool          // only what people did: not what collection and evaluation seal by themselves
}

// EntryRow is a ledger entry as a list shows it.
type EntryRow struct {
	Seq                  int64
	At                   time.Time
	Actor, Who           string // identifier, and the person's name if there is one
	Kind, Subject, About string // what happened to what, and the name it goes by
	Payload              string // canonical JSON; empty once erased
	Hash, From           string // From is the address the actor acted from, if it is known
	Erased               bool
	Sealed               bool // the log covers it
}

func (f EntryFilter) where(s access.ReadScope, search string) *sqldb.Where {
	w := &sqldb.Where{}
	w.Add(`e.org_id = ?`, orgOf(s))
	for _, a := range areas {
		if a.Name != f.Area {
			continue
		}
		cond, args := "", []any{}
		for i, k := range a.kinds {
			if i > 0 {
				cond += " OR "
			}
			cond += `(e.kind >= ? AND e.kind < ?)`
			args = append(args, k+".", k+"/") // "/" follows "." in the order of characters
		}
		w.Add(`(`+cond+`)`, args...)
	}
	w.AddIf(f.Seq != 0, `e.seq = ?`, f.Seq)
	w.AddIf(f.Last != 0, `e.seq <= ?`, f.Last)
	w.AddIf(f.Kind != "", `e.kind = ?`, f.Kind)
	w.AddIf(f.Actor != "", `e.actor = ?`, f.Actor)
	w.AddIf(f.Subject != "", `e.subject = ?`, f.Subject)
	w.AddIf(f.About.From != 0, `e.at >= ?`, f.About.From.Time().UnixMicro())
	w.AddIf(f.About.To != 0, `e.at < ?`, f.About.To.Time().UnixMicro())
	w.AddIf(f.People, `e.kind <> 'results.sealed' AND NOT (e.kind = 'evidence.sealed' AND e.subject LIKE 'run!_%' ESCAPE '!')`)
	if search != "" {
		p := sqldb.LikeLower(search)
		// Each part is found by itself: a join of all entries with all payloads takes ten times as long.
		w.Add(`(lower(e.kind) LIKE ? ESCAPE '!' OR lower(e.subject) LIKE ? ESCAPE '!' OR lower(e.actor) LIKE ? ESCAPE '!'
			OR e.actor IN (SELECT id FROM access_user WHERE lower(name) LIKE ? ESCAPE '!')
			OR e.seq IN (SELECT p.seq FROM ledger_entry k JOIN ledger_payload p ON p.org_id = k.org_id AND p.seq = k.seq
				WHERE k.org_id = ? AND k.kind NOT IN ('results.sealed', 'evidence.sealed') AND lower(p.payload) LIKE ? ESCAPE '!'))`, p, p, p, p, orgOf(s), p)
	}
	return w
}

const entryJoins = `
	LEFT JOIN access_user u ON u.id = e.actor
	LEFT JOIN ledger_payload p ON p.org_id = e.org_id AND p.seq = e.seq`

// entryNames finds the names that subjects go by. Identifiers are unique, so at most one of them matches.
const entryNames = ` LEFT JOIN access_user su ON su.id = e.subject
	LEFT JOIN collect_run sr ON sr.id = e.subject AND sr.org_id = e.org_id
	LEFT JOIN collect_connection sc ON sc.id = e.subject AND sc.org_id = e.org_id
	LEFT JOIN control_control sk ON sk.id = e.subject AND sk.org_id = e.org_id
	LEFT JOIN evidence_item si ON si.id = e.subject AND si.org_id = e.org_id
	LEFT JOIN engagement_engagement sg ON sg.id = e.subject AND sg.org_id = e.org_id
	LEFT JOIN org_record so ON so.id = e.subject AND so.org_id = e.org_id
	LEFT JOIN ledger_erasure x ON x.org_id = e.org_id AND x.seq = e.seq
	LEFT JOIN ledger_origin og ON og.org_id = e.org_id AND og.seq = e.seq`

// Entries lists ledger entries, the newest first unless sorted by number ascending. The page is cut before names are looked
// up, so that later pages cost no more than the first. What collection and
// evaluation seal is long lists of hashes: those payloads are not searched.
func (r *Reader) Entries(ctx context.Context, s access.ReadScope, f EntryFilter, q paging.Query) (paging.Result[EntryRow], error) {
	res := paging.Result[EntryRow]{Query: q.Norm()}
	if err := s.Require(access.ReadLedger); err != nil {
		return res, err
	}
	w := f.where(s, q.Search)
	const from = ` FROM ledger_entry e`
	total, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*)`+from+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	head, err := r.LedgerHead(ctx, s)
	if err != nil {
		return res, err
	}
	order := ` ORDER BY e.seq DESC`
	if q.Sort == "seq" && !q.Desc {
		order = ` ORDER BY e.seq`
	}
	res.Rows, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (EntryRow, error) {
		var e EntryRow
		var at, by int64
		err := row.Scan(&e.Seq, &at, &e.Actor, &e.Kind, &e.Subject, &e.Hash, &e.Who, &e.Payload, &e.About, &by, &e.From)
		e.At, e.Erased, e.Sealed = sqldb.Time(at), by != 0, e.Seq <= head.Sealed
		return e, err
	}, `SELECT e.seq, e.at, e.actor, e.kind, e.subject, e.hash, COALESCE(u.name, ''), COALESCE(p.payload, ''),
			COALESCE(su.name, sr.name, sc.name, sk.ref, si.ref, sg.ref, so.key, ''), COALESCE(x.by_seq, 0), COALESCE(og.address, '')
		FROM (SELECT e.org_id, e.seq, e.at, e.actor, e.kind, e.subject, e.hash`+from+` WHERE `+w.SQL()+order+w.Page(res.Query.Size, res.Query.Offset())+`) e`+
		entryJoins+entryNames+order, w.Args()...)
	return res, err
}

// EntryKinds counts the entries a filter finds by kind.
func (r *Reader) EntryKinds(ctx context.Context, s access.ReadScope, f EntryFilter) ([]Choice, error) {
	if err := s.Require(access.ReadLedger); err != nil {
		return nil, err
	}
	f.Kind = ""
	w := f.where(s, "")
	return sqldb.Collect(ctx, r.db, scanChoice, `SELECT e.kind, e.kind, count(*) FROM ledger_entry e WHERE `+w.SQL()+` GROUP BY e.kind ORDER BY e.kind`, w.Args()...)
}

// EntryActors counts the entries a filter finds by who made them.
func (r *Reader) EntryActors(ctx context.Context, s access.ReadScope, f EntryFilter) ([]Choice, error) {
	if err := s.Require(access.ReadLedger); err != nil {
		return nil, err
	}
	f.Actor = ""
	w := f.where(s, "")
	return sqldb.Collect(ctx, r.db, scanChoice, `SELECT e.actor, COALESCE(max(u.name), e.actor), count(*) FROM ledger_entry e
		LEFT JOIN access_user u ON u.id = e.actor WHERE `+w.SQL()+` GROUP BY e.actor ORDER BY 2`, w.Args()...)
}

// LedgerHead is the state of an organisation's chain and of the log that covers it.
type LedgerHead struct {
	Tag, Hash   string
	Seq         int64 // last entry
	Sealed      int64 // last entry that the log covers
	Batches     int64
	First, Last *time.Time // times of the first and last entry; nil while there is none
	Erased      int64
}

// LedgerHead reads the state of the chain; a chain without entries has number 0.
func (r *Reader) LedgerHead(ctx context.Context, s access.ReadScope) (LedgerHead, error) {
	var h LedgerHead
	if err := s.Require(access.ReadLedger); err != nil {
		return h, err
	}
	found, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (LedgerHead, error) {
		var h LedgerHead
		var first, last *int64
		err := row.Scan(&h.Tag, &h.Seq, &h.Hash, &h.Sealed, &h.Batches, &first, &last, &h.Erased)
		h.First, h.Last = sqldb.TimePtr(first), sqldb.TimePtr(last)
		return h, err
	}, `SELECT c.tag, c.seq, c.head,
			(SELECT COALESCE(max(b.last_seq), 0) FROM ledger_batch b WHERE b.org_id = c.org_id AND b.leaf IS NOT NULL),
			(SELECT count(*) FROM ledger_batch b WHERE b.org_id = c.org_id),
			(SELECT e.at FROM ledger_entry e WHERE e.org_id = c.org_id AND e.seq = 1),
			(SELECT e.at FROM ledger_entry e WHERE e.org_id = c.org_id AND e.seq = c.seq),
			(SELECT count(*) FROM ledger_erasure x WHERE x.org_id = c.org_id)
		FROM ledger_chain c WHERE c.org_id = $1`, orgOf(s))
	if err != nil || len(found) == 0 {
		return h, err
	}
	return found[0], nil
}

// CheckpointRow is a kept checkpoint of the log.
type CheckpointRow struct {
	Size int64
	At   time.Time
	Note string // as signed
}

// Checkpoints lists the kept checkpoints of the installation's log, the largest first.
func (r *Reader) Checkpoints(ctx context.Context, s access.ReadScope, q paging.Query) (paging.Result[CheckpointRow], error) {
	res := paging.Result[CheckpointRow]{Query: q.Norm()}
	if err := s.Require(access.ReadLedger); err != nil {
		return res, err
	}
	total, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM ledger_checkpoint`)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	var w sqldb.Where
	res.Rows, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (CheckpointRow, error) {
		var c CheckpointRow
		var at int64
		err := row.Scan(&c.Size, &at, &c.Note)
		c.At = sqldb.Time(at)
		return c, err
	}, `SELECT size, at, note FROM ledger_checkpoint ORDER BY size DESC`+w.Page(res.Query.Size, res.Query.Offset()))
	return res, err
}

// PersonNames maps the identifiers of an organisation's members, and of the auditors it ever invited, to their names.
func (r *Reader) PersonNames(ctx context.Context, s access.ReadScope) (map[string]string, error) {
	if !s.Can(access.ReadAudits) { // at a firm
		if err := s.Require(access.ReadProgramme); err != nil {
			return nil, err
		}
	}
	type person struct{ id, name string }
	all, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (person, error) {
		var p person
		return p, row.Scan(&p.id, &p.name)
	}, `SELECT u.id, u.name FROM access_member m JOIN access_user u ON u.id = m.user_id WHERE m.org_id = $1
		UNION SELECT u.id, u.name FROM access_audit a JOIN access_user u ON u.id = a.user_id WHERE a.client_id = $1`, orgOf(s))
	out := make(map[string]string, len(all))
	for _, p := range all {
		out[p.id] = p.name
	}
	return out, err
}
