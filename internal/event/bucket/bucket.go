package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/follow"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Defaults.
const (
	LateDays   = 3         // days before today in which objects that come late are found
	MostBytes  = 256 << 20 // of one object, as it lies there
	WholeEvery = 15 * time.Minute
)

// Bounds of looking for folders: a bucket is made by others.
const (
	maxDepth   = 16
	maxFolders = 20_000
)

// Bucket watches a bucket. Objects in folders of days, as CloudTrail's AWSLogs/ACCOUNT/CloudTrail/REGION/2026/03/01/, are looked for day by
// day: those that came after the last one at every look, late ones of the last days from time to time. Everything else is listed whole.
type Bucket struct {
	follow.Source
	Log      *slog.Logger
	Known    map[string]event.Position // by address
	Digested follow.Digested           // keeps what a digest of CloudTrail lacks; nil passes digests over
	Since    time.Time                 // the first day; zero begins with the days in which late objects are found
	Late     int                       // days before today in which late objects are found; 0 is LateDays
	Most     int64                     // bytes of an object; 0 is MostBytes
	Spool    string                    // folder for the object that is being read

	client  *minio.Core
	at      place
	digests *follow.Digests
	trees   map[string]*tree // by prefix
	search  time.Time        // when folders are looked for again
	whole   time.Time        // when all days are listed whole again
}

// tree is a folder whose folders are days.
type tree struct {
	prefix string // with a slash at its end
	layout string // of the days below it
	digest bool
	first  time.Time         // the first day that is looked at; days before it are done
	failed bool              // something of it could not be read at this look
	after  map[string]string // the last key that was seen, by day
}

// Open makes what reads a bucket. Nothing is asked yet.
func Open(a Address, b Bucket) (*Bucket, error) {
	var err error
	if b.client, b.at, err = a.client(); err != nil {
		return nil, err
	}
	if b.Late <= 0 {
		b.Late = LateDays
	}
	if b.Most <= 0 {
		b.Most = MostBytes
	}
	b.trees = map[string]*tree{}
	return &b, nil
}

// Look takes what is new, and says how many objects that were. What the storage cannot answer now ends it; the next look goes on.
func (x *Bucket) Look(ctx context.Context) (objects int, err error) {
	x.digests = x.settled()
	now := x.Clock().UTC()
	var failed []error
	if !now.Before(x.search) {
		n, asked, err := x.explore(ctx)
		objects += n
		if ends(err) {
			return objects, err
		}
		failed = append(failed, err)
		x.search = now.Add(time.Duration(asked) * time.Second) // a request a second at most
	}
	n, err := x.days(ctx, now)
	objects += n
	if ends(err) {
		return objects, err
	}
	return objects, errors.Join(append(failed, err, x.digests.Settle(ctx))...)
}

// settled is what takes objects, with the digests that wait.
func (x *Bucket) settled() *follow.Digests {
	if x.digests == nil {
		x.digests = &follow.Digests{Tell: x.Digested, Before: x.before, Over: x.past}
	}
	x.digests.Objects = &follow.Objects{Source: x.Source, Log: x.Log, Known: x.Known}
	return x.digests
}

// refused is an error of whoever keeps the records: no other object would fare better.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// ends says that an error is of the storage as it is now, or of whoever keeps the records, not of one object.
func ends(err error) bool {
	return errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Exhausted) || errors.As(err, new(refused))
}

// Days are written in one of these ways.
var (
	yearFolder = regexp.MustCompile(`^(19|20)\d\d$`)
	dayFolder  = regexp.MustCompile(`^(19|20)\d\d-\d\d-\d\d$`)
)

const (
	byYear = "2006/01/02/"
	byDay  = "2006-01-02/"
)

