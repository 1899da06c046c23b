package issue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Check is a condition of issuing a report, as the records say.
type Check struct {
	Key  string
	Text string
	Met  bool
	Says string
}

// Candidate is the dossier that would be issued, with what holds it.
type Candidate struct {
	Engagement engagement.Engagement
	Frozen     engagement.Frozen
	Dossier    *engagement.Dossier
	HandOver   HandOver
	Checks     []Check
	Again      bool // a version was issued before: another needs a reason
}

// Ready reports whether every condition is met.
func (c Candidate) Ready() bool {
	return c.Dossier != nil && !slices.ContainsFunc(c.Checks, func(x Check) bool { return !x.Met })
}

// Candidate reads the newest dossier and holds it to the rules of domain brief 1.2 and 11. It renders nothing.
func (s *Service) Candidate(ctx context.Context, a access.AuditScope, now time.Time) (Candidate, error) {
	c := Candidate{}
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return c, err
	}
	e, err := s.Engagements.Store.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return c, err
	}
	c.Engagement = e
	versions, err := s.Store.Versions(ctx, a.Client, e.ID)
	if err != nil {
		return c, err
	}
	c.Again = len(versions) > 0
	add := func(key, text string, met bool, says string) {
		c.Checks = append(c.Checks, Check{key, text, met, says})
	}
	add("state", "The examination is in representation", e.Status == engagement.Representation || c.Again && e.Status.Reached(engagement.Issued), "It is in "+strings.ToLower(e.Status.Title()))
	frozen, err := s.Engagements.Newest(ctx, a.Client, e.ID)
	if errs.Is(err, errs.NotFound) {
		add("dossier", "The dossier is frozen", false, "Management freezes it: nothing is frozen yet")
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if c.Dossier, _, err = s.Engagements.Dossier(ctx, a.Client, frozen); err != nil {
		return c, err
	}
	c.Frozen = frozen
	whole := e.Period.To.Time()
	if e.Type == 1 {
		whole = e.Period.From.Time()
	}
	add("dossier", "The dossier is frozen after what it covers", !frozen.At.Before(whole), fmt.Sprintf("Dossier %d of %s", frozen.Number, frozen.At.UTC().Format("2006-01-02 15:04 UTC")))
	if wait := sealing(e, versions); wait != nil {
		add("bundle", "The version before is complete", false, wait.Error())
	}
	used := len(versions) > 0 && versions[0].Dossier == frozen.Number
	if used {
		add("again", "The dossier was not issued before", false, fmt.Sprintf("Version %d came from it", versions[0].Number))
	}
	return c, s.judge(ctx, a, now, &c)
}

// judge adds what hand-over, signatures and dates say.
func (s *Service) judge(ctx context.Context, a access.AuditScope, now time.Time, c *Candidate) error {
	e, d := c.Engagement, c.Dossier
	add := func(key, text string, met bool, says string) {
		c.Checks = append(c.Checks, Check{key, text, met, says})
	}
	all, err := s.Store.HandOvers(ctx, a.Client, e.ID)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		c.HandOver = all[0]
	}
	h := c.HandOver
	same := d.HandOver != nil && d.HandOver.SHA256 == h.SHA256
	says := "Nothing was handed over"
	if h.Number > 0 {
		says = fmt.Sprintf("The newest is hand-over %d", h.Number)
		if d.HandOver == nil {
			says += "; the dossier holds none"
		} else if !same {
			says += fmt.Sprintf("; the dossier holds hand-over %d: freeze again", d.HandOver.Number)
		}
	}
	add("handover", "The dossier holds the newest hand-over", same, says)
	add("tests", "Every test is concluded and reviewed", h.Number > 0 && h.Body.Left+h.Body.Bare == 0, fmt.Sprintf("%d handed over, %d not reviewed, %d controls in scope without a test", len(h.Body.Work), h.Body.Left, h.Body.Bare))
	r := d.Auditor
	var open []string
	for _, m := range Matters(e) {
		if r == nil || !slices.ContainsFunc(r.Opinions, func(o engagement.Opinion) bool { return o.Matter == m && o.Text != "" && o.Kind != "" }) {
			open = append(open, m)
		}
	}
	says = "On every matter"
	if len(open) > 0 {
		says = "Not on: " + strings.Join(open, ", ")
	}
	add("opinion", "The auditor gave an opinion on every matter", len(open) == 0, says)
	var letter period.Date
	signed, err := s.inForce(ctx, a.Client, e.ID)
	if err != nil {
		return err
	}
	for _, x := range []struct{ document, text string }{{engagement.DocumentAssertion, "Management's assertion is signed"}, {engagement.DocumentRepresentation, "The representation letter is signed"}} {
		mine, has := d.Signed(x.document)
		says, met := "No signature in the dossier", has
		if has {
			says = mine.Name + ", " + mine.At.UTC().Format("2006-01-02 15:04 UTC")
			if s.Engagements.Signed != nil && signed[x.document] != mine.SHA256 {
				met, says = false, "What the dossier holds is not in force any more: freeze again"
			}
			if x.document == engagement.DocumentRepresentation {
				letter = period.Of(mine.At)
			}
		}
		add(x.document, x.text, met, says)
	}
	says, met := "It has no date", false
	if r != nil && r.Date != 0 {
		met, says = true, "Dated "+r.Date.String()
		if err := engagement.ReportDate(e, r.Date, max(evidenced(d), h.Body.Reviewed), letter); err != nil {
			met, says = false, err.Error()
		} else if r.Date > period.Of(now) {
			met, says = false, "Dated in the future: "+r.Date.String()
		}
	}
	add("date", "The report is dated after what it covers, its evidence and the representation letter", met, says)
	return nil
}

