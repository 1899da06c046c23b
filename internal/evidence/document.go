package evidence

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Class is who may see a piece of evidence outside the organisation (domain brief 8.2, classification).
type Class string

// The classes, from open to closed.
const (
	Public       Class = "public"
	Internal     Class = "internal"
	Confidential Class = "confidential"
	Personal     Class = "personal" // it is about people
)

// Classes lists them.
func Classes() []Class { return []Class{Public, Internal, Confidential, Personal} }

// Paper is what a person said about a piece of evidence when they added it, and what the program saw in its content.
type Paper struct {
	Shows      string
	Obtained   string // where, how and by whom
	FileName   string
	Link       string // address of the original, if it is kept elsewhere
	Class      Class
	Remark     string // what is odd about the content: a wrong ending, active content
	RecordedAt time.Time
	RecordedBy string
}

// Blobs stores documents by content.
type Blobs interface {
	Store(content []byte) (sha256 string, err error)
	// Keep stores what r yields, at most so many bytes. What broke off is not kept.
	Keep(r io.Reader, most int64) (sha256 string, bytes int64, err error)
	Content(sha256 string) ([]byte, error)
}

// Service is the use cases of evidence.
type Service struct {
	Store Store
	Plans Plans
	Blobs Blobs
	Max   int64 // most bytes of one file; 0 for MaxUpload
}

// Limits of what people add. MaxUpload is the usual most of one file, in bytes; texts are in characters.
const (
	MaxUpload   = 100 << 20
	MaxFiles    = 10
	MaxControls = 50
	maxTitle    = 200
	maxShows    = 2000
	maxObtained = 1000
	maxLink     = 2000
	maxText     = 20_000
	enough      = 10 // characters of a reason, and of how something was obtained
)

// Limit is the most bytes of one file.
func (s *Service) Limit() int64 {
	if s.Max > 0 {
		return s.Max
	}
	return MaxUpload
}

// File is a file to keep.
type File struct {
	Name string // for people to read
	Size int64
	Open func() (io.ReadCloser, error)
}