// explore goes through the folders that are no days, reads the objects that lie in them, and notes those that hold days.
func (x *Bucket) explore(ctx context.Context) (objects, asked int, err error) {
	var failed []error
	todo := []string{x.at.prefix}
	for depth := 0; len(todo) > 0; depth++ {
		var next []string
		for _, prefix := range todo {
			if asked++; depth > maxDepth || asked > maxFolders {
				return objects, asked, errs.New(errs.Invalid, "%s has more than %d folders, or deeper than %d", x.name(x.at.prefix), maxFolders, maxDepth).WithHint("Name the folder that holds the logs in url.")
			}
			err := x.list(ctx, prefix, "", true, func(o found) error {
				folder, isFolder := strings.CutSuffix(strings.TrimPrefix(o.key, prefix), "/")
				switch {
				case !isFolder:
					took, err := x.one(ctx, o)
					if took {
						objects++
					}
					if err != nil && !ends(err) {
						failed, err = append(failed, err), nil
					}
					return err
				case strings.HasPrefix(folder, "."), folder == follow.DigestFolder && x.Digested == nil:
				case yearFolder.MatchString(folder):
					return x.plant(ctx, prefix, byYear)
				case dayFolder.MatchString(folder):
					return x.plant(ctx, prefix, byDay)
				default:
					next = append(next, o.key)
				}
				return nil
			})
			if err != nil {
				return objects, asked, err
			}
		}
		todo = next
	}
	return objects, asked, errors.Join(failed...)
}

// plant notes a folder of days. The day with which it begins is kept at once: a program that stands still for a week must not begin later.
func (x *Bucket) plant(ctx context.Context, prefix, layout string) error {
	if x.trees[prefix] != nil {
		return nil
	}
	t := &tree{prefix: prefix, layout: layout, digest: follow.IsDigest(prefix), after: map[string]string{}}
	if day, err := time.Parse(time.DateOnly, x.Known[x.name(prefix)].Identity); err == nil {
		t.first = day
	} else {
		if t.first = x.Since; t.first.IsZero() {
			t.first = dayOf(x.Clock()).AddDate(0, 0, -x.Late)
		}
		if err := x.mark(ctx, t, ""); err != nil {
			return err
		}
	}
	x.trees[prefix] = t
	return nil
}

