package applicability

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// Draft is the answers that an organisation has so far: one for all who answer, so that the work can be shared and resumed.
type Draft struct {
	Answers Answers
	Version int // 0 while there is none
	By      string
	At      time.Time
}

// Store keeps drafts and decisions. Laws: SaveDraft reports a Conflict when the draft's version is not base; decisions are
// only added, numbered without gaps, and AddDecision reports a Conflict when the number is taken.
type Store interface {
	// Draft reads the answers so far; none is an empty draft of version 0.
	Draft(ctx context.Context, s access.ReadScope) (Draft, error)
	SaveDraft(ctx context.Context, s access.Scope, base int, d Draft) error
	AddDecision(ctx context.Context, s access.Scope, d Decision) error
	Decision(ctx context.Context, s access.ReadScope, number int) (Decision, error)
	// Decisions lists them, the newest first.
	Decisions(ctx context.Context, s access.ReadScope) ([]Decision, error)
}
