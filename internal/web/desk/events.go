package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Times of a live connection. It ends after a while and the browser opens it again, so that a session that has ended or a
// right that was taken away ends it too.
const (
	heartbeat  = 15 * time.Second
	lookEvery  = 5 * time.Second // for jobs of other processes, of which nobody tells
	streamLife = 5 * time.Minute
	writeLimit = 10 * time.Second // for a reader who does not read
	quietEvery = 150 * time.Millisecond
)

// message is a change of a job for the script of a page.
type message struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Part  string `json:"part"`  // HTML of what changes while it runs
	Whole string `json:"whole"` // HTML of all of it
}

// events tells the jobs of the organisation as they go: an event "job" for each change, "count" for how many are under way.
// It ends with "idle" when there is none, because a page then has nothing to follow.
func (p *pages) events(r *page.Request) error {
	if !p.streams.take(r.Grant.User.ID) {
		return errs.New(errs.Exhausted, "too many pages follow jobs at once").WithHint("Close some, or load the page again to see how far the job is.")
	}
	defer p.streams.give(r.Grant.User.ID)
	changed, stop := p.Background.Watch(r.Context())
	defer stop()
	h := r.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // proxies must not wait for the end
	s := &stream{p: p, r: r, out: http.NewResponseController(r.Writer()), told: map[string]string{}}
	r.Writer().WriteHeader(http.StatusOK)
	if !s.look() {
		return nil
	}
	end, beat, tick := time.NewTimer(streamLife), time.NewTicker(heartbeat), time.NewTicker(lookEvery)
	defer end.Stop()
	defer beat.Stop()
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-beat.C:
			if !s.send(": still here\n\n") {
				return nil
			}
		case <-tick.C:
			if !s.look() {
				return nil
			}
		case _, ok := <-changed:
			if !ok || !s.look() {
				return nil
			}
			if !s.rest() {
				return nil
			}
		}
	}
}

// stream is one live connection.
type stream struct {
	p    *pages
	r    *page.Request
	out  *http.ResponseController
	told map[string]string // the last message on each open job
	open int
}

// rest waits a moment: many changes at once are told as one.
func (s *stream) rest() bool {
	select {
	case <-s.r.Context().Done():
		return false
	case <-time.After(quietEvery):
		return true
	}
}

// look reads the open jobs and tells what changed. It reports whether the connection goes on.
func (s *stream) look() bool {
	ctx := s.r.Context()
	open, err := s.p.Background.Open(ctx, s.r.Read())
	if err != nil {
		return false // the browser tries again
	}
	seen := map[string]bool{}
	for _, j := range open {
		seen[j.ID] = true
		if !s.tell(ctx, j) {
			return false
		}
	}
	for id := range s.told {
		if seen[id] {
			continue
		}
		delete(s.told, id)
		j, err := s.p.Background.Job(ctx, s.r.Read(), id)
		if err != nil || !s.tell(ctx, j) {
			return false
		}
		delete(s.told, id)
	}
	if len(open) != s.open {
		s.open = len(open)
		if !s.event("count", fmt.Sprint(s.open)) {
			return false
		}
	}
	if len(open) == 0 {
		s.event("idle", "0")
		return false
	}
	return true
}

func (s *stream) tell(ctx context.Context, j page.Job) bool {
	part, err1 := draw(ctx, page.JobState(j))
	whole, err2 := draw(ctx, page.LiveJob(j))
	raw, err3 := json.Marshal(message{j.ID, j.Status, part, whole})
	if err1 != nil || err2 != nil || err3 != nil {
		return false
	}
	if s.told[j.ID] == string(raw) {
		return true
	}
	s.told[j.ID] = string(raw)
	return s.event("job", string(raw))
}

func draw(ctx context.Context, c templ.Component) (string, error) {
	var b strings.Builder
	err := c.Render(ctx, &b)
	return b.String(), err
}

// event sends an event; data has no line breaks, being JSON or a number.
func (s *stream) event(name, data string) bool {
	return s.send("event: " + name + "\ndata: " + data + "\n\n")
}

func (s *stream) send(text string) bool {
	_ = s.out.SetWriteDeadline(time.Now().Add(writeLimit)) // not every writer has one
	if _, err := s.r.Writer().Write([]byte(text)); err != nil {
		return false
	}
	return s.out.Flush() == nil
}