// mark keeps the first day of a folder that is still looked at, and forgets the objects of those before it.
func (x *Bucket) mark(ctx context.Context, t *tree, forget string) error {
	at := event.Position{Name: x.name(t.prefix), Identity: t.first.Format(time.DateOnly), Forget: forget}
	if err := x.Take(ctx, nil, at); err != nil {
		return err
	}
	if forget != "" {
		maps.DeleteFunc(x.Known, func(name string, _ event.Position) bool { return strings.HasPrefix(name, forget) })
	}
	x.Known[at.Name] = at
	return nil
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// dayIn is the folder of days a key is in, and its day.
func (x *Bucket) dayIn(key string) (*tree, time.Time) {
	for prefix, t := range x.trees {
		_, rest, ok := strings.Cut(key, prefix)
		if !ok || len(rest) < len(t.layout) {
			continue
		}
		if day, err := time.Parse(t.layout, rest[:len(t.layout)]); err == nil {
			return t, day
		}
	}
	return nil, time.Time{}
}

// before says that a key is of a day that is not followed: before the first, or over.
func (x *Bucket) before(key string) bool {
	t, day := x.dayIn(key)
	return t != nil && day.Before(t.first)
}

// days takes what is new in the folders of days. At most looks that is what came today after the last object; from time to time it is
// everything since the first day that is not over, so that what came late is found.
func (x *Bucket) days(ctx context.Context, now time.Time) (objects int, err error) {
	today := dayOf(now)
	whole := !now.Before(x.whole)
	from, last := today, today
	if whole {
		last = today.AddDate(0, 0, 1) // the clock of the storage may be ahead
	}
	trees := slices.SortedFunc(maps.Values(x.trees), func(a, b *tree) int { // digests after what they name
		return cmp.Or(cmpBool(a.digest, b.digest), cmp.Compare(a.prefix, b.prefix))
	})
	for _, t := range trees {
		t.failed = false
		if t.first.Before(from) && whole {
			from = t.first
		}
	}
	var failed []error
	for day := from; !day.After(last); day = day.AddDate(0, 0, 1) {
		for _, t := range trees {
			if day.Before(t.first) {
				continue
			}
			n, err := x.day(ctx, t, t.prefix+day.Format(t.layout), whole)
			objects += n
			if ends(err) {
				return objects, err
			}
			if err != nil {
				t.failed, failed = true, append(failed, err)
			}
		}
		if whole && x.old(day) {
			if err := x.over(ctx, trees, day); err != nil {
				return objects, err
			}
		}
	}
	if whole {
		x.whole = now.Add(WholeEvery)
	}
	return objects, errors.Join(failed...)
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// old says that nothing late is looked for in a day any more, once it was listed.
func (x *Bucket) old(day time.Time) bool { return day.Before(dayOf(x.Clock()).AddDate(0, 0, -x.Late)) }

// over ends the days before an old one. The digests of a day name files of the day before, so that one more day is kept than is listed
// for what comes late. Days in which nothing lay are kept with the next in which something did.
func (x *Bucket) over(ctx context.Context, trees []*tree, day time.Time) error {
	if err := x.digests.Settle(ctx); err != nil {
		return err
	}
	if err := x.digests.Finish(ctx); err != nil {
		return err
	}
	for _, t := range trees {
		if t.failed || !t.first.Before(day) {
			continue
		}
		prefix := t.prefix + t.first.Format(t.layout)
		delete(t.after, prefix)
		t.first = day
		forget := x.name(prefix)
		for name := range x.Known {
			if strings.HasPrefix(name, forget) {
				if err := x.mark(ctx, t, forget); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// past says that a digest is of a day in which nothing late is looked for any more.
func (x *Bucket) past(digest string) bool {
	key := strings.TrimPrefix(digest, x.name(""))
	t, day := x.dayIn(key)
	return t != nil && x.old(day)
}

// day takes what is new in one day.
func (x *Bucket) day(ctx context.Context, t *tree, prefix string, whole bool) (objects int, err error) {
	after := t.after[prefix]
	if whole {
		after = ""
	}
	var failed []error
	err = x.list(ctx, prefix, after, false, func(o found) error {
		took, err := x.one(ctx, o)
		if took {
			objects++
		}
		if ends(err) || ctx.Err() != nil {
			return err
		}
		if err != nil {
			failed = append(failed, err)
		}
		if len(failed) == 0 && o.key > t.after[prefix] {
			t.after[prefix] = o.key
		}
		return nil
	})
	return objects, errors.Join(append(failed, err)...)
}

// one takes an object, if it is new.
func (x *Bucket) one(ctx context.Context, o found) (took bool, err error) {
	name, mark := x.name(o.key), fmt.Sprintf("%s:%d", o.etag, o.size)
	if !follow.Readable(o.key) || !x.digests.New(name, mark) {
		return false, nil
	}
	obj := follow.Object{Name: name, Mark: mark}
	if o.size > x.Most {
		return false, x.digests.Refuse(ctx, obj, fmt.Sprintf("it has %d bytes; %d are read at most (max_mib)", o.size, x.Most))
	}
	if err := os.MkdirAll(x.Spool, 0o700); err != nil {
		return false, errs.As(errs.Unavailable, err, "the folder for what is being read")
	}
	f, err := os.CreateTemp(x.Spool, fmt.Sprintf(".tmp-%d-*", os.Getpid())) // a start removes what stays
	if err != nil {
		return false, errs.As(errs.Unavailable, err, "the folder for what is being read")
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	if err := x.fetch(ctx, o, f); errors.Is(err, errGone) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, errs.As(errs.Unavailable, err, "read %s", name)
	}
	obj.Body = f
	if follow.IsDigest(o.key) {
		return false, x.digests.Read(ctx, obj)
	}
	if took, err = x.digests.ReadFile(ctx, obj); err != nil {
		err = refused{errs.Wrap(err, "%s", name)}
	}
	return took, err
}
