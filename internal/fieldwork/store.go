package fieldwork

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/ledger"
)

// PopulationStore keeps populations. Laws: references are given in order; Save changes nothing and reports a Conflict when the version
// kept is not the base, and never changes one that is frozen; counts made afterwards are only added; rows are written with their population, and with the act that freezes it.
type PopulationStore interface {
	AddPopulation(ctx context.Context, s access.Scope, p Population, rows []Row) (Population, error)
	Population(ctx context.Context, s access.ReadScope, engagement, idOrRef string) (Population, error)
	Populations(ctx context.Context, s access.ReadScope, engagement string, q paging.Query) (paging.Result[Population], error)
	Rows(ctx context.Context, s access.ReadScope, id PopulationID) ([]Row, error)
	// SavePopulation keeps a draft; with rows it replaces those.
	SavePopulation(ctx context.Context, s access.Scope, p Population, base int, rows []Row) error
	// AddRecount adds a count made after the freeze; Recounts lists them, oldest first.
	AddRecount(ctx context.Context, s access.Scope, id PopulationID, r Recount) error
	Recounts(ctx context.Context, s access.ReadScope, id PopulationID) ([]Recount, error)
	// DropPopulation removes a draft with its rows.
	DropPopulation(ctx context.Context, s access.Scope, id PopulationID) error
}

// PaperFilter narrows a list of workpapers. Zero values do not narrow.
type PaperFilter struct {
	Engagement string
	State      State
	Conclusion Conclusion
	Control    string
	Population PopulationID
}

// PaperStore keeps workpapers with what was sampled and marked. Laws: Save changes nothing and reports a Conflict with a *Stale when the
// version kept is not the base; SaveCells writes each cell whose version is one more than the one kept, and returns what is kept of the
// others; sampled items are added, and made void once.
type PaperStore interface {
	AddPaper(ctx context.Context, s access.Scope, p Paper, series string) (Paper, error)
	Paper(ctx context.Context, s access.ReadScope, engagement, idOrRef string) (Paper, error)
	Papers(ctx context.Context, s access.ReadScope, f PaperFilter, q paging.Query) (paging.Result[Paper], error)
	SavePaper(ctx context.Context, s access.Scope, p Paper, base int) error
	AddSampled(ctx context.Context, s access.Scope, id PaperID, items []Sampled) error
	Sampled(ctx context.Context, s access.ReadScope, id PaperID) ([]Sampled, error)
	VoidSampled(ctx context.Context, s access.Scope, id PaperID, x Sampled) error
	SaveCells(ctx context.Context, s access.Scope, id PaperID, cells []Cell) (stale []Cell, err error)
	Cells(ctx context.Context, s access.ReadScope, id PaperID) ([]Cell, error)
	Notes(ctx context.Context, s access.ReadScope, id PaperID) ([]Note, error)
	AddNote(ctx context.Context, s access.Scope, n Note) (Note, error)
	ClearNote(ctx context.Context, s access.Scope, n Note) error
}

// FindingStore keeps findings. Laws as those of workpapers.
type FindingStore interface {
	AddFinding(ctx context.Context, s access.Scope, f Finding) (Finding, error)
	Finding(ctx context.Context, s access.ReadScope, engagement, idOrRef string) (Finding, error)
	// Findings lists those of an engagement by reference.
	Findings(ctx context.Context, s access.ReadScope, engagement string) ([]Finding, error)
	SaveFinding(ctx context.Context, s access.Scope, f Finding, base int) error
	// Share keeps, on the client's side, what the client may see; sharing again replaces the text and keeps the answer.
	Share(ctx context.Context, s access.Scope, x Shared) error
	Shared(ctx context.Context, s access.ReadScope, engagement, id string) (Shared, error)
	// AllShared lists what was shared of an engagement, findings first.
	AllShared(ctx context.Context, s access.ReadScope, engagement string) ([]Shared, error)
	// Respond keeps the answer of the client; a Conflict when the version kept is not the base.
	Respond(ctx context.Context, s access.Scope, x Shared, base int) error
}

// FirmStore keeps what the firm decides. Laws: versions are only added.
type FirmStore interface {
	// Method is the newest version of the firm's methodology; NotFound when it never set one.
	Method(ctx context.Context, s access.ReadScope) (Methodology, error)
	// Methods lists every version, newest first.
	Methods(ctx context.Context, s access.ReadScope) ([]Methodology, error)
	AddMethod(ctx context.Context, s access.Scope, m Methodology) error
	// Profiles lists every version of what the firm records of itself, newest first.
	Profiles(ctx context.Context, s access.ReadScope) ([]Profile, error)
	AddProfile(ctx context.Context, s access.Scope, p Profile) error
	// Opinions lists every version of what was entered for an engagement, newest first.
	Opinions(ctx context.Context, s access.ReadScope, engagement string) ([]Opinion, error)
	AddOpinion(ctx context.Context, s access.Scope, engagement string, o Opinion) error
}

