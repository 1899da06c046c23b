package org

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// RecordID identifies a record of the description through all its revisions.
type RecordID string

// Revision is a record as somebody saved it.
type Revision struct {
	ID      RecordID
	Number  int // from 1
	Kind    Kind
	Key     string // of the record, when it was saved
	Place   int    // among the records of its list
	Body    string // canonical JSON of the record
	SHA256  string // of the body
	Removed bool   // from its instant on the record is not part of the description; the body stays what it was
	Author  string
	At      time.Time
	Note    string
}

// Record reads the body. A body that no longer has the hash it was saved under is an error.
func (r Revision) Record() (Record, error) {
	if canon.Sum([]byte(r.Body)) != r.SHA256 {
		return nil, errs.New(errs.Internal, "revision %d of %s is not what was saved", r.Number, r.ID)
	}
	return decode(r.Kind, []byte(r.Body))
}

// seal fills the body and its hash in.
func (r *Revision) seal(x Record) error {
	body, err := canon.JSON(x)
	if err != nil {
		return errs.As(errs.Invalid, err, "%s", x.Kind())
	}
	r.Kind, r.Key, r.Body, r.SHA256 = x.Kind(), x.Key(), string(body), canon.Sum(body)
	return nil
}

// Store keeps records. Laws: revisions are only added, numbered without gaps; Add reports a Conflict when the newest revision
// is not the one before, or when another record of the kind that is not removed has the key.
type Store interface {
	Add(ctx context.Context, s access.Scope, r Revision) error
	// Newest reads the newest revision of a record, removed or not.
	Newest(ctx context.Context, s access.ReadScope, id RecordID) (Revision, error)
	// AsOf lists the newest revision at or before an instant of each record that was not removed then, by kind and place.
	AsOf(ctx context.Context, s access.ReadScope, at time.Time) ([]Revision, error)
	// Current is AsOf now.
	Current(ctx context.Context, s access.ReadScope) ([]Revision, error)
	// Revisions lists all revisions of a record, newest first.
	Revisions(ctx context.Context, s access.ReadScope, id RecordID) ([]Revision, error)
}
