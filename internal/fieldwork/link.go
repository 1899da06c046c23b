package fieldwork

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// LinkKind is what sort of record a mark refers to.
type LinkKind string

// The kinds of links.
const (
	LinkWords    LinkKind = ""         // written before references were checked; shown as it is
	LinkEvidence LinkKind = "evidence" // "EV-2026-00142"
	LinkRequest  LinkKind = "request"  // "R-012": what answers it
	LinkRow      LinkKind = "row"      // "P-03 row 17" of a frozen population
	LinkRun      LinkKind = "run"      // an evaluation of a test, by its identifier
)

// Title is the kind in words.
func (k LinkKind) Title() string {
	return map[LinkKind]string{LinkWords: "In words", LinkEvidence: "Evidence", LinkRequest: "Request", LinkRow: "Row of a population", LinkRun: "Result of a test"}[k]
}

// Link is a reference to what shows a mark.
type Link struct {
	Kind LinkKind
	Ref  string
	Row  int // of a population
}

// String is the link as it is written and kept.
func (l Link) String() string {
	if l.Kind == LinkRow {
		return l.Ref + " row " + strconv.Itoa(l.Row)
	}
	return l.Ref
}

var (
	evidenceForm = regexp.MustCompile(`(?i)^EV-\d{4}-\d+$`)
	requestForm  = regexp.MustCompile(`(?i)^R-\d+$`)
	rowForm      = regexp.MustCompile(`(?i)^(P-\d+)(?:\s+row\s+|\s*[#/:]\s*)(\d{1,9})$`)
	runForm      = regexp.MustCompile(`^evr_[A-Za-z0-9]+$`)
)

// ReadLink reads a reference by its form alone; whether there is such a record is another question.
func ReadLink(s string) Link {
	s = strings.TrimSpace(s)
	switch {
	case evidenceForm.MatchString(s):
		return Link{Kind: LinkEvidence, Ref: strings.ToUpper(s)}
	case requestForm.MatchString(s):
		return Link{Kind: LinkRequest, Ref: strings.ToUpper(s)}
	case runForm.MatchString(s):
		return Link{Kind: LinkRun, Ref: s}
	}
	if m := rowForm.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[2])
		return Link{Kind: LinkRow, Ref: strings.ToUpper(m[1]), Row: n}
	}
	return Link{Ref: s}
}

// ReadLinks reads the references of a mark, which stand with commas between.
func ReadLinks(s string) []Link {
	var out []Link
	for part := range strings.SplitSeq(s, ",") {
		if l := ReadLink(part); l.Ref != "" {
			out = append(out, l)
		}
	}
	return out
}

// Piece is a record that a request was answered with.
type Piece struct {
	Title, SHA256 string
	Evidence      string // its reference, where it is evidence
	Handed        time.Time
}

// Answers finds what answers the firm's requests.
type Answers interface {
	Answer(ctx context.Context, a access.AuditScope, ref string) (title, state string, pieces []Piece, err error)
}

// Shown is a link with what it leads to, checked now.
type Shown struct {
	Link
	Title  string
	State  string // of a request
	SHA256 string
	Seq    int64 // entry of the client's ledger, or of the firm's for a row
	At     time.Time
	Own    bool // the entry is in the firm's ledger
	Pieces []Piece
	Holds  bool   // the entry is in the log and names the hash: verified with what an outsider would use
	Why    string // why it does not hold, or what is missing
}

