package controlsql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const versionColumns = `v.number, v.title, v.statement, v.type, v.nature, v.frequency, v.owner_role, v.grace_hours, v.evidence, v.requirements, v.sha256,
	v.status, v.author, v.at, v.approved_by, v.approved_at, v.note`

// versionRow is a version as it lies in a row.
type versionRow struct {
	v                      control.Version
	evidence, requirements string
	at                     int64
	approved               *int64
}

// versionInto gives a row to fill and where each column goes.
func versionInto() (*versionRow, []any) {
	r := &versionRow{}
	v := &r.v
	return r, []any{
		&v.Number, &v.Title, &v.Statement, &v.Type, &v.Nature, &v.Frequency, &v.OwnerRole, &v.GraceHours, &r.evidence, &r.requirements, &v.SHA256,
		&v.Status, &v.Author, &r.at, &v.ApprovedBy, &r.approved, &v.Note,
	}
}

// version reads the row. A text that no longer has the hash it was recorded under is an error, not a version.
func (r *versionRow) version() (control.Version, error) {
	v := r.v
	v.At, v.ApprovedAt = sqldb.Time(r.at), sqldb.TimePtr(r.approved)
	if err := json.Unmarshal([]byte(r.evidence), &v.Evidence); err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(r.requirements), &v.Requirements); err != nil {
		return v, err
	}
	sum, err := v.Text.SHA256()
	if err == nil && sum != v.SHA256 {
		return v, errs.New(errs.Internal, "version %d of a control is not the text that was recorded", v.Number)
	}
	return v, err
}

func (s *Store) insertVersion(ctx context.Context, scope access.Scope, id control.ControlID, v control.Version) error {
	evidence, err := json.Marshal(v.Evidence)
	if err != nil {
		return err
	}
	requirements, err := json.Marshal(v.Requirements)
	if err != nil {
		return err
	}
	if _, err := s.DB.Exec(ctx, `INSERT INTO control_version (control_id, number, title, statement, type, nature, frequency, owner_role, grace_hours, evidence,
			requirements, sha256, status, author, at, approved_by, approved_at, effective_at, note)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		string(id), v.Number, v.Title, v.Statement, string(v.Type), string(v.Nature), string(v.Frequency), v.OwnerRole, v.GraceHours, string(evidence),
		string(requirements), v.SHA256, string(v.Status), v.Author, v.At.UnixMicro(), v.ApprovedBy, sqldb.MicrosPtr(v.ApprovedAt), sqldb.MicrosPtr(v.Effective()), v.Note); err != nil {
		return err
	}
	for _, r := range v.Requirements {
		if _, err := s.DB.Exec(ctx, `INSERT INTO control_requirement (org_id, control_id, number, framework, requirement) VALUES ($1, $2, $3, $4, $5)`,
			string(scope.Org()), string(id), v.Number, r.Framework, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// Versions lists all versions of a control, newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, id control.ControlID) ([]control.Version, error) {
	all, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (control.Version, error) {
		v, dst := versionInto()
		if err := r.Scan(dst...); err != nil {
			return control.Version{}, err
		}
		return v.version()
	}, `SELECT `+versionColumns+` FROM control_version v JOIN control_control c ON c.id = v.control_id
		WHERE c.org_id = $1 AND v.control_id = $2 ORDER BY v.number DESC`, string(scope.Org()), string(id))
	if err == nil && len(all) == 0 {
		return nil, errs.New(errs.NotFound, "no control %s", id)
	}
	return all, err
}
