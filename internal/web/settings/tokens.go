package settings

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var tokenList = page.TableSpec{
	Columns: []page.Column{
		{Key: "name", Title: "Token", Sort: true}, {Key: "state", Title: "State"}, {Key: "who", Title: "Acts for", Sort: true, Opt: true}, {Key: "may", Title: "May", Wide: true, Opt: true},
		{Key: "used", Title: "Last used", Num: true, Sort: true, Opt: true}, {Key: "expires", Title: "Ends", Num: true, Sort: true}, {Key: "act", Title: "Action", Quiet: true},
	},
	Filters: []page.Filter{{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
		{Value: "good", Label: "In use", Status: "pass"}, {Value: "expired", Label: "Expired", Status: "na"}, {Value: "revoked", Label: "Revoked", Status: "na"}}}},
	Search: "Find by name or person", Sort: "name", One: "token", Many: "tokens",
}

// tokenSign is how a token stands.
func tokenSign(t view.TokenRow, now time.Time) (key, word string) {
	switch {
	case t.State == "revoked":
		return "na", "Revoked"
	case t.State == "expired":
		return "na", "Expired"
	case t.Expires.Sub(now) < soon:
		return "risk", "Ends soon"
	}
	return "pass", "In use"
}

// mayText is what a token may do, in words.
func mayText(scopes []access.Action) string {
	if len(scopes) == 0 {
		return "everything its owner may"
	}
	out := make([]string, len(scopes))
	for i, a := range scopes {
		out[i] = a.Phrase()
	}
	return strings.Join(out, ", ")
}

func (p *pages) tokens(r *page.Request) error {
	t, err := r.Table(&tokenList)
	if err != nil {
		return err
	}
	read := func(q paging.Query, state string) (paging.Result[view.TokenRow], error) {
		return p.View.Tokens(r.Context(), r.Read(), r.Now, view.TokenFilter{State: state}, q)
	}
	if t.Exporting() {
		return r.Export(t, "tokens", []string{"token", "name", "state", "acts_for", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"}, func(q paging.Query) ([][]any, int, error) {
			res, err := read(q, t.Filter("state"))
			rows := make([][]any, len(res.Rows))
			for i, x := range res.Rows {
				rows[i] = []any{x.ID, x.Name, x.State, x.Who, mayText(x.Scopes), x.Created, page.OrBlank(x.Used), x.Expires, page.OrBlank(x.Revoked)}
			}
			return rows, res.Total, err
		})
	}
	res, err := read(t.Query, t.Filter("state"))
	if err != nil {
		return err
	}
	t.Total = res.Total
	counts := map[string]int{}
	for _, state := range []string{"good", "expired", "revoked"} {
		n, err := read(paging.Query{Search: t.Query.Search, Size: 1}, state)
		if err != nil {
			return err
		}
		counts[state] = n.Total
	}
	t.SetCounts("state", counts)
	rows := tokenRows(r, t, res.Rows)
	return r.Render(http.StatusOK, tokensPage(r, t, rows), page.Part(t.ID(), rows))
}

// tokenLives are how long a token may live, in days.
var tokenLives = []int{7, 30, 90, 180, 365}

// usualLife is what is chosen until somebody says otherwise, in days.
const usualLife = 90

// ownActions are the rights a reader can hand to a token.
func ownActions(r *page.Request) []rightGroup {
	var out []rightGroup
	for _, g := range rights(r.Grant.Org.Kind) {
		g.Rights = slices.DeleteFunc(g.Rights, func(x right) bool { return !r.Can(x.Action) })
		if len(g.Rights) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func (p *pages) tokenForm(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, tokenPanel(r, page.NewForm("days", strconv.Itoa(usualLife), "all", "")))
}

func (p *pages) makeToken(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	var scopes []string
	for _, a := range access.Actions() {
		if f.Checked("may-" + string(a)) {
			scopes = append(scopes, string(a))
		}
	}
	days, err := strconv.Atoi(f.Get("days"))
	if err != nil || !slices.Contains(tokenLives, days) {
		f.Wrong("days", "Choose how long it lives.")
	}
	if f.Get("name") == "" {
		f.Wrong("name", "Say what the token is for, such as “nightly collection”.")
	}
	if len(scopes) == 0 {
		f.Wrong("scopes", "Tick what the program needs to do, and no more.")
	}
	if f.OK() {
		secret, t, err := p.Access.CreateToken(r.Context(), scope, r.Now, f.Get("name"), scopes, time.Duration(days)*24*time.Hour)
		if err == nil {
			r.Shown("/settings/tokens")
			return r.RenderPanel(http.StatusOK, secretPanel(r, secret, t))
		}
		if errs.FieldOf(err) == "scopes" { // a right the role does not have: only a forged form asks for it
			f.Wrong("scopes", page.Sentence(err))
		} else if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), tokenPanel(r, f))
}

// liveToken finds a token in use among those the reader may see.
func (p *pages) liveToken(r *page.Request) (access.Token, error) {
	all, err := p.Access.Tokens(r.Context(), r.Read())
	if err != nil {
		return access.Token{}, err
	}
	for _, t := range all {
		if t.ID == r.Arg("id") && t.Revoked == nil {
			return t, nil
		}
	}
	return access.Token{}, errs.New(errs.NotFound, "no API token %s that is in use", r.Arg("id"))
}

func (p *pages) askRevoke(r *page.Request) error {
	t, err := p.liveToken(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, revokePanel(r, page.NewForm(), t))
}

func (p *pages) revoke(r *page.Request) error {
	t, err := p.liveToken(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if err := p.Access.RevokeToken(r.Context(), scope, r.Now, t.ID); err != nil {
		return err
	}
	return r.Redirect("/settings/tokens", "The token "+t.Name+" is revoked.")
}

func tokensSub(r *page.Request) string {
	if r.Can(access.ManageUsers) {
		return "Programs that act for somebody here. Yours and everybody else’s."
	}
	return "Programs that act for you."
}

func lifeOptions() []page.Option {
	var out []page.Option
	for _, d := range tokenLives {
		out = append(out, page.Option{Value: strconv.Itoa(d), Label: page.Plural(d, "day", "days")})
	}
	return out
}
