// Package desk is what a reader works with on every page: background jobs, search and the palette, saved views of lists,
// and the question before an act on many rows.
package desk

import (
	"net/http"
	"sync"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages stand on.
type Services struct {
	Background page.Background
	View       *view.Reader
	Access     *access.Service
	Fieldwork  *fieldwork.Service
	Detect     *detect.Service
}

type pages struct {
	Services
	streams streams
}

// Routes are the addresses of this package.
func Routes(s Services) []page.Route {
	p := &pages{Services: s, streams: streams{of: map[access.UserID]int{}}}
	const read = access.ReadProgramme
	return []page.Route{
		{Method: http.MethodGet, Pattern: "/jobs", Action: read, Title: "Jobs", Command: "What is running?", Handle: p.jobs},
		{Method: http.MethodGet, Pattern: "/jobs/events", Action: read, Title: "Jobs, live", Stream: true, Handle: p.events},
		{Method: http.MethodGet, Pattern: "/jobs/{id}", Action: read, Title: "Job", Handle: p.job},
		{Method: http.MethodGet, Pattern: "/jobs/{id}/file", Action: access.ReadEngagement, Title: "What a job made", Stream: true, Handle: p.file},
		{Method: http.MethodGet, Pattern: "/jobs/{id}/cancel", Action: access.RunCollection, Title: "Cancel a job", Nav: "/jobs", Handle: p.askCancel},
		{Method: http.MethodPost, Pattern: "/jobs/{id}/cancel", Action: access.RunCollection, Title: "Cancel a job", Nav: "/jobs", Handle: p.cancel},
		{Method: http.MethodGet, Pattern: "/search", Action: page.SignedIn, Title: "Search", Handle: p.search},
		{Method: http.MethodGet, Pattern: "/keys", Action: page.SignedIn, Title: "Keys", Command: "Show the keys", Handle: keys},
		{Method: http.MethodGet, Pattern: "/views", Action: page.SignedIn, Title: "Saved views", Command: "Saved views", Handle: p.views},
		{Method: http.MethodGet, Pattern: "/views/new", Action: page.SignedIn, Title: "Save this view", Nav: "/views", Handle: p.newView},
		{Method: http.MethodPost, Pattern: "/views", Action: page.SignedIn, Title: "Save this view", Handle: p.saveView},
		{Method: http.MethodGet, Pattern: "/views/{id}", Action: page.SignedIn, Title: "Saved view", Handle: p.openView},
		{Method: http.MethodGet, Pattern: "/views/{id}/edit", Action: page.SignedIn, Title: "Change a view", Handle: p.editView},
		{Method: http.MethodPost, Pattern: "/views/{id}", Action: page.SignedIn, Title: "Change a view", Handle: p.renameView},
		{Method: http.MethodPost, Pattern: "/confirm", Action: page.SignedIn, Title: "Are you sure?", Handle: confirm},
	}
}

// streams counts the live connections of each person: a browser keeps few to one host, and a forgotten tab keeps one.
type streams struct {
	mu sync.Mutex
	of map[access.UserID]int
}

// perPerson bounds the live connections of one person.
const perPerson = 12

func (s *streams) take(u access.UserID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[u] >= perPerson {
		return false
	}
	s.of[u]++
	return true
}

func (s *streams) give(u access.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[u]--; s.of[u] <= 0 {
		delete(s.of, u)
	}
}