// follow finds what a link leads to. What the auditor may not read, or what is not there, is an Invalid at the field.
func (s *Service) follow(ctx context.Context, a access.AuditScope, l Link) (Shown, error) {
	x := Shown{Link: l}
	var err error
	switch l.Kind {
	case LinkEvidence:
		it, e := s.Evidence.Item(ctx, a.Client, l.Ref)
		x.Title, x.SHA256, x.Seq, x.At, err = it.Title, it.SHA256, it.Seq, it.ReceivedAt, e
	case LinkRequest:
		x.Title, x.State, x.Pieces, err = s.Answers.Answer(ctx, a, l.Ref)
		if err == nil && len(x.Pieces) == 0 {
			err = errs.New(errs.Invalid, "%s has no answer that was handed over yet", l.Ref)
		}
	case LinkRun:
		r, e := s.Runs.Run(ctx, a.Client, evaluate.RunID(l.Ref))
		x.Title, x.SHA256, x.Seq, x.At, err = r.Test+" as of "+r.AsOf.UTC().Format("2 Jan 2006"), r.ResultsSHA256, r.Seq, r.AsOf, e
	case LinkRow:
		x, err = s.followRow(ctx, a, l)
	default:
		err = errs.New(errs.Invalid, "%q is no reference", l.Ref)
	}
	switch errs.KindOf(err) {
	case errs.NotFound, errs.Invalid, errs.Denied:
		err = errs.As(errs.Invalid, err, "%q cannot be taken as evidence", l.String())
		return x, errs.Hinted(errs.AtField(err, "evidence"), "Give a piece of evidence (EV-2026-00142), an answered request (R-012), a row of a frozen population (P-03 row 17) or a result of a test; several with commas. What has no reference belongs into the note.")
	}
	return x, err
}

func (s *Service) followRow(ctx context.Context, a access.AuditScope, l Link) (Shown, error) {
	x := Shown{Link: l, Own: true}
	p, err := s.Populations.Population(ctx, a.Firm.ReadScope, a.Engagement, l.Ref)
	if err != nil {
		return x, err
	}
	if !p.Frozen() {
		return x, errs.New(errs.Invalid, "%s is not frozen", p.Ref)
	}
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, p.ID)
	if err != nil {
		return x, err
	}
	if l.Row < 1 || l.Row > len(rows) {
		return x, errs.New(errs.Invalid, "%s has %d rows", p.Ref, len(rows))
	}
	x.Title, x.SHA256, x.At = p.Label(rows[l.Row-1])+", of "+p.Title, p.SHA256, *p.FrozenAt
	x.Seq, err = s.entryOf(ctx, a, "population.frozen", string(p.ID))
	return x, err
}

// linked checks the references of a mark and writes them in their one form. What was written before stays as it is.
func (s *Service) linked(ctx context.Context, a access.AuditScope, was, is string) (string, error) {
	if is == was {
		return is, nil
	}
	var out []string
	for _, l := range ReadLinks(is) {
		if _, err := s.follow(ctx, a, l); err != nil {
			return "", err
		}
		out = append(out, l.String())
	}
	return strings.Join(out, ", "), nil
}

// Links follows the references of a mark, and verifies now, as an outsider would, that the ledger holds each.
func (s *Service) Links(ctx context.Context, a access.AuditScope, evidence string) ([]Shown, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	var out []Shown
	for _, l := range ReadLinks(evidence) {
		x := Shown{Link: l}
		if l.Kind == LinkWords {
			x.Why = "Written before references were checked: nobody verified it."
			out = append(out, x)
			continue
		}
		x, err := s.follow(ctx, a, l)
		if errs.Is(err, errs.Invalid) {
			x.Why = "It cannot be read any more: " + err.Error()
			out = append(out, x)
			continue
		}
		if err != nil {
			return nil, err
		}
		if x.Seq > 0 {
			if x.Holds, x.Why, err = s.holds(ctx, a, x); err != nil {
				return nil, err
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// holds proves an entry and has the public verifier check the proof.
func (s *Service) holds(ctx context.Context, a access.AuditScope, x Shown) (bool, string, error) {
	scope := a.Client
	if x.Own {
		scope = a.Chain().ReadScope
	}
	proof, err := s.Chain.Prove(ctx, scope, x.Seq)
	if errs.Is(err, errs.Unavailable) || errs.Is(err, errs.NotFound) {
		return false, "The entry waits to be sealed into the log; that takes some seconds.", nil
	}
	if err != nil {
		return false, "", err
	}
	return proven(proof, x.SHA256)
}

func proven(p verify.SingleProof, sum string) (bool, string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return false, "", err
	}
	rep, err := verify.Proof(raw, verify.Options{})
	switch {
	case err != nil: // a proof that cannot be read is no fault of the page: it is what the page shows
		return false, err.Error(), nil //nolint:nilerr // said in words
	case !rep.OK():
		return false, rep.Findings[0].String(), nil
	case !strings.Contains(p.Payload, sum):
		return false, "The entry does not name the hash.", nil
	}
	return true, "", nil
}
