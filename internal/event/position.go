package event

import (
	"context"
	"maps"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Position is up to where a file is read. It goes into the intake log with the records it is about, so that a crash leaves both or
// neither.
type Position struct {
	Name     string `json:"name"`               // of the file
	Identity string `json:"identity,omitempty"` // tells it from another under its name
	Taken    int64  `json:"taken"`              // bytes, or records
	SHA256   string `json:"sha256,omitempty"`   // of a file that does not change
	Plain    string `json:"plain,omitempty"`    // SHA-256 of what such a file holds unpacked, once the whole of it is taken
	// Forget begins the names of positions that are not needed any more: those of a day of a bucket, once nothing late is looked for.
	Forget string `json:"forget,omitempty"`
}

// Positions keeps positions that are filed.
type Positions interface {
	SetPosition(ctx context.Context, scope access.Scope, s SourceID, p Position) error
	Positions(ctx context.Context, scope access.ReadScope, s SourceID) ([]Position, error)
	// ForgetPositions removes those whose names begin with a text.
	ForgetPositions(ctx context.Context, scope access.Scope, s SourceID, begins string) error
}

// Positions are those up to which the files of a source are read, by name: what is filed, and what only the intake log holds.
func (in *Intake) Positions(ctx context.Context, scope access.Scope, source SourceID) (map[string]Position, error) {
	if err := scope.Require(access.RunDetection); err != nil {
		return nil, err
	}
	filed, err := in.Store.Positions(ctx, scope.ReadScope, source)
	if err != nil {
		return nil, err
	}
	out := map[string]Position{}
	for _, p := range filed {
		out[p.Name] = p
	}
	in.mu.Lock()
	f := in.feeds[source]
	in.mu.Unlock()
	if f == nil {
		return out, nil
	}
	if f.org != scope.Org() {
		return nil, errs.New(errs.NotFound, "no source of events %q", source)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, p := range f.positions {
		out[name] = p
	}
	return out, nil
}

// place remembers up to where a file is read.
func (f *feed) place(p *Position) {
	if p == nil {
		return
	}
	if f.positions == nil {
		f.positions = map[string]Position{}
	}
	forget(f.positions, p.Forget)
	f.positions[p.Name] = *p
}

// forget removes the positions whose names begin with a text; none with an empty one.
func forget(all map[string]Position, begins string) {
	if begins != "" {
		maps.DeleteFunc(all, func(name string, _ Position) bool { return strings.HasPrefix(name, begins) })
	}
}
