package event

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// Lack is a file that a digest names and that is not there as the digest says.
type Lack struct {
	File string // its name
	Kind GapKind
}

// Digested keeps what a digest of a source lacks: all of it, so that what came since is settled. It may be told again and again.
func (s *Sources) Digested(ctx context.Context, scope access.Scope, source SourceID, digest string, lacks []Lack, now time.Time) error {
	if err := scope.Require(access.RunDetection); err != nil {
		return err
	}
	begins := "gap_" + brief(string(source)+" "+digest) + "_"
	open, err := s.Numbers.Gaps(ctx, scope.ReadScope, GapFilter{Source: source, Open: true, Limit: maxGapsRead})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, l := range lacks {
		id := begins + brief(string(l.Kind)+" "+l.File)
		there[id] = true
		if err := s.Numbers.PutGap(ctx, scope, Gap{ID: id, Source: source, Stream: l.File, Kind: l.Kind, Missing: 1, At: now}); err != nil {
			return err
		}
	}
	for _, g := range open {
		if !strings.HasPrefix(g.ID, begins) || there[g.ID] {
			continue
		}
		g.Missing = 0
		if err := s.Numbers.PutGap(ctx, scope, g); err != nil {
			return err
		}
	}
	return nil
}

// brief is a short name for a text, the same each time.
func brief(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:10])
}