// evidenced is the day of the newest evidence in a dossier.
func evidenced(d *engagement.Dossier) period.Date {
	var out period.Date
	for _, x := range d.Sources {
		if x.Last != nil {
			out = max(out, period.Of(*x.Last))
		}
	}
	return out
}

// inForce are the hashes of what management signed last, by document; empty when no room keeps such documents.
func (s *Service) inForce(ctx context.Context, scope access.ReadScope, e engagement.ID) (map[string]string, error) {
	if s.Engagements.Signed == nil {
		return map[string]string{}, nil
	}
	all, err := s.Engagements.Signed(ctx, scope, e)
	out := map[string]string{}
	for _, x := range all { // the newest first
		if out[x.Document] == "" {
			out[x.Document] = x.SHA256
		}
	}
	return out, err
}

// Issue is the partner's release of a report: the newest dossier becomes the issued report in every format. Its files are kept
// first, by their content; then one transaction records the version with its hashes on both trails. Whatever stops it before that leaves
// nothing issued. The version is complete with its bundle (Complete), which follows at once or in the background; until then nobody
// gets it, and the examination stays where it is. A later version needs a reason.
func (s *Service) Issue(ctx context.Context, a access.AuditScope, now time.Time, reason string) (Version, error) {
	e, shared, err := s.auditor(ctx, a, access.SignOpinion)
	if err != nil {
		return Version{}, err
	}
	c, err := s.Candidate(ctx, a, now)
	if err != nil {
		return Version{}, err
	}
	if c.Again {
		if reason, err = why("reason", "why it is issued again", reason); err != nil {
			return Version{}, err
		}
	} else {
		reason = ""
	}
	var lacks []string
	for _, x := range c.Checks {
		if !x.Met {
			lacks = append(lacks, x.Text+" ("+x.Says+")")
		}
	}
	if len(lacks) > 0 {
		return Version{}, errs.New(errs.Conflict, "%s is not issued. Not met: %s", e.Ref, strings.Join(lacks, "; "))
	}
	out, err := s.Render(c.Dossier)
	if err != nil {
		return Version{}, errs.Wrap(err, "render the report of %s", e.Ref)
	}
	if len(out.Faults) > 0 {
		return Version{}, errs.New(errs.Conflict, "%s is not issued: the report has faults: %s", e.Ref, strings.Join(out.Faults[:min(len(out.Faults), 5)], "; "))
	}
	v := Version{ID: id.New("rpt", now), Engagement: e.ID, Number: 1, Dossier: c.Frozen.Number, DossierSHA256: c.Frozen.SHA256, HandOver: c.HandOver.Number, HandOverSHA: c.HandOver.SHA256,
		Kind: e.Kind(), Coverage: e.Period, Firm: c.Dossier.Auditor.Firm, Date: c.Dossier.Auditor.Date, Pages: out.Pages, Reason: reason, At: now, By: a.Firm.Actor(), Bundle: &Bundle{}}
	if v.Files, err = s.keep(c, out); err != nil {
		return v, err
	}
	queued, err := s.record(ctx, a, shared, now, e, &v)
	if err != nil || queued {
		return v, err
	}
	return s.complete(ctx, shared.Org(), now, v)
}

