package okta

import (
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// How long the log remembers, and how far back it looks when it is not asked for a time.
const (
	memory = 90 * life.Day
	usual  = 7 * life.Day
)

// moment reads a time of a log request. Okta takes RFC 3339 with or without fractions.
func moment(s string) (life.Time, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return life.Of(t), true
	}
	t, err := time.Parse(time.DateOnly, s)
	return life.Of(t), err == nil
}

// log answers with events between since and until, oldest first unless sortOrder=DESCENDING. A request with until is
// bounded: its last page has no next link. A request without until polls: every page has a next link, an empty one too,
// and following it later brings what happened meanwhile.
func (s *Server) log(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	size, ok := wire.Size(q.Get("limit"), 100, 1000)
	until, bounded := v.at+1, q.Get("until") != ""
	var ok1, ok2 = true, true
	if bounded {
		until, ok1 = moment(q.Get("until"))
	}
	since := min(until, v.at) - usual
	if q.Get("since") != "" {
		since, ok2 = moment(q.Get("since"))
	}
	keep, err := logFilter(q.Get("filter"))
	if !ok || !ok1 || !ok2 || err != nil {
		s.fail(w, http.StatusBadRequest, "E0000053", "Invalid filter, limit or time in the request", "")
		return
	}
	list := s.w.Log
	at := func(t life.Time) int { return sort.Search(len(list), func(i int) bool { return list[i].At >= t }) }
	lo, hi := at(max(since, v.at-memory)), at(min(until, v.at+1))
	desc := q.Get("sortOrder") == "DESCENDING"
	last := life.Time(0)
	if c := q.Get("after"); c != "" {
		n, err := strconv.ParseInt(c, 36, 64)
		if err != nil {
			s.fail(w, http.StatusBadRequest, "E0000053", "Invalid after in the request", "")
			return
		}
		last = life.Time(n)
		if desc {
			hi = min(hi, at(last))
		} else {
			lo = max(lo, at(last+1))
		}
	}
	rows, more := s.gather(lo, hi, size, desc, keep, strings.ToLower(q.Get("q")))
	if len(rows) > 0 {
		last = list[rows[len(rows)-1]].At
	} else if last == 0 {
		last = max(since, v.at-memory) - 1
	}
	next := ""
	if more || !bounded && !desc {
		next = strconv.FormatInt(int64(last), 36)
	}
	links(w, r, next)
	j := wire.NewJSON().Arr()
	for _, k := range rows {
		s.logEvent(j, k)
	}
	s.send(w, j.EndArr())
}

// gather picks the positions of a page's events out of those from lo up to hi.
func (s *Server) gather(lo, hi, size int, desc bool, keep filter, word string) (rows []int, more bool) {
	for n := range max(0, hi-lo) {
		k := lo + n
		if desc {
			k = hi - 1 - n
		}
		if keep != nil && !keep(s.logAttribute(k)) || word != "" && !s.mentions(k, word) {
			continue
		}
		if len(rows) == size {
			return rows, true
		}
		rows = append(rows, k)
	}
	return rows, false
}

func logFilter(text string) (filter, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no filter
	}
	return parseFilter(text, func(a string) bool {
		switch a {
		case "eventType", "actor.id", "actor.alternateId", "outcome.result", "target.id", "severity", "published":
			return true
		}
		return false
	})
}

func (s *Server) logAttribute(k int) func(string) (string, bool) {
	e := &s.w.Log[k]
	return func(name string) (string, bool) {
		switch name {
		case "eventType":
			return events[e.Kind].kind, true
		case "published":
			return instant(e.At), true
		case "outcome.result":
			return outcome(e), true
		case "severity":
			return events[e.Kind].severity, true
		case "target.id":
			if e.Subject >= 0 {
				return s.w.Accounts[e.Subject].ID, true
			}
			return "", false
		}
		if e.Actor < 0 {
			return "system@okta.example", name == "actor.alternateId"
		}
		if name == "actor.id" {
			return s.w.Accounts[e.Actor].ID, true
		}
		return s.w.Accounts[e.Actor].Login, true
	}
}

// mentions reports whether a word occurs in an event: in its kind, or in the address of somebody in it.
func (s *Server) mentions(k int, word string) bool {
	e := &s.w.Log[k]
	in := func(i int32) bool { return i >= 0 && strings.Contains(s.w.Accounts[i].Login, word) }
	return strings.Contains(events[e.Kind].kind, word) || in(e.Actor) || in(e.Subject)
}
