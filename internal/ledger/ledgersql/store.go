// Package ledgersql keeps the chains in the records database.
package ledgersql

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/verify"
)

// Store implements ledger.Store and ledger.Sealing.
type Store struct{ DB *sqldb.DB }

// saltSize is the length of a payload's salt in bytes: as long as the hash, so that guessing it is guessing the hash.
const saltSize = 32

// Append takes the next number of the organisation's chain in the caller's transaction.
func (s *Store) Append(ctx context.Context, scope access.Scope, at time.Time, kind, subject string, payload any) (int64, error) {
	if scope.Org() == "" {
		return 0, errs.New(errs.Denied, "a ledger entry needs a scope")
	}
	body, err := canon.JSON(payload)
	if err != nil {
		return 0, errs.As(errs.Internal, err, "payload of %s", kind)
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt)
	var seq int64
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var tag, prev string
		var err error
		if seq, tag, prev, err = s.next(ctx, scope.Org()); err != nil {
			return err
		}
		e := verify.Entry{
			V: 1, Org: tag, Seq: seq, Time: stamp(at), Actor: scope.Actor(), Kind: kind, Subject: subject,
			PayloadHash: verify.PayloadHash(salt, body), Prev: prev,
		}
		hash, err := e.Hash()
		if err != nil {
			return errs.As(errs.Internal, err, "hash entry %d", seq)
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO ledger_entry (org_id, seq, at, actor, kind, subject, payload_hash, prev, hash)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			string(scope.Org()), seq, at.UnixMicro(), e.Actor, e.Kind, e.Subject, e.PayloadHash, e.Prev, hash); err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO ledger_payload (org_id, seq, salt, payload) VALUES ($1, $2, $3, $4)`,
			string(scope.Org()), seq, hex.EncodeToString(salt), string(body)); err != nil {
			return err
		}
		if from := scope.From(); from != "" {
			if _, err := s.DB.Exec(ctx, `INSERT INTO ledger_origin (org_id, seq, address) VALUES ($1, $2, $3)`, string(scope.Org()), seq, from); err != nil {
				return err
			}
		}
		_, err = s.DB.Exec(ctx, `UPDATE ledger_chain SET head = $2 WHERE org_id = $1`, string(scope.Org()), hash)
		return err
	})
	return seq, errs.Wrap(err, "ledger entry %s", kind)
}

// next takes the next number. The UPDATE locks the chain's row, so that appends of one organisation queue up behind it
// until their transactions end.
func (s *Store) next(ctx context.Context, org access.OrgID) (seq int64, tag, prev string, err error) {
	const take = `UPDATE ledger_chain SET seq = seq + 1 WHERE org_id = $1 RETURNING seq, tag, head`
	err = s.DB.QueryRow(ctx, []any{&seq, &tag, &prev}, take, string(org))
	if !errs.Is(err, errs.NotFound) {
		return seq, tag, prev, err
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	if _, err := s.DB.Exec(ctx, `INSERT INTO ledger_chain (org_id, tag, seq, head, batched, batch_head) VALUES ($1, $2, 0, $3, 0, $3)
		ON CONFLICT (org_id) DO NOTHING`, string(org), hex.EncodeToString(random), verify.Zero); err != nil {
		return 0, "", "", err
	}
	err = s.DB.QueryRow(ctx, []any{&seq, &tag, &prev}, take, string(org))
	return seq, tag, prev, err
}

// stamp is the one text form of an entry's time: microseconds always shown, so that equal instants are equal text.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Head reads the state of the chain; a chain without entries has sequence number 0.
func (s *Store) Head(ctx context.Context, scope access.ReadScope) (ledger.Head, error) {
	h, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (ledger.Head, error) {
		var h ledger.Head
		return h, r.Scan(&h.Tag, &h.Seq, &h.Hash, &h.Batched)
	}, `SELECT tag, seq, head, batched FROM ledger_chain WHERE org_id = $1`, string(scope.Org()))
	if errs.Is(err, errs.NotFound) {
		return ledger.Head{Hash: verify.Zero}, nil
	}
	return h, err
}

const entrySelect = `SELECT c.tag, e.seq, e.at, e.actor, e.kind, e.subject, e.payload_hash, e.prev, e.hash,
	COALESCE(p.salt, ''), COALESCE(p.payload, ''), COALESCE(x.by_seq, 0)
	FROM ledger_entry e
	JOIN ledger_chain c ON c.org_id = e.org_id
	LEFT JOIN ledger_payload p ON p.org_id = e.org_id AND p.seq = e.seq
	LEFT JOIN ledger_erasure x ON x.org_id = e.org_id AND x.seq = e.seq
	WHERE e.org_id = $1`

func scanEntry(r sqldb.Row) (ledger.Entry, error) {
	var e ledger.Entry
	var at int64
	err := r.Scan(&e.Org, &e.Seq, &at, &e.Actor, &e.Kind, &e.Subject, &e.PayloadHash, &e.Prev, &e.Hash, &e.Salt, &e.Payload, &e.Erased)
	e.V, e.At = 1, sqldb.Time(at)
	e.Time = stamp(e.At)
	return e, err
}

// Entry reads one entry.
func (s *Store) Entry(ctx context.Context, scope access.ReadScope, seq int64) (ledger.Entry, error) {
	e, err := sqldb.One(ctx, s.DB, scanEntry, entrySelect+` AND e.seq = $2`, string(scope.Org()), seq)
	if errs.Is(err, errs.NotFound) {
		return e, errs.New(errs.NotFound, "no ledger entry %d", seq)
	}
	if err != nil {
		return e, err
	}
	b, err := s.BatchOf(ctx, scope, seq)
	if errs.Is(err, errs.NotFound) {
		return e, nil
	}
	e.Leaf = b.Leaf
	return e, err
}

// Entries lists entries, newest first unless the query turns it round.
func (s *Store) Entries(ctx context.Context, scope access.ReadScope, f ledger.Filter, q paging.Query) (paging.Result[ledger.Entry], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`e.org_id = ?`, string(scope.Org()))
	prefix := strings.HasSuffix(f.Kind, ".")
	w.AddIf(prefix, `e.kind LIKE ? ESCAPE '!'`, strings.TrimPrefix(sqldb.Like(f.Kind), "%"))
	w.AddIf(f.Kind != "" && !prefix, `e.kind = ?`, f.Kind)
	w.AddIf(f.Subject != "", `e.subject = ?`, f.Subject)
	w.AddIf(f.Actor != "", `e.actor = ?`, f.Actor)
	w.AddIf(f.From > 0, `e.seq >= ?`, f.From)
	w.AddIf(f.To > 0, `e.seq <= ?`, f.To)
	w.AddIf(q.Search != "", `(e.subject LIKE ? ESCAPE '!' OR e.kind LIKE ? ESCAPE '!')`, sqldb.Like(q.Search), sqldb.Like(q.Search))
	res := paging.Result[ledger.Entry]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM ledger_entry e WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := ` ORDER BY e.seq DESC`
	if q.Sort == "seq" && !q.Desc {
		order = ` ORDER BY e.seq`
	}
	base, _, _ := strings.Cut(entrySelect, "WHERE")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanEntry, base+`WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Walk reads entries in order, a thousand at a time.
func (s *Store) Walk(ctx context.Context, scope access.ReadScope, first, last int64, f func(ledger.Entry) error) error {
	const step = 1000
	for ; first <= last; first += step {
		part, err := sqldb.Collect(ctx, s.DB, scanEntry, entrySelect+` AND e.seq BETWEEN $2 AND $3 ORDER BY e.seq`,
			string(scope.Org()), first, min(last, first+step-1))
		if err != nil {
			return err
		}
		for _, e := range part {
			if err := f(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Erase deletes payloads and salts. An entry that has none any more, or is itself an erasure record, cannot be erased.
func (s *Store) Erase(ctx context.Context, scope access.Scope, seqs []int64, by int64) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		for _, seq := range seqs {
			n, err := s.DB.Exec(ctx, `DELETE FROM ledger_payload WHERE org_id = $1 AND seq = $2 AND seq <> $3
				AND EXISTS (SELECT 1 FROM ledger_entry e WHERE e.org_id = $1 AND e.seq = $2 AND e.kind <> $4)`,
				string(scope.Org()), seq, by, verify.KindErased)
			if err != nil {
				return err
			}
			if n == 0 {
				return errs.New(errs.NotFound, "entry %d has no payload that can be erased", seq)
			}
			if _, err := s.DB.Exec(ctx, `DELETE FROM ledger_origin WHERE org_id = $1 AND seq = $2`, string(scope.Org()), seq); err != nil {
				return err
			}
			if _, err := s.DB.Exec(ctx, `INSERT INTO ledger_erasure (org_id, seq, by_seq) VALUES ($1, $2, $3)`, string(scope.Org()), seq, by); err != nil {
				return err
			}
		}
		return nil
	})
}
