// Package lettersql keeps letters in the records database.
package lettersql

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements letter.Store.
type Store struct{ DB *sqldb.DB }

const (
	columns = `l.id, l.ref, l.engagement_id, l.kind, v.n, v.edit, v.state, v.title, v.body, v.file, v.from_day, v.to_day, v.covers_from, v.covers_to, v.began_at, v.began_by, v.saved_at, v.saved_by,
		v.signed_at, v.signer, v.signer_name, v.signer_title, v.sha256, v.seq, v.why`
	from = ` FROM letter_letter l JOIN letter_version v ON v.letter_id = l.id WHERE l.org_id = $1 `
)

func scan(r sqldb.Row) (letter.Letter, error) {
	var l letter.Letter
	var began, saved int64
	var gapFrom, gapTo, coversFrom, coversTo int64
	var signed *int64
	err := r.Scan(&l.ID, &l.Ref, &l.Engagement, &l.Kind, &l.N, &l.Edit, &l.State, &l.Title, &l.Body, &l.File, &gapFrom, &gapTo, &coversFrom, &coversTo, &began, &l.BeganBy, &saved, &l.SavedBy,
		&signed, &l.Signer, &l.Name, &l.Office, &l.SHA256, &l.Seq, &l.Why)
	l.Gap, l.Covers = period.Period{From: period.Date(gapFrom), To: period.Date(gapTo)}, period.Period{From: period.Date(coversFrom), To: period.Date(coversTo)}
	l.Began, l.Saved, l.Signed = sqldb.Time(began), sqldb.Time(saved), sqldb.TimePtr(signed)
	return l, err
}

// Add gives a letter the next reference of its organisation, and keeps it with its first version.
func (s *Store) Add(ctx context.Context, scope access.Scope, l letter.Letter) (letter.Letter, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(number), 0) + 1 FROM letter_letter WHERE org_id = $1`, string(scope.Org()))
		if err != nil {
			return err
		}
		l.Ref = fmt.Sprintf("LTR-%02d", n)
		if _, err := s.DB.Exec(ctx, `INSERT INTO letter_letter (id, org_id, engagement_id, ref, number, kind) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(l.ID), string(scope.Org()), string(l.Engagement), l.Ref, n, string(l.Kind)); err != nil {
			return err
		}
		return s.AddVersion(ctx, scope, l)
	})
	return l, err
}

// AddVersion keeps a version.
func (s *Store) AddVersion(ctx context.Context, scope access.Scope, l letter.Letter) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO letter_version (letter_id, org_id, n, edit, state, title, body, file, from_day, to_day, covers_from, covers_to, began_at, began_by, saved_at, saved_by,
		signed_at, signer, signer_name, signer_title, sha256, seq, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, NULL, '', '', '', '', 0, '') ON CONFLICT DO NOTHING`,
		string(l.ID), string(scope.Org()), l.N, l.Edit, string(l.State), l.Title, l.Body, l.File, int64(l.Gap.From), int64(l.Gap.To), int64(l.Covers.From), int64(l.Covers.To),
		l.Began.UnixMicro(), l.BeganBy, l.Saved.UnixMicro(), l.SavedBy)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "version %d of %s was begun at the same moment", l.N, l.Ref)
	}
	return err
}

// Save writes a draft over the edit that the writer saw.
func (s *Store) Save(ctx context.Context, scope access.Scope, l letter.Letter, edit int) error {
	n, err := s.DB.Exec(ctx, `UPDATE letter_version SET edit = $5, state = $6, title = $7, body = $8, file = $9, from_day = $10, to_day = $11, covers_from = $12, covers_to = $13, saved_at = $14, saved_by = $15,
		signed_at = $16, signer = $17, signer_name = $18, signer_title = $19, sha256 = $20, seq = $21, why = $22 WHERE org_id = $1 AND letter_id = $2 AND n = $3 AND edit = $4 AND state = 'draft'`,
		string(scope.Org()), string(l.ID), l.N, edit, l.Edit, string(l.State), l.Title, l.Body, l.File, int64(l.Gap.From), int64(l.Gap.To), int64(l.Covers.From), int64(l.Covers.To), l.Saved.UnixMicro(), l.SavedBy,
		sqldb.MicrosPtr(l.Signed), string(l.Signer), l.Name, l.Office, l.SHA256, l.Seq, l.Why)
	if err != nil || n > 0 {
		return err
	}
	now, err := s.Version(ctx, scope.ReadScope, string(l.ID), 0)
	if err != nil {
		return err
	}
	return errs.Changed(now.Ref, &letter.Stale{Now: now})
}

// Version reads one version; 0 is the newest.
func (s *Store) Version(ctx context.Context, scope access.ReadScope, idOrRef string, n int) (letter.Letter, error) {
	l, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+from+`AND (l.id = $2 OR l.ref = $2) AND (v.n = $3 OR $3 = 0) ORDER BY v.n DESC LIMIT 1`, string(scope.Org()), idOrRef, n)
	if errs.Is(err, errs.NotFound) {
		return l, errs.New(errs.NotFound, "no letter %q in this version", idOrRef)
	}
	return l, err
}

// Versions lists the versions of a letter, the newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, id letter.ID) ([]letter.Letter, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+`AND l.id = $2 ORDER BY v.n DESC`, string(scope.Org()), string(id))
}

// Letters lists the newest version of each letter of an engagement, the oldest letter first.
func (s *Store) Letters(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]letter.Letter, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+`AND l.engagement_id = $2 AND v.n = (SELECT max(x.n) FROM letter_version x WHERE x.letter_id = l.id) ORDER BY l.number`, string(scope.Org()), string(e))
}

// InForce lists the versions of a kind that were signed for an engagement, the newest first.
func (s *Store) InForce(ctx context.Context, scope access.ReadScope, e engagement.ID, k letter.Kind) ([]letter.Letter, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+`AND l.engagement_id = $2 AND l.kind = $3 AND v.state = 'signed' ORDER BY v.signed_at DESC, v.n DESC`, string(scope.Org()), string(e), string(k))
}

func scanKey(r sqldb.Row) (letter.Key, error) {
	var k letter.Key
	var certificate string
	var made int64
	if err := r.Scan(&certificate, &k.Sealed, &made, &k.MadeBy); err != nil {
		return k, err
	}
	k.Made = sqldb.Time(made)
	var err error
	k.Certificate, err = base64.StdEncoding.DecodeString(certificate)
	return k, err
}

// Key reads the organisation's key.
func (s *Store) Key(ctx context.Context, scope access.ReadScope) (letter.Key, error) {
	k, err := sqldb.One(ctx, s.DB, scanKey, `SELECT certificate, sealed, made_at, made_by FROM letter_key WHERE org_id = $1`, string(scope.Org()))
	if errs.Is(err, errs.NotFound) {
		return k, errs.New(errs.NotFound, "no key for documents was made")
	}
	return k, err
}

// AddKey keeps the organisation's key.
func (s *Store) AddKey(ctx context.Context, scope access.Scope, k letter.Key) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO letter_key (org_id, certificate, sealed, made_at, made_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		string(scope.Org()), base64.StdEncoding.EncodeToString(k.Certificate), k.Sealed, k.Made.UnixMicro(), k.MadeBy)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "a key for documents was made at the same moment")
	}
	return err
}

var _ letter.Store = (*Store)(nil)
