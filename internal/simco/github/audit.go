package github

import (
	"encoding/base64"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// How long the audit log remembers, and how far back it looks when it is not asked for a time.
const (
	webMemory   = 180 * life.Day
	gitMemory   = 7 * life.Day
	usualMemory = 90 * life.Day
)

func encodeCursor(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func decodeCursor(s string) string {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
}

// phrase is a parsed search phrase of the audit log.
type phrase struct {
	lo, hi life.Time // lo <= event < hi
	asked  bool      // for a time
	words  [][2]string
}

// parsePhrase reads qualifiers such as created:>=2026-01-01, action:repo.create, actor:somebody, repo:org/name.
func parsePhrase(text string, now life.Time) (phrase, bool) {
	p := phrase{hi: now + 1}
	for _, word := range strings.Fields(text) {
		key, value, ok := strings.Cut(word, ":")
		if !ok {
			return p, false
		}
		if key != "created" {
			p.words = append(p.words, [2]string{key, value})
			continue
		}
		lo, hi, ok := timeRange(value)
		if !ok {
			return p, false
		}
		p.lo, p.hi, p.asked = max(p.lo, lo), min(p.hi, hi), true
	}
	return p, true
}

// timeRange reads a range as GitHub's searches write it: 2026-01-01, >=2026-01-01T10:00:00Z, A..B, *..B. The end is
// exclusive.
func timeRange(s string) (lo, hi life.Time, ok bool) {
	const end = life.Time(1) << 60
	if a, b, found := strings.Cut(s, ".."); found {
		lo, hi = 0, end
		if a != "*" {
			if lo, _, ok = stamp(a); !ok {
				return 0, 0, false
			}
		}
		if b != "*" {
			if _, hi, ok = stamp(b); !ok {
				return 0, 0, false
			}
		}
		return lo, hi, true
	}
	for _, op := range []string{">=", "<=", ">", "<", ""} {
		if rest, found := strings.CutPrefix(s, op); found {
			from, to, ok := stamp(rest)
			switch op {
			case ">=":
				return from, end, ok
			case "<=":
				return 0, to, ok
			case ">":
				return to, end, ok
			case "<":
				return 0, from, ok
			}
			return from, to, ok
		}
	}
	return 0, 0, false
}

// stamp reads a day or an instant and gives its first instant and the first after it.
func stamp(s string) (from, to life.Time, ok bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return life.Of(t), life.Of(t) + life.Day, true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return life.Of(t), life.Of(t) + life.Second, true
		}
	}
	return 0, 0, false
}

// stream is one of the two logs behind the audit log, cut to what is asked for.
type stream struct {
	list   []life.AuditEvent
	lo, hi int
}

func cut(list []life.AuditEvent, lo, hi life.Time) stream {
	at := func(t life.Time) int { return sort.Search(len(list), func(i int) bool { return list[i].At >= t }) }
	return stream{list, at(lo), at(hi)}
}

// auditLog answers with web events, git events or both, by cursor: newest first unless order=asc.
func (s *Server) auditLog(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	p, ok := parsePhrase(q.Get("phrase"), v.at)
	if !ok {
		s.fail(w, r, http.StatusUnprocessableEntity, "Validation Failed: phrase", docs+"/orgs/orgs#get-the-audit-log-for-an-organization")
		return
	}
	p.hi = min(p.hi, v.at+1)
	memory := usualMemory
	if p.asked {
		memory = webMemory
	}
	lo := max(p.lo, v.at-memory)
	var streams []stream
	include := q.Get("include")
	if include != "git" {
		streams = append(streams, cut(s.w.Audit, lo, p.hi))
	}
	if include == "git" || include == "all" {
		streams = append(streams, cut(s.w.Git, max(lo, v.at-gitMemory), p.hi))
	}
	asc := q.Get("order") == "asc"
	size, _ := wire.Size(q.Get("per_page"), 30, 100)
	if c := q.Get("after"); c != "" {
		at, err := strconv.ParseInt(decodeCursor(c), 10, 64)
		if err != nil {
			s.fail(w, r, http.StatusBadRequest, "Invalid cursor", docs+"/orgs/orgs")
			return
		}
		skip(streams, life.Time(at), asc)
	}
	rows, more := s.take(streams, p, asc, size)
	if more {
		last := rows[len(rows)-1]
		c := encodeCursor(itoa(int64(last.At)))
		w.Header()["Link"] = []string{"<" + wire.With(r, "after", c, "before") + `>; rel="next"`}
	}
	j := wire.NewJSON().Arr()
	for _, e := range rows {
		s.auditEvent(j, e)
	}
	s.send(w, r, j.EndArr())
}

// skip moves past a cursor. Events of both logs never share an instant's cursor: a page ends between instants.
func skip(streams []stream, at life.Time, asc bool) {
	for k := range streams {
		st := &streams[k]
		n := sort.Search(len(st.list), func(i int) bool { return st.list[i].At > at })
		if asc {
			st.lo = max(st.lo, n)
			continue
		}
		n = sort.Search(len(st.list), func(i int) bool { return st.list[i].At >= at })
		st.hi = min(st.hi, n)
	}
	for k := range streams {
		streams[k].hi = max(streams[k].hi, streams[k].lo)
	}
}

// take merges the streams into one page, and says whether there is more. Events at the instant of the page's last one are
// all on it.
func (s *Server) take(streams []stream, p phrase, asc bool, size int) (rows []*life.AuditEvent, more bool) {
	for {
		var best *stream
		var e *life.AuditEvent
		for k := range streams {
			st := &streams[k]
			if st.lo >= st.hi {
				continue
			}
			c := &st.list[st.hi-1]
			if asc {
				c = &st.list[st.lo]
			}
			if e == nil || asc && c.At < e.At || !asc && c.At > e.At {
				best, e = st, c
			}
		}
		if e == nil {
			return rows, false
		}
		if s.matches(e, p) {
			if len(rows) >= size && rows[len(rows)-1].At != e.At {
				return rows, true
			}
			rows = append(rows, e)
		}
		if asc {
			best.lo++
		} else {
			best.hi--
		}
	}
}

func (s *Server) matches(e *life.AuditEvent, p phrase) bool {
	for _, word := range p.words {
		key, not := strings.CutPrefix(word[0], "-")
		want := word[1]
		var is bool
		switch key {
		case "action":
			a := s.action(e)
			is = a == want || strings.HasPrefix(a, want+".")
		case "actor":
			is = s.w.Logins[e.Actor].Name == want
		case "user":
			is = e.User >= 0 && s.w.Logins[e.User].Name == want
		case "repo":
			is = e.Repo >= 0 && s.w.Repos[e.Repo].FullName() == want
		case "org":
			is = want == life.OrgLogin
		}
		if is == not {
			return false
		}
	}
	return true
}