// Engagements reads engagements. The store of engagements does.
type Engagements interface {
	Engagement(ctx context.Context, s access.ReadScope, idOrRef string) (engagement.Engagement, error)
	// Engagements lists those of the scope's organisation.
	Engagements(ctx context.Context, s access.ReadScope) ([]engagement.Engagement, error)
}

// Controls reads the client's controls. The control service does.
type Controls interface {
	Control(ctx context.Context, s access.ReadScope, idOrRef string) (control.Control, error)
	List(ctx context.Context, s access.ReadScope, f control.Filter, q paging.Query) (paging.Result[control.Control], error)
}

// Evidence finds evidence. The store of evidence does.
type Evidence interface {
	Item(ctx context.Context, s access.ReadScope, idOrRef string) (evidence.Item, error)
	Items(ctx context.Context, s access.ReadScope, f evidence.Filter, q paging.Query) (paging.Result[evidence.Item], error)
}

// Tests performs evaluations again, and runs statements. The evaluate service does.
type Tests interface {
	Again(ctx context.Context, s access.ReadScope, id evaluate.RunID) (evaluate.Again, error)
	Select(ctx context.Context, s access.ReadScope, x evaluate.Selection) (evaluate.Selected, error)
}

// Runs finds evaluations. The store of evaluation does.
type Runs interface {
	Run(ctx context.Context, s access.ReadScope, id evaluate.RunID) (evaluate.Run, error)
	Runs(ctx context.Context, s access.ReadScope, test string, q paging.Query) (paging.Result[evaluate.Run], error)
}

// Files reads rows of fact files, as the pages of evidence do.
type Files interface {
	Page(path string, offset int64, limit int) (columns, kinds []string, rows [][]*string, total int64, err error)
}

// Service is the use cases of fieldwork.
type Service struct {
	Populations PopulationStore
	Papers      PaperStore
	Findings    FindingStore
	Firm        FirmStore
	Engagements Engagements
	Controls    Controls
	Evidence    Evidence
	Tests       Tests
	Runs        Runs
	Files       Files
	Catalog     *catalog.Catalog
	Tx          access.Tx
	Ledger      access.Recorder
	Chain       *ledger.Service // proves what references lead to, and seals bundles
	Around      Around
	// Record keeps on an engagement who examines it. The engagement service does.
	Record func(ctx context.Context, s access.Scope, now time.Time, id string, base int, f engagement.FirmFacts) (engagement.Engagement, error)
	// Paper renders a workpaper as a file to keep, a PDF; nil where nobody does.
	Paper   func(x Printed) ([]byte, error)
	Answers Answers
}

// Bounds of what people write, in characters.
const (
	MaxTitle  = 200
	MaxText   = 2_000
	MaxPlan   = 8_000
	minReason = 10
)

// why checks a reason.
func why(field, what, s string) (string, error) {
	s = text.Prose(s)
	return s, text.Bounds(field, what, s, minReason, MaxText)
}

// line checks a text of one line that has to be there.
func line(field, what, s string) (string, error) {
	s = text.Line(s)
	return s, text.Bounds(field, what, s, 1, MaxTitle)
}

// words checks a text that may be empty.
func words(field, what, s string) (string, error) {
	s = text.Prose(s)
	return s, text.Bounds(field, what, s, 0, MaxText)
}

// told appends to the firm's trail.
func (s *Service) told(ctx context.Context, a access.AuditScope, now time.Time, kind, subject string, says map[string]any) error {
	says["engagement"] = a.Engagement
	_, err := s.Ledger.Append(ctx, a.Firm, now, kind, subject, says)
	return err
}

// fact appends to the client's trail what it may know: that something happened, and hashes.
func (s *Service) fact(ctx context.Context, a access.AuditScope, now time.Time, kind string, says map[string]any) error {
	shared, err := a.Shared()
	if err != nil {
		return err
	}
	_, err = s.Ledger.Append(ctx, shared, now, kind, a.Engagement, says)
	return err
}

// change reads a workpaper, checks that it may be worked on, and keeps what do made of it, in one transaction.
func (s *Service) change(ctx context.Context, a access.AuditScope, right access.Action, ref string, base int, do func(ctx context.Context, p *Paper) error) (Paper, error) {
	if err := a.Firm.Require(right); err != nil {
		return Paper{}, err
	}
	var p Paper
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Papers.Paper(ctx, a.Firm.ReadScope, a.Engagement, ref); err != nil {
			return err
		}
		if base > 0 && base != p.Version {
			return errs.Changed(p.Ref, &Stale{p})
		}
		was := p.Version
		p.Version++
		if err := do(ctx, &p); err != nil {
			return err
		}
		return s.Papers.SavePaper(ctx, a.Firm, p, was)
	})
	return p, err
}

// unlocked is the refusal to change what was signed off.
func (p Paper) unlocked() error {
	if !p.Locked() {
		return nil
	}
	return errs.New(errs.Conflict, "%s is signed off", p.Ref).WithHint("A reviewer can open it again, with a reason.")
}
