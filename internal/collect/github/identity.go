package github

import (
	"context"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// maxIdentityPages bounds the pages of SAML identities: a million members.
const maxIdentityPages = 10_000

// identities reads the SAML identities over GraphQL and gives the address of each account that has one. Organisations
// without single sign-on, and credentials that may not see it, give nil with a note: addresses are then not known.
func (r *run) identities(ctx context.Context) (map[int64]string, error) {
	out := map[int64]string{}
	var total, seen int64
	after := ""
	for page := 0; ; page++ {
		answer, err := r.identityPage(ctx, after)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var why string
		switch {
		case err != nil:
			why = err.Error()
		case len(answer.Errors) > 0:
			why = answer.Errors[0].Message
		case answer.Data.Organization == nil || answer.Data.Organization.Provider == nil:
			why = "the organisation has no SAML single sign-on, or the credential may not see it"
		}
		if why != "" && page == 0 {
			r.sink.Note("user_account", "Accounts could not be tied to work addresses: "+why)
			return nil, nil //nolint:nilnil // not known, and said so
		}
		if why != "" {
			return nil, errs.New(errs.Unavailable, "page %d of the SAML identities: %s", page+1, why)
		}
		list := answer.Data.Organization.Provider.Identities
		for _, e := range list.Edges {
			seen++
			if e.Node.SAML != nil && e.Node.User != nil && strings.Contains(e.Node.SAML.NameID, "@") {
				out[e.Node.User.DatabaseID] = e.Node.SAML.NameID
			}
		}
		total = list.TotalCount
		if !list.PageInfo.HasNextPage {
			break
		}
		if list.PageInfo.EndCursor == after || page >= maxIdentityPages {
			return nil, errs.New(errs.Invalid, "the pages of the SAML identities do not come to an end")
		}
		after = list.PageInfo.EndCursor
	}
	if seen != total {
		return out, errs.New(errs.Invalid, "%d SAML identities came, but GitHub says there are %d", seen, total)
	}
	return out, nil
}

func (r *run) identityPage(ctx context.Context, after string) (*identityAnswer, error) {
	token, err := r.token.get(ctx)
	if err != nil {
		return nil, err
	}
	variables := map[string]any{"org": r.org, "n": 100}
	if after != "" {
		variables["after"] = after
	}
	// GitHub Enterprise Server has GraphQL beside the REST interface: /api/graphql, not /api/v3/graphql.
	a := r.api
	a.base = strings.TrimSuffix(a.base, "/v3")
	doc, err := a.post(httpx.Repeatable(ctx), "/graphql", token, map[string]any{"query": identityQuery, "variables": variables})
	if err != nil {
		return nil, err
	}
	r.sink.Page("user_account", "POST /graphql externalIdentities")
	var answer identityAnswer
	return &answer, doc.Decode(&answer)
}
