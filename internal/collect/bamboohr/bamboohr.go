// Package bamboohr reads the people of a company from BambooHR: everybody who works there, did, or is about to. A key sees
// what its user may see, and BambooHR leaves the rest empty without a word, so the connector looks for fields that are
// empty for everybody or that the key's list of fields does not name.
package bamboohr

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Connector reads BambooHR. The zero value is ready.
type Connector struct{}

var _ collect.Connector = Connector{}

// custom is a field that each company adds to BambooHR by itself, under a name of its own.
type custom struct {
	setting string // name of the setting that names it
	title   string
	usual   string
	set     func(f *collect.Worker, v value) error
}

// customs are the fields that say what the company asked of a person.
var customs = []custom{
	{"field_screening_completed", "Background check completed", "backgroundCheckCompleted", func(f *collect.Worker, v value) error { return v.date(&f.ScreeningCompletedOn) }},
	{"field_screening_result", "Background check result", "backgroundCheckResult", func(f *collect.Worker, v value) error { f.ScreeningResult = v.text(); return nil }},
	{"field_agreement_signed", "Confidentiality agreement signed", "agreementSigned", func(f *collect.Worker, v value) error { return v.date(&f.AgreementSignedOn) }},
	{"field_conduct_accepted", "Code of conduct accepted", "codeOfConductAccepted", func(f *collect.Worker, v value) error { return v.date(&f.ConductAcceptedOn) }},
	{"field_training_first", "First security training", "securityTrainingFirst", func(f *collect.Worker, v value) error { return v.date(&f.AwarenessFirstOn) }},
	{"field_training_last", "Last security training", "securityTrainingLast", func(f *collect.Worker, v value) error { return v.date(&f.AwarenessLastOn) }},
	{"field_review_last", "Last performance review", "lastPerformanceReview", func(f *collect.Worker, v value) error { return v.date(&f.PerformanceReviewedOn) }},
}

// notKept in a setting says that the company does not keep a field in BambooHR.
const notKept = "-"

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	d := collect.Description{
		Kind: "bamboohr", Title: "BambooHR", Version: 1,
		Doc: "Reads people with their employment, manager and the dates of screening, agreement, training and review. Reads no pay, no address and no document.",
		Fields: []collect.Field{
			{Name: "company", Title: "Company", Hint: "The company's name in its address, https://<company>.bamboohr.com", Required: true, Address: true},
			{Name: "api_key", Title: "API key", Hint: "Of a user who may see everybody, and the fields below, and change nothing", Required: true, Secret: true},
			{Name: "base_url", Title: "Address", Hint: "If it differs from https://<company>.bamboohr.com", Address: true},
		},
		Grants: grants(),
		Steps: []string{
			"In BambooHR make an access level for this purpose that sees every employee, people who left included, and the fields listed beside, and changes nothing.",
			"Make a user with that access level alone.",
			"Sign in as that user, open the menu of the account, API Keys, and add a key. BambooHR shows it once.",
		},
		Limits: []string{
			"A key sees what its user sees: a field or a person that the access level hides is missing without a word. The test beside says which fields came back empty.",
			"BambooHR has no log of changes for this interface; who changed a record is not known.",
		},
		Resources: []string{"worker"},
	}
	for _, c := range customs {
		d.Fields = append(d.Fields, collect.Field{Name: c.setting, Title: c.title, Hint: "Alias or number of the field in BambooHR, or - if it is not kept there", Default: c.usual})
	}
	return d
}

func grants() []collect.Permission {
	all := []string{"worker"}
	return []collect.Permission{
		{Name: "See all employees", Why: "everybody counts, people who left above all", Resources: all},
		{Name: "See employment fields", Why: "name, work email, department, title, manager, hire and termination dates, status", Resources: all},
		{Name: "See the company's own fields", Why: "screening, agreement, code of conduct, training and reviews", Resources: all},
	}
}

// run is one run over a company.
type run struct {
	base   string
	key    string
	http   *http.Client
	sink   collect.Sink
	fields map[string]string // by setting: the field's name; absent when it is not kept
}

var companyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)

func start(e collect.Env, s collect.Sink) (*run, error) {
	company := strings.TrimSpace(e.Settings["company"])
	if !companyName.MatchString(company) {
		return nil, errs.New(errs.Invalid, "%q is not a company's name in an address of BambooHR", company).At("company")
	}
	base := strings.TrimSpace(e.Settings["base_url"])
	if base == "" {
		base = "https://" + company + ".bamboohr.com"
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, errs.New(errs.Invalid, "the address of BambooHR is not of the form https://<company>.bamboohr.com").At("base_url")
	}
	r := &run{base: strings.TrimSuffix(base, "/"), key: strings.TrimSpace(e.Secrets["api_key"]), http: e.HTTP, sink: s, fields: map[string]string{}}
	if r.key == "" {
		return nil, errs.New(errs.Invalid, "no API key is given").At("api_key")
	}
	if r.http == nil {
		return nil, errs.New(errs.Internal, "the run has no HTTP client")
	}
	for _, c := range customs {
		name := strings.TrimSpace(e.Settings[c.setting])
		switch name {
		case "":
			r.fields[c.setting] = c.usual
		case notKept:
		default:
			r.fields[c.setting] = name
		}
	}
	return r, nil
}

// send makes a request and returns its answer. body is nil for GET.
func (r *run) send(ctx context.Context, path string, query url.Values, body any) (*httpx.Answer, error) {
	method, to := http.MethodGet, r.base+path
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	var content []byte
	if body != nil {
		method = http.MethodPost
		ctx = httpx.Repeatable(ctx) // the only POST asks for a report and changes nothing
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, errs.As(errs.Internal, err, "write the body of %s", path)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(content))
	if err != nil {
		return nil, errs.As(errs.Internal, err, "request %s", path)
	}
	req.SetBasicAuth(r.key, "x") // BambooHR takes any password
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return httpx.Fetch(ctx, r.http, req)
}

// Check tries whether the key sees employees, and which of the fields.
func (Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := start(e, nil)
	if err != nil {
		return nil, err
	}
	p := grants()
	n, err := r.total(ctx)
	switch {
	case errs.Is(err, errs.Unavailable), errs.Is(err, errs.Exhausted), httpx.StatusOf(err) == http.StatusUnauthorized:
		return nil, err
	case err != nil:
		p[0].Granted, p[0].Detail = collect.Ptr(false), err.Error()
	default:
		p[0].Granted, p[0].Detail = collect.Ptr(true), "sees "+itoa(n)+" people, of the present and the past; compare this with what HR says"
	}
	known, err := r.knownFields(ctx)
	if err != nil {
		p[1].Detail, p[2].Detail = err.Error(), err.Error()
		return p, nil //nolint:nilerr // BambooHR answered; the permissions say what is missing
	}
	p[1].Granted, p[1].Detail = seen(known, []string{"status", "hireDate", "terminationDate", "workEmail", "department", "jobTitle"})
	var own []string
	for _, c := range customs {
		if name, kept := r.fields[c.setting]; kept {
			own = append(own, name)
		}
	}
	p[2].Granted, p[2].Detail = seen(known, own)
	return p, nil
}

// seen tells whether all names are among the fields, and which are not.
func seen(known map[string]bool, names []string) (*bool, string) {
	var lacking []string
	for _, n := range names {
		if !known[n] {
			lacking = append(lacking, n)
		}
	}
	if len(lacking) == 0 {
		return collect.Ptr(true), ""
	}
	return collect.Ptr(false), "not among the fields that the key sees: " + strings.Join(lacking, ", ")
}
