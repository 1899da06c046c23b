package terraform

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// late is how long after it was made a run may still change and be seen: lists go by creation, so each reading looks back that far for
// runs that were confirmed, or ended, after an earlier one.
const late = 30 * 24 * time.Hour

// row is a run as the list shows it.
type row struct {
	ID         string `json:"id"`
	Attributes struct {
		CreatedAt  time.Time            `json:"created-at"`
		Status     string               `json:"status"`
		Source     string               `json:"source"`
		Message    string               `json:"message"`
		Destroy    *bool                `json:"is-destroy"`
		AutoApply  *bool                `json:"auto-apply"`
		Timestamps map[string]time.Time `json:"status-timestamps"`
		CanceledAt *time.Time           `json:"canceled-at"`
	} `json:"attributes"`
	Relationships struct {
		CreatedBy   link `json:"created-by"`
		ConfirmedBy link `json:"confirmed-by"`
		Apply       link `json:"apply"`
		Version     link `json:"configuration-version"`
	} `json:"relationships"`
}

// included is a document that comes along with runs: a user, an apply, a version of the code or what the code host said of it.
type included struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Attributes struct {
		Username     string `json:"username"`
		Service      *bool  `json:"is-service-account"`
		Additions    *int64 `json:"resource-additions"`
		Changes      *int64 `json:"resource-changes"`
		Destructions *int64 `json:"resource-destructions"`
		Commit       string `json:"commit-sha"`
		Repository   string `json:"identifier"`
	} `json:"attributes"`
	Relationships struct {
		Ingress link `json:"ingress-attributes"`
	} `json:"relationships"`
}

// touched is the last time at which something is known to have happened to a run.
func (w *row) touched() time.Time {
	last := w.Attributes.CreatedAt
	for _, t := range w.Attributes.Timestamps {
		if t.After(last) {
			last = t
		}
	}
	if c := w.Attributes.CanceledAt; c != nil && c.After(last) {
		last = *c
	}
	return last
}

// ends are the names under which the service keeps when a run came to its end.
var ends = []string{"applied-at", "errored-at", "canceled-at", "force-canceled-at", "discarded-at", "planned-and-finished-at", "planned-and-saved-at", "policy-soft-failed-at"}

// runs emits the runs of all workspaces that were made or went on in the window.
func (r *run) runs(ctx context.Context, all []workspace) error {
	r.sink.Note(runResource, "A run that went on more than 30 days after it was made is not seen. Values of variables of runs are not kept.")
	var mu sync.Mutex
	var total int64
	whole := true
	err := httpx.Each(ctx, parallel, all, func(ctx context.Context, w workspace) error {
		said, to, err := r.runsOf(ctx, w)
		mu.Lock()
		defer mu.Unlock()
		total, whole = total+said, whole && to && err == nil && said >= 0
		return collect.Report(ctx, r.sink, runResource, errs.Wrap(err, "runs of the workspace %s", w.Attributes.Name))
	})
	switch {
	case err != nil:
	case whole:
		r.sink.Total(runResource, total, "total-count of each workspace's runs")
	default:
		r.sink.Note(runResource, "The source counts all runs of a workspace, not those of a time, so there is no count to compare with.")
	}
	return err
}

// runsOf emits the runs of a workspace. It gives the source's own count, and whether all of them were emitted.
func (r *run) runsOf(ctx context.Context, w workspace) (said int64, whole bool, err error) {
	from := r.since.Add(-late)
	seen := map[string]bool{}
	outside := false
	said, toEnd, err := list(ctx, r, runResource, "GET /workspaces/:workspace_id/runs", "/api/v2/workspaces/"+esc(w.ID)+"/runs", func(d *document[row]) (bool, error) {
		beside := map[string]included{}
		for _, x := range d.Included {
			beside[x.Type+"/"+x.ID] = x
		}
		for _, x := range d.Data {
			v := &x.Value
			if v.ID == "" || v.Attributes.CreatedAt.IsZero() || v.Attributes.Status == "" {
				return false, errs.New(errs.Invalid, "a run lacks its identifier, time or status")
			}
			if v.Attributes.CreatedAt.Before(from) {
				outside = true
				return false, nil
			}
			if seen[v.ID] {
				continue
			}
			seen[v.ID] = true
			if !v.Attributes.CreatedAt.Before(r.until) || v.touched().Before(r.since) && !lasting[v.Attributes.Status] {
				outside = true
				continue
			}
			f, err := r.fact(ctx, w, x, beside)
			if err != nil {
				return false, err
			}
			if err := collect.Emit(r.sink, f); err != nil {
				return false, err
			}
		}
		return true, nil
	}, "include", "created_by,apply,configuration_version.ingress_attributes")
	if err == nil && toEnd && said >= 0 && said != int64(len(seen)) {
		err = shifted("runs", int64(len(seen)), said)
	}
	return said, toEnd && !outside, err
}

