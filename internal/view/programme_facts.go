package view

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// FactsRow is the newest piece of evidence of a type of fact from a kind of system: what an author of tests can read.
type FactsRow struct {
	System, Resource string
	Ref              string
	Path             string // of the file
	Rows             int64
}

// Input is the facts as a test names them.
func (f FactsRow) Input() string { return f.System + "." + f.Resource }

// Facts lists what types of facts there are, from which kind of system, each with its newest piece of evidence.
func (r *Reader) Facts(ctx context.Context, s access.ReadScope) ([]FactsRow, error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	return sqldb.Collect(ctx, r.db, func(row sqldb.Row) (FactsRow, error) {
		var f FactsRow
		return f, row.Scan(&f.System, &f.Resource, &f.Ref, &f.Path, &f.Rows)
	}, `SELECT i.system, i.resource, i.ref, i.path, i.rows_n FROM evidence_item i
		JOIN (SELECT system AS s, resource AS q, max(seq) AS newest FROM evidence_item WHERE org_id = $1 AND resource <> '' AND system <> '' GROUP BY system, resource) n
			ON n.newest = i.seq AND n.s = i.system AND n.q = i.resource
		WHERE i.org_id = $1 AND i.path LIKE 'lake:%' ORDER BY i.system, i.resource`, orgOf(s))
}