// keep stores the files by their content, and names the dossier they come from, which is kept already.
func (s *Service) keep(c Candidate, out Rendered) ([]File, error) {
	var files []File
	for _, x := range out.Files {
		sum, err := s.Blobs.Store(x.Body)
		if err != nil {
			return nil, err
		}
		x.SHA256, x.Size = sum, int64(len(x.Body))
		files = append(files, x.File)
	}
	body, err := s.Blobs.Content(c.Frozen.SHA256)
	return append(files, File{Name: strings.ToLower(c.Engagement.Ref) + "-dossier.json", Format: dossierFormat, Title: "Dossier (JSON)", Type: "application/json", SHA256: c.Frozen.SHA256, Size: int64(len(body))}), err
}

// dossierFormat names the dossier among the files of a version.
const dossierFormat = "dossier"

func (s *Service) record(ctx context.Context, a access.AuditScope, shared access.Scope, now time.Time, e engagement.Engagement, v *Version) (queued bool, err error) {
	return queued, s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Versions(ctx, shared.ReadScope, e.ID)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			v.Number = all[0].Number + 1
		}
		if err := sealing(e, all); err != nil {
			return err
		}
		if (v.Number > 1) != (v.Reason != "") {
			return errs.New(errs.Conflict, "another version was issued at the same moment").WithHint("Look at it, and say why another is needed.")
		}
		sums := map[string]any{}
		for _, f := range v.Files {
			sums[f.Format] = f.SHA256
		}
		says := map[string]any{"ref": e.Ref, "version": v.Number, "dossier": v.Dossier, "dossier_sha256": v.DossierSHA256, "handover": v.HandOver, "handover_sha256": v.HandOverSHA, "files": sums,
			"firm": v.Firm, "date": v.Date, "pages": v.Pages, "reason": v.Reason}
		if v.Seq, err = s.Ledger.Append(ctx, shared, now, "report.issued", string(e.ID), says); err != nil {
			return err
		}
		if _, err = s.Ledger.Append(ctx, a.Firm, now, "report.released", string(e.ID), says); err != nil {
			return err
		}
		if err := s.Store.AddVersion(ctx, shared, *v); err != nil {
			return err
		}
		queued, err = s.later(ctx, a, e, *v)
		return err
	})
}

// Versions lists the issued versions, the newest first, for either side.
func (s *Service) Versions(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]Version, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Versions(ctx, scope, e)
}

// Content reads a file of an issued version, checked against its hash.
func (s *Service) Content(ctx context.Context, scope access.ReadScope, e engagement.ID, number int, format string) (File, []byte, error) {
	all, err := s.Versions(ctx, scope, e)
	if err != nil {
		return File{}, nil, err
	}
	for _, v := range all {
		if f, ok := v.File(format); ok && v.Number == number {
			body, err := s.Blobs.Content(f.SHA256)
			return f, body, err
		}
	}
	return File{}, nil, errs.New(errs.NotFound, "no file %s of version %d", format, number)
}

// ReleaseGate tells whether the auditor issued the report. Where no firm works in this program, the report is issued outside of it.
func (s *Service) ReleaseGate(ctx context.Context, scope access.ReadScope, _ time.Time, e engagement.Engagement) (bool, string, error) {
	all, err := s.Store.Versions(ctx, scope, e.ID)
	if err != nil {
		return false, "", err
	}
	if v, ok := newest(all); ok {
		return true, fmt.Sprintf("Version %d, dated %s", v.Number, v.Date), nil
	}
	if len(all) > 0 {
		return false, fmt.Sprintf("Version %d waits for its bundle to be sealed", all[0].Number), nil
	}
	invited, err := s.Access.Auditors(ctx, scope, string(e.ID))
	if err != nil {
		return false, "", err
	}
	if slices.ContainsFunc(invited, func(i access.Invited) bool { return i.Removed == nil }) {
		return false, "Its partner issues it on the firm's page of this examination", nil
	}
	return true, "No firm works here: the report is issued outside of this program", nil
}
