package ledgersql

import (
	"context"
	"encoding/hex"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/verify"
)

const batchSelect = `SELECT org_id, first_seq, last_seq, manifest, leaf FROM ledger_batch`

func scanBatch(r sqldb.Row) (ledger.Batch, error) {
	var b ledger.Batch
	return b, r.Scan(&b.Org, &b.First, &b.Last, &b.Manifest, &b.Leaf)
}

// Batches lists the chain's sealed batches up to the one that covers last.
func (s *Store) Batches(ctx context.Context, scope access.ReadScope, last int64) ([]ledger.Batch, error) {
	return sqldb.Collect(ctx, s.DB, scanBatch, batchSelect+` WHERE org_id = $1 AND first_seq <= $2 AND leaf IS NOT NULL ORDER BY first_seq`,
		string(scope.Org()), last)
}

// BatchOf reads the batch that covers an entry.
func (s *Store) BatchOf(ctx context.Context, scope access.ReadScope, seq int64) (ledger.Batch, error) {
	b, err := sqldb.One(ctx, s.DB, scanBatch, batchSelect+` WHERE org_id = $1 AND first_seq <= $2 AND last_seq >= $2 ORDER BY first_seq DESC LIMIT 1`,
		string(scope.Org()), seq)
	if errs.Is(err, errs.NotFound) {
		return b, errs.New(errs.NotFound, "entry %d waits to be sealed", seq)
	}
	return b, err
}

// Cut makes batches of entries that have none.
func (s *Store) Cut(ctx context.Context, most int) ([]ledger.Batch, error) {
	type chain struct {
		org, tag, prev string
		first, last    int64
	}
	waiting, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (chain, error) {
		var c chain
		return c, r.Scan(&c.org)
	}, `SELECT org_id FROM ledger_chain WHERE batched < seq ORDER BY org_id`)
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		err := s.DB.InTx(ctx, func(ctx context.Context) error {
			c := chain{org: w.org}
			// Touching the row locks it: no entry can be appended, and no other cut made, until this commits.
			err := s.DB.QueryRow(ctx, []any{&c.tag, &c.first, &c.last, &c.prev},
				`UPDATE ledger_chain SET batched = batched WHERE org_id = $1 RETURNING tag, batched + 1, seq, batch_head`, c.org)
			if err != nil || c.first > c.last {
				return err
			}
			c.last = min(c.last, c.first+int64(most)-1)
			return s.cut(ctx, c.org, c.tag, c.prev, c.first, c.last)
		})
		if err != nil {
			return nil, err
		}
	}
	return sqldb.Collect(ctx, s.DB, scanBatch, batchSelect+` WHERE leaf IS NULL ORDER BY org_id, first_seq`)
}

func (s *Store) cut(ctx context.Context, org, tag, prev string, first, last int64) error {
	hashes, err := s.hashes(ctx, org, first, last)
	if err != nil {
		return err
	}
	if int64(len(hashes)) != last-first+1 {
		return errs.New(errs.Internal, "the chain of %s holds %d entries from %d to %d", org, len(hashes), first, last)
	}
	root := verify.RootOf(hashes)
	b := verify.Batch{V: 1, Org: tag, First: first, Last: last, Root: hex.EncodeToString(root[:]), Prev: prev}
	manifest, err := b.Canonical()
	if err != nil {
		return err
	}
	hash, err := b.Hash()
	if err != nil {
		return err
	}
	if _, err := s.DB.Exec(ctx, `INSERT INTO ledger_batch (org_id, first_seq, last_seq, manifest, hash, leaf) VALUES ($1, $2, $3, $4, $5, NULL)`,
		org, first, last, string(manifest), hash); err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `UPDATE ledger_chain SET batched = $2, batch_head = $3 WHERE org_id = $1`, org, last, hash)
	return err
}

// Hashes reads the hashes of entries, in order.
func (s *Store) Hashes(ctx context.Context, scope access.ReadScope, first, last int64) ([]tlog.Hash, error) {
	return s.hashes(ctx, string(scope.Org()), first, last)
}

func (s *Store) hashes(ctx context.Context, org string, first, last int64) ([]tlog.Hash, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (tlog.Hash, error) {
		var text string
		if err := r.Scan(&text); err != nil {
			return tlog.Hash{}, err
		}
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != len(tlog.Hash{}) {
			return tlog.Hash{}, errs.New(errs.Internal, "a stored entry hash is damaged: %q", text)
		}
		return tlog.Hash(raw), nil
	}, `SELECT hash FROM ledger_entry WHERE org_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq`, org, first, last)
}

// SetLeaf notes where the log took a batch. Noting it twice keeps the first place.
func (s *Store) SetLeaf(ctx context.Context, b ledger.Batch, leaf int64) error {
	_, err := s.DB.Exec(ctx, `UPDATE ledger_batch SET leaf = $3 WHERE org_id = $1 AND first_seq = $2 AND leaf IS NULL`, string(b.Org), b.First, leaf)
	return err
}

// KeepCheckpoint keeps one checkpoint for each size.
func (s *Store) KeepCheckpoint(ctx context.Context, size int64, at time.Time, note string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO ledger_checkpoint (size, at, note) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`, size, at.UnixMicro(), note)
	return err
}

// Checkpoints lists the kept checkpoints, smallest first.
func (s *Store) Checkpoints(ctx context.Context) ([]string, error) {
	return sqldb.Collect(ctx, s.DB, sqldb.Strings, `SELECT note FROM ledger_checkpoint ORDER BY size`)
}

// Guard moves the signed state forward, or refuses.
func (s *Store) Guard(ctx context.Context, origin string, size int64, root string) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `INSERT INTO ledger_signed (origin, size, root) VALUES ($1, $2, $3)
			ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root
			WHERE ledger_signed.size < excluded.size OR (ledger_signed.size = excluded.size AND ledger_signed.root = excluded.root)`, origin, size, root)
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "the key of %s has signed a larger tree or another one of %d leaves: the log or the database is from an older backup", origin, size).
				WithHint("Start a new log under a new origin; never sign two histories.")
		}
		return err
	})
}