// Bytes is a file from memory.
func Bytes(name string, b []byte) File {
	return File{name, int64(len(b)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Upload is what a person adds: files, or a statement, or the address of something kept elsewhere. Its three times are
// different things: when it took effect, what period it covers, and when the organisation had it.
type Upload struct {
	Title     string
	Kind      Kind
	Files     []File
	Statement string // instead of files
	Link      string
	Shows     string
	Class     Class
	From, To  time.Time // period covered, half-open
	Effective *time.Time
	Received  time.Time // zero for now
	Obtained  string    // where, how and by whom it was obtained (domain brief 8.2, rule 6)
	Controls  []string
	Supersede ItemID
	Again     bool // keep it although the same content is kept already
}

// Duplicate is the cause of a Conflict: the same content is kept already.
type Duplicate struct{ Items []Item }

// Error names the first of the pieces with the same content.
func (d *Duplicate) Error() string { return "same content as " + d.Items[0].Ref }

// Add keeps what a person adds as evidence: one piece for each file, sealed together.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, newID func(time.Time) ItemID, u Upload) ([]Item, error) {
	if err := scope.Require(access.AddEvidence); err != nil {
		return nil, err
	}
	u = u.clean(now)
	if err := u.check(now, s.Limit()); err != nil {
		return nil, err
	}
	if err := s.replaced(ctx, scope.ReadScope, &u); err != nil {
		return nil, err
	}
	x := Seal{Links: map[ItemID][]Link{}, Papers: map[ItemID]Paper{}, At: now}
	for _, f := range u.files(now) {
		it, paper, err := s.keep(ctx, scope, now, newID(now), u, f)
		if err != nil {
			return nil, err
		}
		x.Items, x.Papers[it.ID] = append(x.Items, it), paper
		for _, c := range u.Controls {
			x.Links[it.ID] = append(x.Links[it.ID], Link{"control", c})
		}
	}
	if u.Supersede != "" {
		x.Items[0].Supersedes = u.Supersede
	}
	x.Subject = string(x.Items[0].ID)
	return s.Store.Seal(ctx, scope, x)
}

// replaced finds what an upload replaces.
func (s *Service) replaced(ctx context.Context, scope access.ReadScope, u *Upload) error {
	if u.Supersede == "" {
		return nil
	}
	old, err := s.Store.Item(ctx, scope, string(u.Supersede))
	if err != nil {
		return err
	}
	switch {
	case old.Kind == Snapshot:
		return errs.New(errs.Invalid, "%s was collected by the program and cannot be replaced by an upload", old.Ref).WithHint("Collect again instead.")
	case old.Status != Active:
		return errs.New(errs.Conflict, "%s is %s already", old.Ref, old.Status).WithHint("Open it to see what counts now.")
	case len(u.Files) > 1:
		return errs.New(errs.Invalid, "one piece is replaced by one piece").At("file").WithHint("Choose one file, and add the others on their own.")
	}
	u.Supersede = old.ID
	return nil
}

// keep stores one file and makes its item.
func (s *Service) keep(ctx context.Context, scope access.Scope, now time.Time, id ItemID, u Upload, f File) (Item, Paper, error) {
	seen, err := look(f)
	if err != nil {
		return Item{}, Paper{}, err
	}
	body, err := f.Open()
	if err != nil {
		return Item{}, Paper{}, err
	}
	defer body.Close()
	sum, n, err := s.Blobs.Keep(body, s.Limit())
	if err != nil {
		return Item{}, Paper{}, errs.Wrap(err, "keep %s", f.Name)
	}
	if n != f.Size {
		return Item{}, Paper{}, errs.New(errs.Invalid, "%s broke off: %d of %d bytes came", f.Name, n, f.Size).At("file").WithHint("Send it again.")
	}
	if !u.Again {
		same, err := s.Store.Items(ctx, scope.ReadScope, Filter{SHA256: sum, Usable: true}, paging.Query{Size: 5})
		if err != nil {
			return Item{}, Paper{}, err
		}
		same.Rows = slices.DeleteFunc(same.Rows, func(i Item) bool { return i.ID == u.Supersede })
		if len(same.Rows) > 0 {
			return Item{}, Paper{}, &errs.Error{Kind: errs.Conflict, Msg: f.Name + " is kept already", Field: "file", Err: &Duplicate{same.Rows},
				Hint: "Link what is there to the controls instead, or say that it shall be kept a second time."}
		}
	}
	title := u.Title
	if len(u.Files) > 1 {
		title = clip(title+" – "+f.Name, maxTitle)
	}
	it := Item{
		ID: id, Kind: u.Kind, Title: title, System: "upload", Source: scope.Actor(), Method: Manual, Collector: "upload 2", From: u.From, To: u.To,
		ReceivedAt: u.Received, Effective: u.Effective, MediaType: seen.MediaType, Bytes: n, SHA256: sum, Path: "blob:" + sum, Completeness: Asserted, Status: Active,
		Note: "Obtained: " + strings.TrimSuffix(u.Obtained, ".") + ". File name: " + f.Name,
	}
	return it, Paper{u.Shows, u.Obtained, f.Name, u.Link, u.Class, seen.Remark, now, scope.Actor()}, nil
}

// files are the files of an upload; a statement and an address become a small text of their own, so that they have a hash too.
func (u Upload) files(now time.Time) []File {
	if len(u.Files) > 0 {
		return u.Files
	}
	text := u.Statement
	name := "statement.txt"
	if u.Link != "" {
		text, name = strings.TrimSpace("Kept at: "+u.Link+"\nRecorded: "+now.UTC().Format(time.RFC3339)+"\n\n"+u.Statement)+"\n", "reference.txt"
	}
	return []File{Bytes(name, []byte(text))}
}

// Withdraw marks evidence as no longer relied on. It stays, and says why.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, id ItemID, at time.Time, reason string) error {
	if err := scope.Require(access.AddEvidence); err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < enough || n > maxObtained {
		return errs.New(errs.Invalid, "say in %d to %d characters why the evidence is withdrawn (%d so far)", enough, maxObtained, n).At("reason")
	}
	return s.Store.Withdraw(ctx, scope, id, at, reason)
}

// Link ties evidence that is there to more controls.
func (s *Service) Link(ctx context.Context, scope access.Scope, at time.Time, id ItemID, controls []string) (int, error) {
	if err := scope.Require(access.AddEvidence); err != nil {
		return 0, err
	}
	if len(controls) == 0 || len(controls) > MaxControls {
		return 0, errs.New(errs.Invalid, "choose 1 to %d controls", MaxControls).At("controls")
	}
	links := make([]Link, len(controls))
	for i, c := range controls {
		links[i] = Link{"control", c}
	}
	return s.Store.AddLinks(ctx, scope, id, at, links)
}

func (u Upload) clean(now time.Time) Upload {
	u.Title, u.Shows, u.Obtained, u.Link = strings.Join(strings.Fields(u.Title), " "), strings.TrimSpace(u.Shows), strings.TrimSpace(u.Obtained), strings.TrimSpace(u.Link)
	u.Statement = strings.TrimSpace(strings.ReplaceAll(u.Statement, "\r\n", "\n"))
	if u.Received.IsZero() {
		u.Received = now
	}
	if u.Class == "" {
		u.Class = Internal
	}
	slices.Sort(u.Controls)
	u.Controls = slices.Compact(u.Controls)
	return u
}

func (u *Upload) check(now time.Time, limit int64) error {
	for _, t := range []struct {
		field, what, text string
		most              int
	}{{"title", "the title", u.Title, maxTitle}, {"shows", "what it shows", u.Shows, maxShows}, {"obtained", "where it was obtained", u.Obtained, maxObtained},
		{"link", "the address", u.Link, maxLink}, {"statement", "the statement", u.Statement, maxText}} {
		if n := utf8.RuneCountInString(t.text); n > t.most {
			return errs.New(errs.Invalid, "%s has %d characters; at most %d are kept", t.what, n, t.most).At(t.field).WithHint("Shorten it.")
		}
		if !utf8.ValidString(t.text) || strings.ContainsRune(t.text, 0) {
			return errs.New(errs.Invalid, "%s contains bytes that are no text", t.what).At(t.field)
		}
	}
	switch n := utf8.RuneCountInString(u.Obtained); {
	case u.Title == "":
		return errs.New(errs.Invalid, "the evidence has no title").At("title").WithHint("Say in a few words what it is.")
	case strings.ContainsFunc(u.Title, unicode.IsControl):
		return errs.New(errs.Invalid, "the title contains control characters").At("title")
	case n < enough:
		return errs.New(errs.Invalid, "say in at least %d characters where, how and by whom it was obtained (%d so far)", enough, n).At("obtained")
	case !slices.Contains([]Kind{Document, Screenshot, Attestation}, u.Kind):
		return errs.New(errs.Invalid, "%q is no kind of uploaded evidence: document, screenshot or attestation", u.Kind).At("kind")
	case !slices.Contains(Classes(), u.Class):
		return errs.New(errs.Invalid, "%q is no class: public, internal, confidential or personal", u.Class).At("class")
	case len(u.Controls) > MaxControls:
		return errs.New(errs.Invalid, "%d controls; a piece of evidence is filed for at most %d", len(u.Controls), MaxControls).At("controls")
	}
	if err := u.checkContent(limit); err != nil {
		return err
	}
	return u.checkTimes(now)
}

func (u *Upload) checkContent(limit int64) error {
	switch {
	case len(u.Files) == 0 && u.Statement == "" && u.Link == "":
		return errs.New(errs.Invalid, "there is nothing to keep").At("file").WithHint("Choose a file, write a statement, or give the address of the original.")
	case len(u.Files) > 0 && u.Statement != "":
		return errs.New(errs.Invalid, "a file and a statement are two pieces of evidence").At("statement").WithHint("Add one of them now and the other afterwards.")
	case len(u.Files) > MaxFiles:
		return errs.New(errs.Invalid, "%d files; at most %d are taken at once", len(u.Files), MaxFiles).At("file")
	}
	for _, f := range u.Files {
		switch {
		case f.Size == 0:
			return errs.New(errs.Invalid, "%s is empty (0 bytes)", f.Name).At("file").WithHint("Choose a file with something in it.")
		case f.Size > limit:
			return errs.New(errs.Exhausted, "%s is larger than %d MiB", f.Name, limit>>20).At("file").WithHint("Split it, or give the address of the original.")
		}
	}
	if u.Link == "" {
		return nil
	}
	a, err := url.Parse(u.Link)
	if err != nil || a.Host == "" || a.Scheme != "https" && a.Scheme != "http" || a.User != nil || strings.ContainsFunc(u.Link, unicode.IsControl) {
		return errs.New(errs.Invalid, "that is no address of the web").At("link").WithHint("It begins with https:// and has no password in it.")
	}
	return nil
}

// checkTimes holds the three times against each other and the clock.
func (u *Upload) checkTimes(now time.Time) error {
	switch {
	case u.From.IsZero():
		return errs.New(errs.Invalid, "evidence without a date proves nothing").At("from").WithHint("Give the first day it speaks about.")
	case u.To.IsZero():
		return errs.New(errs.Invalid, "the period has no end").At("to").WithHint("For a single day give it twice.")
	case u.To.Before(u.From):
		return errs.New(errs.Invalid, "the period ends before it begins").At("to").WithHint("Exchange the two days.")
	case u.From.Year() < 1990:
		return errs.New(errs.Invalid, "the period begins in %d", u.From.Year()).At("from").WithHint("Check the year.")
	case u.Received.After(now):
		return errs.New(errs.Invalid, "it was received in the future").At("received").WithHint("Give the day you had it; today at the latest.")
	case u.From.After(u.Received):
		return errs.New(errs.Invalid, "the period begins after the evidence was received").At("from").WithHint("Evidence shows what has happened by the day you have it.")
	case day(u.To).After(day(u.Received).AddDate(0, 0, 1)):
		return errs.New(errs.Invalid, "the period ends after the evidence was received").At("to").
			WithHint("It cannot show what had not happened by then. For something that stays in force, such as a contract, end the period on the day you received it and give its beginning as effective date.")
	case u.Effective != nil && u.Effective.After(now.AddDate(1, 0, 0)):
		return errs.New(errs.Invalid, "the effective date is more than a year ahead").At("effective").WithHint("Check the year.")
	case u.Effective != nil && u.Effective.Year() < 1950:
		return errs.New(errs.Invalid, "the effective date is in %d", u.Effective.Year()).At("effective").WithHint("Check the year.")
	}
	return nil
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func clip(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// String names a link as people read it.
func (l Link) String() string { return fmt.Sprintf("%s %s", l.Kind, l.Ref) }
