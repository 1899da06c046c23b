package cli

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tickmark/tickmark/internal/simco"
)

// testContext is for work that belongs to no single test.
var testContext = context.Background()

// The simulated company of the scripts is small, and has always lived the same two months: no answer depends on today.
const (
	people       = 60
	repositories = 8
	lifeDays     = 60
	lifeSeed     = 7
)

// lifeStart is the first day. The commands run now, long after: sources are read as they stand at the end of the life.
var lifeStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// startCompany serves some of the company's systems on loopback, and returns the environment a connection to them needs.
func startCompany(people int) (*simco.Company, map[string]string, func(), error) {
	company, err := simco.New(simco.Config{Seed: lifeSeed, People: people, Repositories: repositories, Days: lifeDays, Start: lifeStart, Planted: true})
	if err != nil {
		return nil, nil, nil, err
	}
	t := company.Tokens()
	env := map[string]string{"GITHUB_ORG": t.GitHubOrg, "GITHUB_TOKEN": t.GitHubToken, "OKTA_TOKEN": t.OktaToken, "BAMBOOHR_COMPANY": t.BambooHRCompany, "BAMBOOHR_KEY": t.BambooHRKey, "GITLAB_TOKEN": t.GitLabToken, "GITLAB_GROUP": t.GitLabGroup}
	var servers []*httptest.Server
	var allow []string
	for name, variable := range map[string]string{simco.GitHub: "GITHUB", simco.Okta: "OKTA", simco.BambooHR: "BAMBOOHR", simco.GitLab: "GITLAB"} {
		s := httptest.NewServer(company.Handler(name))
		servers = append(servers, s)
		env[variable] = s.URL
		allow = append(allow, strings.TrimPrefix(s.URL, "http://"))
	}
	env["TICKMARK_ALLOW_PRIVATE"] = strings.Join(allow, ",")
	return company, env, func() {
		for _, s := range servers {
			s.Close()
		}
	}, nil
}

var companies sync.Map // name of the script -> *simco.Company

// systems [PEOPLE]: starts the simulated systems for a script and sets their addresses and credentials.
func systems(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: systems [PEOPLE]")
	}
	n := people
	if len(args) == 1 {
		var err error
		n, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	company, env, stop, err := startCompany(n)
	ts.Check(err)
	companies.Store(ts.Name(), company)
	ts.Defer(func() { companies.Delete(ts.Name()); stop() })
	for k, v := range env {
		ts.Setenv(k, v)
	}
}

// fault SYSTEM PATH FROM KIND [VALUE]: from the FROMth request on whose path contains PATH, things go wrong. Kinds: status
// CODE, truncate, malformed, drop ROWS, none.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: fault SYSTEM PATH FROM KIND [VALUE]")
	}
	v, ok := companies.Load(ts.Name())
	company, isCompany := v.(*simco.Company)
	if !ok || !isCompany {
		ts.Fatalf("no systems: begin with the command systems")
	}
	from, err := strconv.Atoi(args[2])
	ts.Check(err)
	response, err := faultOf(args[3:])
	ts.Check(err)
	ts.Check(company.SetFault(args[0], faultFrom(args[1], from, response)))
}

func faultOf(args []string) (*simco.FaultResponse, error) {
	value := 0
	if len(args) > 1 {
		var err error
		if value, err = strconv.Atoi(args[1]); err != nil {
			return nil, err
		}
	}
	switch args[0] {
	case "status":
		// A limit that asks to wait for hours is one the program gives up at, instead of waiting.
		return &simco.FaultResponse{Status: value, RetryAfter: 6 * time.Hour}, nil
	case "truncate":
		return &simco.FaultResponse{Truncate: 40}, nil
	case "malformed":
		return &simco.FaultResponse{Malformed: true}, nil
	case "drop":
		return &simco.FaultResponse{Drop: value}, nil
	case "none":
		return nil, nil //nolint:nilnil // no fault
	}
	return nil, errors.New("no such fault: " + args[0])
}

// faultFrom applies a fault to the requests of a path, from the given one on.
func faultFrom(path string, from int, f *simco.FaultResponse) simco.Fault {
	if f == nil {
		return nil
	}
	var mu sync.Mutex
	seen := 0
	return func(r *http.Request, _ int) *simco.FaultResponse {
		if !strings.Contains(r.URL.Path, path) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if seen++; seen < from {
			return nil
		}
		return f
	}
}
