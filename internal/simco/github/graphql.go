package github

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// field is a selected field of a query with its arguments and what is selected of it.
type field struct {
	name, alias string
	args        map[string]string
	of          []field
}

// key is the name under which the field is answered.
func (f *field) key() string {
	if f.alias != "" {
		return f.alias
	}
	return f.name
}

// query answers the one query that the simulated code host understands over GraphQL: an organisation's SAML identities.
//
//	query($org: String!, $n: Int!, $after: String) {
//	  organization(login: $org) {
//	    samlIdentityProvider {
//	      ssoUrl
//	      externalIdentities(first: $n, after: $after) {
//	        totalCount
//	        pageInfo { hasNextPage endCursor }
//	        edges { cursor node { guid samlIdentity { nameId } user { login databaseId } } }
//	      }
//	    }
//	  }
//	}
func (s *Server) query(w http.ResponseWriter, r *http.Request, v *view) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		s.fail(w, r, http.StatusBadRequest, "Problems parsing JSON", docs)
		return
	}
	fields, err := parseGraph(in.Query, in.Variables)
	j := wire.NewJSON().Obj()
	if err == nil {
		x := &execution{s: s, v: v, j: j}
		x.j.O("data")
		for i := range fields {
			err = x.root(&fields[i])
			if err != nil {
				break
			}
		}
		x.j.End()
	}
	if err != nil {
		j.Free()
		j = wire.NewJSON().Obj().A("errors").Obj().S("message", err.Error()).End().EndArr()
	}
	s.send(w, r, j.End())
}

// graphError is a message of the code host, in its own style.
type graphError string

func (e graphError) Error() string { return string(e) }

func complain(format string, args ...any) error { return graphError(fmt.Sprintf(format, args...)) }

// execution answers fields of a query.
type execution struct {
	s *Server
	v *view
	j *wire.JSON
}

// leaf answers the selected fields of an object that holds plain values; an empty string is null.
func (x *execution) leaf(f *field, of string, values map[string]any) error {
	x.j.O(f.key())
	for i := range f.of {
		g := &f.of[i]
		switch v := values[g.name].(type) {
		case bool:
			x.j.B(g.key(), v)
		case int64:
			x.j.I(g.key(), v)
		case string:
			x.j.SN(g.key(), v)
		default:
			return unknown(g, of)
		}
	}
	x.j.End()
	return nil
}

func unknown(f *field, of string) error {
	return complain("Field '%s' doesn't exist on type '%s'", f.name, of)
}

func (x *execution) root(f *field) error {
	switch f.name {
	case "rateLimit":
		x.j.O(f.key()).I("limit", 5_000_000).I("cost", 1).I("remaining", 4_000_000).End()
		return nil
	case "organization":
	default:
		return unknown(f, "Query")
	}
	if !strings.EqualFold(f.args["login"], life.OrgLogin) {
		return complain("Could not resolve to an Organization with the login of '%s'.", f.args["login"])
	}
	x.j.O(f.key())
	for i := range f.of {
		g := &f.of[i]
		switch g.name {
		case "login":
			x.j.S(g.key(), life.OrgLogin)
		case "samlIdentityProvider":
			if err := x.provider(g); err != nil {
				return err
			}
		default:
			return unknown(g, "Organization")
		}
	}
	x.j.End()
	return nil
}

func (x *execution) provider(f *field) error {
	x.j.O(f.key())
	for i := range f.of {
		g := &f.of[i]
		switch g.name {
		case "id":
			x.j.S(g.key(), "SIP_1")
		case "issuer":
			x.j.S(g.key(), "https://northwind.okta.example")
		case "ssoUrl":
			x.j.S(g.key(), "https://northwind.okta.example/app/githubcloud/sso/saml")
		case "externalIdentities":
			if err := x.identities(g); err != nil {
				return err
			}
		default:
			return unknown(g, "OrganizationIdentityProvider")
		}
	}
	x.j.End()
	return nil
}
