package view

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
)

// Beginnings is what an organisation has of what a first examination needs.
type Beginnings struct {
	Described   bool
	Engagements int
	Connections int
	InForce     int
	Drafts      int
	Unowned     int
	Auditors    int
	Policies    int
}

// Beginnings counts what the checklist of the first run asks for.
func (r *Reader) Beginnings(ctx context.Context, s access.ReadScope) (Beginnings, error) {
	var b Beginnings
	if err := s.Require(access.ReadProgramme); err != nil {
		return b, err
	}
	var kinds int
	err := r.db.QueryRow(ctx, []any{&kinds, &b.Engagements, &b.Connections, &b.InForce, &b.Drafts, &b.Unowned, &b.Auditors, &b.Policies}, `SELECT
		(SELECT count(DISTINCT kind) FROM org_record WHERE org_id = $1 AND NOT removed AND kind IN ('system', 'service')),
		(SELECT count(*) FROM engagement_engagement WHERE org_id = $1),
		(SELECT count(*) FROM collect_connection WHERE org_id = $1 AND removed_at IS NULL AND kind <> 'tickmark'),
		(SELECT count(*) FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.counts WHERE c.org_id = $1 AND v.effective_at IS NOT NULL AND v.status <> 'retired'),
		(SELECT count(*) FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.newest WHERE c.org_id = $1 AND v.effective_at IS NULL),
		(SELECT count(*) FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.counts WHERE c.org_id = $1 AND v.effective_at IS NOT NULL AND v.status <> 'retired' AND c.owner = ''),
		(SELECT count(*) FROM access_member WHERE org_id = $1 AND role = $2),
		(SELECT count(*) FROM policy_policy WHERE org_id = $1 AND in_force > 0)`, orgOf(s), string(access.Auditor))
	b.Described = kinds == 2
	return b, err
}
