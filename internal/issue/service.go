package issue

import (
	"context"
	"io"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Service is the use cases of handing over, issuing and distributing.
type Service struct {
	Store       Store
	Readers     ReaderStore
	Engagements *engagement.Service
	Work        *fieldwork.Service
	Access      *access.Service
	Blobs       evidence.Blobs
	Ledger      access.Recorder
	Tx          access.Tx
	// Render makes the files of a dossier's report as issued, and tells what is wrong with them.
	Render func(d *engagement.Dossier) (Rendered, error)
	// Pack writes the archive of a dossier with the files that were issued from it.
	Pack func(ctx context.Context, scope access.Scope, now time.Time, f engagement.Frozen, with []engagement.Part, w io.Writer, progress engagement.BundleProgress) error
	// Later has a version completed in the background, and reports whether it will be; nil where nothing runs in the background.
	Later func(ctx context.Context, a access.AuditScope, e engagement.Engagement, v Version) (bool, error)
	// Stamp marks a PDF with whose copy it is, behind the words of each page. The issued file is its beginning, byte for byte.
	Stamp func(pdf []byte, whose string) ([]byte, error)
}

// Rendered is a report as it would be issued.
type Rendered struct {
	Files  []Content
	Pages  int
	Faults []string // what keeps it from being issued, in words
}

// Content is a file that is not kept yet.
type Content struct {
	File
	Body []byte
}

// Bounds of what people write, in characters.
const (
	MaxLine = 200
	MaxText = 8_000
	maxWhy  = 500
	minWhy  = 10
)

func why(field, what, s string) (string, error) {
	s = text.Prose(s)
	return s, text.Bounds(field, what, s, minWhy, maxWhy)
}

// auditor opens the engagement on both sides for somebody of the firm.
func (s *Service) auditor(ctx context.Context, a access.AuditScope, right access.Action) (e engagement.Engagement, shared access.Scope, err error) {
	if err := a.Firm.Require(right); err != nil {
		return e, shared, err
	}
	if shared, err = a.Shared(); err != nil {
		return e, shared, err
	}
	e, err = s.Engagements.Store.Engagement(ctx, a.Client, a.Engagement)
	return e, shared, err
}

// open reads an engagement for the client.
func (s *Service) open(ctx context.Context, scope access.ReadScope, right access.Action, idOrRef string) (engagement.Engagement, error) {
	if err := scope.Require(right); err != nil {
		return engagement.Engagement{}, err
	}
	return s.Engagements.Store.Engagement(ctx, scope, idOrRef)
}

// over says that an examination was given up.
func over(e engagement.Engagement) error {
	if e.Status == engagement.Cancelled {
		return errs.New(errs.Conflict, "%s was cancelled", e.Ref)
	}
	return nil
}
