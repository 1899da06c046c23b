// Package logs serves the audit logs of the simulated company's clouds, offices and second code host in the wire formats of their
// vendors, as far as records are asked for by time:
//
//   - AWS: CloudTrail LookupEvents in each region, newest first, 50 a page, signed with Signature Version 4; STS AssumeRole.
//   - Entra: Graph /v1.0/auditLogs/signIns and directoryAudits with $filter, $top and @odata.nextLink; client credentials.
//   - Google: Reports activities.list and Logging entries.list with page tokens; tokens for a service account's signed claim.
//   - GitLab: audit events of an instance or a group, by keyset and Link header; a personal token.
//
// As in life, a record is not shown when it happens but some time later: mostly minutes, sometimes much more.
package logs

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// Logs that package audit does not write: these are made here.
const (
	Directory = "azure.audit"
	GitLab    = "gitlab.audit"
	Admin     = "google_workspace.admin"
	Login     = "google_workspace.login"
	Token     = "google_workspace.token"
)

// Entry is a record of a log, when it happened and when the system begins to show it.
type Entry struct {
	At, Shown life.Time
	ID        string
	Raw       []byte
}

// Book holds the records of all logs. It is safe for concurrent use.
type Book struct {
	w     *life.World
	clock *wire.Clock
	trail func() *audit.Trail

	mu   sync.Mutex
	days map[dayOf]map[string][]Entry
}

// NewBook prepares the records; trail is asked when the first are needed.
func NewBook(w *life.World, clock *wire.Clock, trail func() *audit.Trail) *Book {
	return &Book{w: w, clock: clock, trail: trail, days: map[dayOf]map[string][]Entry{}}
}

// lag is how late a log's records are shown: one in 30 late, one in 60 far later.
type lag struct{ usual, late, far life.Time }

var lags = map[string]lag{
	audit.AWS:   {5 * life.Minute, 15 * life.Minute, 2 * life.Hour},
	audit.Entra: {5 * life.Minute, 20 * life.Minute, 5 * life.Hour}, Directory: {2 * life.Minute, 10 * life.Minute, 3 * life.Hour},
	Admin: {2 * life.Minute, 5 * life.Minute, 2 * life.Hour}, Login: {30 * life.Minute, 3 * life.Hour, 20 * life.Hour},
	Token: {20 * life.Minute, 2 * life.Hour, 20 * life.Hour}, audit.Drive: {3 * life.Minute, 50 * life.Minute, 20 * life.Hour},
	audit.M365: {40 * life.Minute, 90 * life.Minute, 10 * life.Hour},
	GitLab:     {2 * life.Second, 20 * life.Second, 4 * life.Minute}, audit.GCP: {10 * life.Second, 5 * life.Minute, 20 * life.Hour},
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

// shown is when a record begins to be shown.
func shown(log, id string, at life.Time) life.Time {
	l, h := lags[log], hash(id)
	most := l.usual
	switch {
	case h%60 == 11:
		most = l.far
	case h%30 == 7:
		most = l.late
	}
	if most == 0 {
		return at
	}
	return at + life.Time(h/1000)%most
}

// day is the records of a log on a day. What package audit writes comes for all logs at once, what is made here for one. The last days
// asked for are kept.
func (b *Book) day(d period.Date, log string) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := dayOf{day: d}
	write := made[log]
	if write != nil {
		key.log = log
	}
	if out, ok := b.days[key]; ok {
		return out[log]
	}
	if len(b.days) > 300 {
		clear(b.days)
	}
	lo := life.Midnight(d)
	out := map[string][]Entry{}
	b.days[key] = out
	if write != nil {
		if lo >= b.w.Begin && lo < b.w.End {
			out[log] = b.make(log, d, write)
		}
		return out[log]
	}
	for r := range b.trail().Events(lo.Go(), (lo + life.Day).Go()) {
		if _, ok := lags[r.Log]; ok {
			at := life.Of(r.At)
			out[r.Log] = append(out[r.Log], Entry{at, shown(r.Log, r.ID, at), r.ID, r.Raw})
		}
	}
	return out[log]
}

// dayOf names a day of a log that is made here, or, without a log, of those that package audit writes.
type dayOf struct {
	day period.Date
	log string
}

// All are the records of a log from an instant up to another, oldest first, whether they are shown yet or not.
func (b *Book) All(log string, from, to life.Time) []Entry {
	var out []Entry
	for d := max(from, b.w.Begin).Date(); life.Midnight(d) < min(to, b.w.End); d++ {
		for _, e := range b.day(d, log) {
			if e.At >= from && e.At < to {
				out = append(out, e)
			}
		}
	}
	return out
}

// shown are the records from an instant up to another that the system shows now, newest first.
func (b *Book) shown(log string, from, to life.Time) []Entry {
	now := b.clock.Now()
	out := slices.DeleteFunc(b.All(log, from, min(to, now+1)), func(e Entry) bool { return e.Shown > now })
	slices.SortFunc(out, newest)
	return out
}

func newest(x, y Entry) int { return cmp.Or(cmp.Compare(y.At, x.At), cmp.Compare(y.ID, x.ID)) }

// after is the page of records that begins after a token, and the token of the next page, empty after the last. The token holds for
// the same question alone.
func after(list []Entry, token, question string, size int) (rows []Entry, next string, ok bool) {
	if token != "" {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(b) < 17 || binary.LittleEndian.Uint64(b) != hash(question) {
			return nil, "", false
		}
		last := Entry{At: life.Time(binary.LittleEndian.Uint64(b[8:])), ID: string(b[16:])}
		i, found := slices.BinarySearchFunc(list, last, newest)
		if found {
			i++
		}
		list = list[i:]
	}
	if len(list) <= size {
		return list, "", true
	}
	last := list[size-1]
	b := binary.LittleEndian.AppendUint64(nil, hash(question))
	b = binary.LittleEndian.AppendUint64(b, uint64(last.At))
	return list[:size], base64.RawURLEncoding.EncodeToString(append(b, last.ID...)), true
}

// list writes records as an array.
func list(j *wire.JSON, rows []Entry) *wire.JSON {
	j.Arr()
	for i := range rows {
		j.Raw(string(rows[i].Raw))
	}
	return j.EndArr()
}

// bearer is the token of an Authorization header.
func bearer(s string) string {
	kind, token, _ := strings.Cut(s, " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return token
}
