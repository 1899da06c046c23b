package terraform

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// listed is a resource as the service lists it: without any value.
type listed struct {
	ID         string `json:"id"`
	Attributes struct {
		Address  string `json:"address"`
		Type     string `json:"provider-type"`
		Provider string `json:"provider"`
	} `json:"attributes"`
}

// version is what is read of a version of state.
type version struct {
	Attributes struct {
		CreatedAt time.Time `json:"created-at"`
		Serial    *int64    `json:"serial"`
		Status    string    `json:"status"`
		Processed *bool     `json:"resources-processed"`
		Shown     string    `json:"hosted-json-state-download-url"`
		Kept      string    `json:"hosted-state-download-url"`
	} `json:"attributes"`
	Relationships struct {
		Run link `json:"run"`
	} `json:"relationships"`
}

// states emits the resources of the newest state of all workspaces.
func (r *run) states(ctx context.Context, all []workspace) error {
	r.sink.Note(stateResource, "Of the values of state only identifiers are kept, and none that is marked as sensitive.")
	var mu sync.Mutex
	var total int64
	told := true
	err := httpx.Each(ctx, parallel, all, func(ctx context.Context, w workspace) error {
		n, err := r.stateOf(ctx, w)
		mu.Lock()
		defer mu.Unlock()
		if n < 0 {
			told = false
		}
		total += n
		return collect.Report(ctx, r.sink, stateResource, errs.Wrap(err, "state of the workspace %s", w.Attributes.Name))
	})
	if err == nil && told {
		r.sink.Total(stateResource, total, "total-count of each workspace's resources")
	}
	return err
}

// stateOf emits the resources of a workspace's newest state, by the service's own list, with the identifiers that the state gives. It
// gives the source's own count; -1 if there is none.
func (r *run) stateOf(ctx context.Context, w workspace) (int64, error) {
	v, some, err := r.version(ctx, w)
	if err != nil {
		return -1, err
	}
	var rows []httpx.Row[listed]
	said, _, err := list(ctx, r, stateResource, "GET /workspaces/:workspace_id/resources", "/api/v2/workspaces/"+esc(w.ID)+"/resources", func(d *document[listed]) (bool, error) {
		rows = append(rows, d.Data...)
		return true, nil
	})
	if err != nil || !some && len(rows) == 0 {
		return said, err
	}
	named, trouble := r.identified(ctx, w, v)
	seen := map[string]bool{}
	for _, x := range rows {
		a := x.Value.Attributes
		if a.Address == "" {
			return said, errs.New(errs.Invalid, "a resource lacks its address")
		}
		if seen[a.Address] {
			continue
		}
		seen[a.Address] = true
		if err := collect.Emit(r.sink, r.resource(w, v, x.Value, named)); err != nil {
			return said, err
		}
	}
	if trouble != nil {
		return said, trouble
	}
	var lost []string
	for address, x := range named {
		if !seen[address] && x.mode == managed {
			lost = append(lost, address)
		}
	}
	if len(lost) > 0 {
		return said, errs.New(errs.Unavailable, "the state holds %d resources that the source does not list, such as %s", len(lost), lost[0]).WithHint("It may still be processing the newest state; the next run reads it again.")
	}
	return said, nil
}

func (r *run) resource(w workspace, v version, x listed, named map[string]instance) *collect.InfrastructureResource {
	a := x.Attributes
	f := &collect.InfrastructureResource{
		ID: w.ID + "/" + a.Address, WorkspaceID: w.ID, Workspace: w.Attributes.Name, Address: a.Address, Mode: modeOf(a.Address), Type: a.Type, Provider: collect.NonZero(a.Provider),
		Serial: v.Attributes.Serial, RunID: collect.NonZero(v.Relationships.Run.id()),
	}
	if !v.Attributes.CreatedAt.IsZero() {
		f.WrittenAt = collect.Ptr(pull.Micros(v.Attributes.CreatedAt))
	}
	if n, ok := named[a.Address]; ok {
		f.Type = n.kind
		text, err := json.Marshal(n.names)
		if err == nil { // a map of texts always marshals
			f.Identifiers = collect.Ptr(string(text))
		}
	}
	// The record as it came holds the values. What stays is made of what was kept.
	raw, err := json.Marshal(map[string]any{"id": x.ID, "address": a.Address, "type": f.Type, "provider": a.Provider, "identifiers": f.Identifiers})
	if err == nil {
		f.Raw = string(raw)
	}
	return f
}

const managed = "managed"

// modeOf is how an address is meant: the last part of one that is only looked up begins with "data.".
func modeOf(address string) string {
	rest := address
	for strings.HasPrefix(rest, "module.") {
		i := next(rest[len("module."):])
		if i < 0 {
			break
		}
		rest = rest[len("module.")+i:]
	}
	if strings.HasPrefix(rest, "data.") {
		return "data"
	}
	return managed
}

// next is where the part after the first of an address begins; an index in brackets may hold dots.
func next(s string) int {
	deep, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			deep++
		case c == ']':
			deep--
		case c == '.' && deep == 0:
			return i + 1
		}
	}
	return -1
}

// version is the newest version of a workspace's state; false if it has none.
func (r *run) version(ctx context.Context, w workspace) (version, bool, error) {
	var doc struct {
		Data version `json:"data"`
	}
	a, err := r.get(ctx, "/api/v2/workspaces/"+esc(w.ID)+"/current-state-version")
	if httpx.StatusOf(err) == http.StatusNotFound && (w.Attributes.Permissions.State == nil || *w.Attributes.Permissions.State) {
		return doc.Data, false, nil // nothing was applied yet
	}
	if err != nil {
		return doc.Data, false, err
	}
	if r.sink != nil {
		r.sink.Page(stateResource, "GET /workspaces/:workspace_id/current-state-version")
	}
	err = a.Decode(&doc)
	return doc.Data, err == nil, err
}

// identified reads the state and gives the identifiers of what it holds, by address. Nothing else of it is kept.
func (r *run) identified(ctx context.Context, w workspace, v version) (map[string]instance, error) {
	if p := v.Attributes.Processed; p != nil && !*p {
		return nil, errs.New(errs.Unavailable, "the source is still processing the newest state").WithHint("The next run reads it again.")
	}
	for _, x := range []struct {
		address, endpoint string
		read              func([]byte) (map[string]instance, error)
	}{
		{v.Attributes.Shown, "GET /state-versions/:id/hosted_json_state", readShown},
		{v.Attributes.Kept, "GET /state-versions/:id/hosted_state", readKept},
	} {
		if x.address == "" {
			continue
		}
		a, err := r.download(ctx, x.address)
		if err != nil {
			return nil, errs.Wrap(err, "its content")
		}
		r.sink.Page(stateResource, x.endpoint)
		return x.read(a.Body)
	}
	return nil, errs.New(errs.Denied, "the source gives no address of the state").WithHint("Give the team State versions: Read for the workspace %s.", w.Attributes.Name)
}
