package simco_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// company makes a company and a client of it.
func company(t testing.TB, c simco.Config, with ...simco.Option) *client {
	t.Helper()
	if c.Start.IsZero() {
		c.Start = start
	}
	co, err := simco.New(c, with...)
	if err != nil {
		t.Fatal(err)
	}
	return &client{TB: t, co: co, tokens: co.Tokens()}
}

// client reads the company's systems as anybody would, over their interfaces.
type client struct {
	testing.TB
	co     *simco.Company
	tokens simco.Tokens
	calls  int
}

// answer is a response kept in memory.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(s int)           { a.status = s }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

var hosts = map[string]string{simco.GitHub: "http://github.test", simco.Okta: "http://okta.test", simco.BambooHR: "http://bamboohr.test"}

func (c *client) do(system, method, path, body string, change func(r *http.Request)) *answer {
	if !strings.HasPrefix(path, "http") {
		path = hosts[system] + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
	switch system {
	case simco.GitHub:
		r.Header.Set("Authorization", "Bearer "+c.tokens.GitHubToken)
	case simco.Okta:
		r.Header.Set("Authorization", "SSWS "+c.tokens.OktaToken)
	case simco.BambooHR:
		r.SetBasicAuth(c.tokens.BambooHRKey, "x")
	}
	if change != nil {
		change(r)
	}
	a := &answer{status: 200, header: http.Header{}}
	c.co.Handler(system).ServeHTTP(a, r)
	c.calls++
	return a
}

func (c *client) get(system, path string, into any) *answer {
	c.Helper()
	a := c.do(system, "GET", path, "", nil)
	if a.status != 200 {
		c.Fatalf("GET %s %s: %d %s", system, path, a.status, a.body.String())
	}
	c.decode(a, into)
	return a
}

func (c *client) decode(a *answer, into any) {
	c.Helper()
	if into == nil {
		return
	}
	if err := json.Unmarshal(a.body.Bytes(), into); err != nil {
		c.Fatalf("not JSON: %v in %.300s", err, a.body.String())
	}
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// next is the address of the next page, or "".
func next(a *answer) string {
	for _, l := range a.header["Link"] {
		if m := nextLink.FindStringSubmatch(l); m != nil {
			return m[1]
		}
	}
	return ""
}

// walk reads every page of a list that is an array with Link headers.
func walk[T any](c *client, system, path string) []T {
	c.Helper()
	var out []T
	for range 100_000 {
		var page []T
		a := c.get(system, path, &page)
		out = append(out, page...)
		if path = next(a); path == "" {
			return out
		}
	}
	c.Fatalf("%s: the pages never end", path)
	return nil
}

func (c *client) post(system, path string, body, into any) *answer {
	c.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	a := c.do(system, "POST", path, string(raw), nil)
	if a.status != 200 {
		c.Fatalf("POST %s %s: %d %s", system, path, a.status, a.body.String())
	}
	c.decode(a, into)
	return a
}

const bamboo = "/api/gateway.php/northwind/v1/"

// employee is a row of the HR system; what is null is "".
type employee struct {
	ID         string `json:"eeid"`
	Number     string `json:"employeeNumber"`
	Email      string `json:"workEmail"`
	Department string `json:"department"`
	Title      string `json:"jobTitle"`
	Manager    string `json:"supervisorEId"`
	Status     string `json:"status"`
	Type       string `json:"employmentType"`
	Hired      string `json:"hireDate"`
	Left       string `json:"terminationDate"`
	Screened   string `json:"backgroundCheckCompleted"`
	Result     string `json:"backgroundCheckResult"`
	Agreed     string `json:"agreementSigned"`
	Conduct    string `json:"codeOfConductAccepted"`
	First      string `json:"securityTrainingFirst"`
	Last       string `json:"securityTrainingLast"`
	Review     string `json:"lastPerformanceReview"`
}

var employeeFields = []string{"eeid", "employeeNumber", "workEmail", "department", "jobTitle", "supervisorEId", "status", "employmentType",
	"hireDate", "terminationDate", "backgroundCheckCompleted", "backgroundCheckResult", "agreementSigned", "codeOfConductAccepted",
	"securityTrainingFirst", "securityTrainingLast", "lastPerformanceReview"}

// employees reads everybody from the dataset.
func (c *client) employees() []employee {
	c.Helper()
	var out []employee
	for page := 1; ; page++ {
		var in struct {
			Data       []employee `json:"data"`
			Pagination struct {
				Total int `json:"total_records"`
				Pages int `json:"total_pages"`
			} `json:"pagination"`
		}
		c.post(simco.BambooHR, bamboo+fmt.Sprintf("datasets/employee?page=%d&page_size=1000", page), map[string]any{"fields": employeeFields}, &in)
		out = append(out, in.Data...)
		if page >= in.Pagination.Pages {
			if len(out) != in.Pagination.Total {
				c.Fatalf("the HR system says %d employees and sent %d", in.Pagination.Total, len(out))
			}
			return out
		}
	}
}

// person is a GitHub user in short.
type person struct {
	Login string `json:"login"`
	ID    int64  `json:"id"`
	Type  string `json:"type"`
}

// identities reads login and SAML name of every member who has one.
func (c *client) identities() map[string]string {
	c.Helper()
	const query = `query($org: String!, $after: String) { organization(login: $org) { samlIdentityProvider {
		externalIdentities(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor }
		edges { node { guid samlIdentity { nameId } user { login databaseId } } } } } } }`
	out := map[string]string{}
	var after any
	for {
		var in struct {
			Data struct {
				Organization struct {
					SAML struct {
						Identities struct {
							Total int `json:"totalCount"`
							Page  struct {
								More bool   `json:"hasNextPage"`
								End  string `json:"endCursor"`
							} `json:"pageInfo"`
							Edges []struct {
								Node struct {
									SAML struct {
										NameID string `json:"nameId"`
									} `json:"samlIdentity"`
									User struct {
										Login string `json:"login"`
									} `json:"user"`
								} `json:"node"`
							} `json:"edges"`
						} `json:"externalIdentities"`
					} `json:"samlIdentityProvider"`
				} `json:"organization"`
			} `json:"data"`
		}
		c.post(simco.GitHub, "/graphql", map[string]any{"query": query, "variables": map[string]any{"org": "northwind", "after": after}}, &in)
		ids := in.Data.Organization.SAML.Identities
		for _, e := range ids.Edges {
			out[e.Node.User.Login] = e.Node.SAML.NameID
		}
		if !ids.Page.More {
			if len(out) != ids.Total {
				c.Fatalf("the code host says %d identities and sent %d", ids.Total, len(out))
			}
			return out
		}
		after = ids.Page.End
	}
}

func q(values ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	return v.Encode()
}
