// Package terraform reads infrastructure as code from HCP Terraform or Terraform Enterprise over its interface, version 2: the runs of
// each workspace, and what the newest state of each holds. State is full of passwords and keys: of its values only those stay by
// which events name a resource, and none that is marked as sensitive (see identifiers).
package terraform

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Connector reads HCP Terraform and Terraform Enterprise. The zero value is ready.
type Connector struct{}

var _ collect.Connector = Connector{}

const (
	usualBase        = "https://app.terraform.io"
	defaultFirstDays = 90
	runResource      = "infrastructure_run"
	stateResource    = "infrastructure_resource"
)

// parallel is how many workspaces are read at once. The service takes 30 requests a second of one token.
// https://developer.hashicorp.com/terraform/cloud-docs/api-docs#rate-limiting
const parallel = 3

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "terraform", Title: "HCP Terraform", Version: 1,
		Doc: "Reads the runs of each workspace and which resources its newest state holds. Of the values in state only identifiers are kept; passwords and keys never are. Changes nothing.",
		Fields: []collect.Field{
			{Name: "org", Title: "Organisation", Hint: "Its name, as in app.terraform.io/app/<name>", Required: true},
			{Name: "token", Title: "Team token", Hint: "Of a team that reads runs and state, and nothing else", Required: true, Secret: true},
			{Name: "base_url", Title: "Address", Hint: "Of Terraform Enterprise https://<host>; in Europe https://app.eu.terraform.io", Address: true, Default: usualBase},
			{Name: "first_days", Title: "Days of the first run", Hint: "How far back the first run reads runs", Default: strconv.Itoa(defaultFirstDays)},
		},
		Grants: grants(),
		Steps: []string{
			"In the organisation open Settings, Teams, and make a team for this alone, without access to the organisation's settings.",
			"Give the team each workspace, or each project, with custom permissions: Runs: Read; State versions: Read; everything else: none. A workspace that is left out is not seen, and nothing says that it is missing.",
			"On the team's page make a team token with an expiration as your rules say; the connection tells you when it stops working.",
		},
		Limits: []string{
			"Who reads state can read what is secret in it: keep the token as you keep those secrets. It stays encrypted here, and the values of state are dropped as they are read.",
			"Only the newest state of a workspace is read: what a run made and a later one took away between two readings is not known. Read often where much is run.",
			"A run that waits for more than 30 days is not seen when it goes on.",
			"Runs with local execution, and code whose state is kept elsewhere, are not seen.",
			"The service counts all runs of a workspace, not those of a time, so the completeness of runs is asserted after the first run; that of resources is proven.",
		},
		Resources: []string{runResource, stateResource},
	}
}

// grants are the permissions of a team, by the names of the vendor's documentation.
func grants() []collect.Permission {
	return []collect.Permission{
		{Name: "Workspaces", Why: "which there are", Resources: []string{runResource, stateResource}},
		{Name: "Runs: Read", Why: "what was applied when, who made and who confirmed it, of which commit", Resources: []string{runResource}},
		{Name: "State versions: Read", Why: "which resources code manages, and by which names events call them", Resources: []string{stateResource}},
	}
}

// run is one run over an organisation.
type run struct {
	http         *http.Client
	sink         collect.Sink
	base         string
	org          string
	token        string
	since, until time.Time
	users        users
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

func start(e collect.Env, s collect.Sink) (r *run, err error) {
	r = &run{http: e.HTTP, sink: s, org: pull.Setting(e, "org", ""), until: e.Until}
	if r.http == nil {
		return nil, errs.New(errs.Internal, "the run has no HTTP client")
	}
	if !plainName.MatchString(r.org) {
		return nil, errs.New(errs.Invalid, "%q is not the name of an organisation", r.org).At("org").WithHint("Write it as it stands in app.terraform.io/app/<name>.")
	}
	if r.token, err = pull.Need(e.Secrets, "token", "the team token"); err != nil {
		return nil, err
	}
	if r.base, err = pull.Address(e, "base_url", usualBase); err != nil {
		return nil, err
	}
	r.since, err = pull.Since(e, defaultFirstDays)
	return r, err
}

// Collect emits everything. What of a workspace cannot be read is reported to the sink, and the others go on. Runs come before states,
// so that no run is known whose state is older.
func (Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := start(e, s)
	if err != nil {
		return err
	}
	all, err := r.workspaces(ctx)
	if err != nil {
		if err := collect.Report(ctx, s, runResource, err); err != nil {
			return collect.Halted(ctx, err)
		}
		return collect.Halted(ctx, collect.Report(ctx, s, stateResource, err))
	}
	if err = r.runs(ctx, all); err == nil {
		err = r.states(ctx, all)
	}
	return collect.Halted(ctx, err)
}

// Check lists the workspaces, and asks for the runs and the state of one.
func (Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := start(e, nil)
	if err != nil {
		return nil, err
	}
	p := grants()
	a, err := r.get(ctx, r.workspacePath(), "page[size]", "100")
	var doc document[workspace]
	if err == nil {
		err = a.Decode(&doc)
	}
	if err := pull.Verdict(&p[0], r.explain(err)); err != nil || p[0].Granted == nil || !*p[0].Granted {
		return p, err
	}
	p[0].Detail = "sees " + strconv.FormatInt(max(int64(len(doc.Data)), doc.count()), 10) + " workspaces; compare this with what the organisation has"
	if len(doc.Data) == 0 {
		return p, nil
	}
	first := doc.Data[0].Value
	_, err = r.get(ctx, "/api/v2/workspaces/"+esc(first.ID)+"/runs", "page[size]", "1")
	if err := pull.Verdict(&p[1], err); err != nil {
		return p, err
	}
	refused(&p[1], doc.Data, func(w workspace) *bool { return w.Attributes.Permissions.Runs })
	_, _, err = r.version(ctx, first)
	if err := pull.Verdict(&p[2], err); err != nil {
		return p, err
	}
	refused(&p[2], doc.Data, func(w workspace) *bool { return w.Attributes.Permissions.State })
	return p, nil
}

// refused says of which workspaces the service itself says that the token may not read them.
func refused(p *collect.Permission, all []httpx.Row[workspace], may func(workspace) *bool) {
	var names []string
	for _, w := range all {
		if m := may(w.Value); m != nil && !*m {
			names = append(names, w.Value.Attributes.Name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		p.Granted, p.Detail = collect.Ptr(false), "not for "+strings.Join(names[:min(len(names), 5)], ", ")
		if len(names) > 5 {
			p.Detail += " and " + strconv.Itoa(len(names)-5) + " more"
		}
	}
}