// lasting are the states in which a run changes things now.
var lasting = map[string]bool{"applying": true}

func (r *run) fact(ctx context.Context, w workspace, x httpx.Row[row], beside map[string]included) (*collect.InfrastructureRun, error) {
	v := &x.Value
	a := &v.Attributes
	f := &collect.InfrastructureRun{
		ID: v.ID, WorkspaceID: w.ID, Workspace: w.Attributes.Name, Status: a.Status, Trigger: collect.NonZero(a.Source), Message: collect.NonZero(a.Message), Destroy: a.Destroy, AutoApply: a.AutoApply,
		CreatedAt: pull.Micros(a.CreatedAt), ApplyBeganAt: v.at("applying-at"), AppliedAt: v.at("applied-at"),
	}
	for _, name := range ends {
		if f.EndedAt = v.at(name); f.EndedAt != nil {
			break
		}
	}
	if f.EndedAt == nil && a.CanceledAt != nil && !a.CanceledAt.IsZero() {
		f.EndedAt = collect.Ptr(pull.Micros(*a.CanceledAt))
	}
	var err error
	if f.CreatedBy, f.CreatedByService, err = r.who(ctx, v.Relationships.CreatedBy.id(), beside); err != nil {
		return nil, err
	}
	if f.ConfirmedBy, f.ConfirmedByService, err = r.who(ctx, v.Relationships.ConfirmedBy.id(), beside); err != nil {
		return nil, err
	}
	ingress := beside["configuration-versions/"+v.Relationships.Version.id()].Relationships.Ingress.id()
	if s, ok := beside["ingress-attributes/"+ingress]; ok {
		f.Commit, f.Repository = collect.NonZero(s.Attributes.Commit), collect.NonZero(s.Attributes.Repository)
	}
	if s, ok := beside["applies/"+v.Relationships.Apply.id()]; ok {
		f.Additions, f.Changes, f.Destructions = s.Attributes.Additions, s.Attributes.Changes, s.Attributes.Destructions
	}
	f.Raw, err = withoutVariables(x.Raw)
	return f, err
}

func (w *row) at(name string) *time.Time {
	t, ok := w.Attributes.Timestamps[name]
	if !ok || t.IsZero() {
		return nil
	}
	return collect.Ptr(pull.Micros(t))
}

// withoutVariables is the record of a run without the values of its variables, which may be secret.
func withoutVariables(raw string) (string, error) {
	var doc, attributes map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		return "", errs.New(errs.Invalid, "the record of a run is not an object")
	}
	if err := json.Unmarshal(doc["attributes"], &attributes); err != nil {
		return "", errs.New(errs.Invalid, "the record of a run has no attributes")
	}
	if _, has := attributes["variables"]; !has {
		return raw, nil
	}
	delete(attributes, "variables")
	var err error
	if doc["attributes"], err = json.Marshal(attributes); err != nil {
		return "", errs.As(errs.Internal, err, "the record of a run")
	}
	out, err := json.Marshal(doc)
	return string(out), errs.As(errs.Internal, err, "the record of a run")
}

// users are the accounts that were asked for by name, since lists do not bring along who confirmed.
type users struct {
	mu    sync.Mutex
	known map[string]included
}

// who is an account's name, and whether it is a program's. An account that is not shown keeps its identifier.
func (r *run) who(ctx context.Context, id string, beside map[string]included) (*string, *bool, error) {
	if id == "" {
		return nil, nil, nil
	}
	x, ok := beside["users/"+id]
	if !ok {
		var err error
		if x, err = r.user(ctx, id); err != nil {
			return nil, nil, errs.Wrap(err, "the account %s", id)
		}
	}
	if x.Attributes.Username == "" {
		return &id, nil, nil
	}
	return collect.Ptr(x.Attributes.Username), x.Attributes.Service, nil
}

func (r *run) user(ctx context.Context, id string) (included, error) {
	r.users.mu.Lock()
	x, ok := r.users.known[id]
	r.users.mu.Unlock()
	if ok {
		return x, nil
	}
	var doc struct {
		Data included `json:"data"`
	}
	a, err := r.get(ctx, "/api/v2/users/"+esc(id))
	switch {
	case err == nil:
		r.sink.Page(runResource, "GET /users/:user_id")
		err = a.Decode(&doc)
	case httpx.StatusOf(err) == http.StatusNotFound || httpx.StatusOf(err) == http.StatusForbidden:
		err = nil
	}
	if err != nil {
		return included{}, err
	}
	r.users.mu.Lock()
	defer r.users.mu.Unlock()
	if r.users.known == nil {
		r.users.known = map[string]included{}
	}
	r.users.known[id] = doc.Data
	return doc.Data, nil
}
