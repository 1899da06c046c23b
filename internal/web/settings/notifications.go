package settings

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/web/page"
)

const notifications = "/settings/notifications"

func routePath(id notify.RouteID) string {
	return notifications + "/routes/" + url.PathEscape(string(id))
}

var deliveryList = page.TableSpec{
	Columns: []page.Column{
		{Key: "at", Title: "When", Sort: true}, {Key: "subject", Title: "Message", Sort: true, Wide: true}, {Key: "route", Title: "Route", Sort: true, Opt: true}, {Key: "status", Title: "State", Sort: true},
		{Key: "attempts", Title: "Attempts", Num: true, Sort: true, Opt: true}, {Key: "act", Title: "Action", Quiet: true},
	},
	Filters: []page.Filter{
		{Key: "status", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: string(notify.Sent), Label: "Sent", Status: "pass"}, {Value: string(notify.Waiting), Label: "Waiting", Status: "prog"}, {Value: string(notify.Failed), Label: "Given up", Status: "fail"}}},
		{Key: "route", Title: "Route", Kind: page.Select, Open: true}, {Key: "event", Title: "Event", Kind: page.Select, Open: true},
	},
	Search: "Find by message or route", Sort: "-at", Size: 25, One: "message", Many: "messages",
}

// deliverySign is how a delivery stands.
func deliverySign(d notify.Delivery) (key, word string) {
	switch {
	case d.Status == notify.Sent:
		return "pass", "Sent"
	case d.Status == notify.Failed:
		return "fail", "Given up"
	case d.Attempts > 0:
		return "risk", "Tried, waiting"
	}
	return "prog", "Waiting"
}

// eventTitle is an event in words.
func eventTitle(e notify.Event) string {
	for _, x := range notify.Events() {
		if x.Event == e {
			return x.Title
		}
	}
	if e == notify.EventTest {
		return "Test message"
	}
	return string(e)
}

func kindTitle(k notify.RouteKind) string {
	if x, ok := notify.KindOf(k); ok {
		return x.Title
	}
	return string(k)
}

// whereTo is where a route leads, as far as it may be shown.
func whereTo(x notify.Route) string {
	switch x.Kind {
	case notify.Email:
		to, err := notify.Recipients(x.Settings["to"])
		switch {
		case err != nil || len(to) == 0:
			return "the person concerned"
		case len(to) > 2:
			return to[0] + " and " + page.Count(len(to)-1) + " more"
		}
		return strings.Join(to, ", ")
	case notify.Webhook:
		if u, err := url.Parse(x.Settings["url"]); err == nil {
			return u.Host
		}
	}
	return "a channel (its address is sealed)"
}

func (p *pages) notifications(r *page.Request) error {
	t, err := r.Table(&deliveryList)
	if err != nil {
		return err
	}
	routes, err := p.Notify.Routes(r.Context(), r.Read())
	if err != nil {
		return err
	}
	filter := notify.DeliveryFilter{Route: notify.RouteID(t.Filter("route")), Event: notify.Event(t.Filter("event")), Status: notify.Status(t.Filter("status"))}
	read := func(q paging.Query) (paging.Result[notify.Delivery], error) {
		return p.Notify.Deliveries(r.Context(), r.Read(), filter, q)
	}
	if t.Exporting() {
		return r.Export(t, "notifications", []string{"time", "event", "subject", "route", "state", "attempts", "next_attempt", "done", "error"}, func(q paging.Query) ([][]any, int, error) {
			res, err := read(q)
			rows := make([][]any, len(res.Rows))
			for i, d := range res.Rows {
				next := any(nil)
				if d.Status == notify.Waiting {
					next = d.Next
				}
				rows[i] = []any{d.Message.At, string(d.Message.Event), d.Message.Subject, d.RouteName, string(d.Status), d.Attempts, next, page.OrBlank(d.Done), d.Error}
			}
			return rows, res.Total, err
		})
	}
	res, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	var byRoute, byEvent []page.Option
	for _, x := range routes {
		byRoute = append(byRoute, page.Option{Value: string(x.ID), Label: x.Name})
	}
	for _, x := range notify.Events() {
		byEvent = append(byEvent, page.Option{Value: string(x.Event), Label: x.Title})
	}
	t.SetOptions("route", byRoute)
	t.SetOptions("event", append(byEvent, page.Option{Value: string(notify.EventTest), Label: "Test message"}))
	rows := deliveryRows(r, t, res.Rows, routes)
	return r.Render(http.StatusOK, notificationsPage(r, t, routes, rows), page.Part(t.ID(), rows))
}

// routeForm is a route as its form shows it.
type routeForm struct {
	notify.KindInfo
	Route *notify.Route // that is changed; nil for a new one
}

func (x routeForm) path() string {
	if x.Route != nil {
		return routePath(x.Route.ID) + "/edit"
	}
	return notifications + "/new/" + string(x.Kind)
}

func (p *pages) newRoute(r *page.Request) error {
	k, ok := notify.KindOf(notify.RouteKind(r.Arg("kind")))
	if !ok {
		return errs.New(errs.NotFound, "%q is no kind of route", r.Arg("kind")).WithHint("E-mail, Slack, Teams, PagerDuty or webhook.")
	}
	f := page.NewForm("name", k.Title, "enabled", "on", "security", "starttls", "port", "587", "person", "yes")
	for _, e := range notify.Events() {
		f.Values.Set("on-"+string(e.Event), "on")
	}
	return r.RenderPanel(http.StatusOK, routePanel(r, f, routeForm{KindInfo: k}))
}

// draftOf reads a route from a form. The secret is taken out of it: it is never shown again.
func draftOf(f *page.Form, k notify.KindInfo) notify.Draft {
	d := notify.Draft{Name: f.Get("name"), Kind: k.Kind, Settings: map[string]string{}, Secret: f.Get("secret"), Forget: f.Checked("forget"), Enabled: f.Checked("enabled")}
	f.Values.Del("secret")
	for _, x := range k.Fields {
		d.Settings[x.Key] = f.Get(x.Key)
	}
	for _, e := range notify.Events() {
		if f.Checked("on-" + string(e.Event)) {
			d.Events = append(d.Events, e.Event)
		}
	}
	return d
}

func (p *pages) addRoute(r *page.Request) error {
	k, ok := notify.KindOf(notify.RouteKind(r.Arg("kind")))
	if !ok {
		return errs.New(errs.NotFound, "%q is no kind of route", r.Arg("kind")).WithHint("E-mail, Slack, Teams, PagerDuty or webhook.")
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Notify.Add(r.Context(), scope, r.Now, draftOf(f, k))
	if err == nil {
		return r.Redirect(notifications, x.Name+" is set up. Send a test to see whether it arrives.")
	}
	return r.PanelAgain(f, err, routePanel(r, f, routeForm{KindInfo: k}))
}

// route reads the route an address names.
func (p *pages) route(r *page.Request) (routeForm, error) {
	x, err := p.Notify.Route(r.Context(), r.Read(), notify.RouteID(r.Arg("id")))
	if err != nil {
		return routeForm{}, err
	}
	k, _ := notify.KindOf(x.Kind)
	return routeForm{k, &x}, nil
}

// routeFields are the fields of a route's form with what is saved in them.
func routeFields(x routeForm) map[string]string {
	out := map[string]string{"name": x.Route.Name, "enabled": tick(x.Route.Enabled)}
	for _, f := range x.Fields {
		out[f.Key] = x.Route.Settings[f.Key]
	}
	for _, e := range notify.Events() {
		out["on-"+string(e.Event)] = tick(slices.Contains(x.Route.Events, e.Event))
	}
	return out
}

func (p *pages) editRoute(r *page.Request) error {
	x, err := p.route(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range routeFields(x) {
		f.Values.Set(k, v)
	}
	return r.RenderPanel(http.StatusOK, routePanel(r, f, x))
}

func (p *pages) changeRoute(r *page.Request) error {
	x, err := p.route(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	_, err = p.Notify.Change(r.Context(), scope, r.Now, x.Route.ID, f.Base(), draftOf(f, x.KindInfo))
	switch {
	case err == nil:
		return r.Redirect(notifications, "Saved.")
	case errs.Is(err, errs.Conflict) && errs.FieldOf(err) == "":
		f.Stale(x.Route.Version, routeFields(x))
	case !f.Take(err):
		return err
	}
	return r.RenderPanel(f.Status(), routePanel(r, f, x))
}

func (p *pages) testRoute(r *page.Request) error {
	x, err := p.route(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	err = p.Notify.Test(r.Context(), scope, r.Now, x.Route.ID)
	switch errs.KindOf(err) {
	case errs.Internal, errs.NotFound:
		if err != nil {
			return err
		}
	default:
		return r.Redirect(notifications, "The test of "+x.Route.Name+" did not arrive: "+page.Sentence(err)+" "+errs.HintOf(err))
	}
	return r.Redirect(notifications, "The test of "+x.Route.Name+" was taken by the other side. Look whether it arrived.")
}

func (p *pages) askRemoveRoute(r *page.Request) error {
	x, err := p.route(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removeRoutePanel(r, page.NewForm(), x))
}

func (p *pages) removeRoute(r *page.Request) error {
	x, err := p.route(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if err := p.Notify.Remove(r.Context(), scope, r.Now, x.Route.ID); err != nil {
		return err
	}
	return r.Redirect(notifications, x.Route.Name+" is removed.")
}

// again has a message that was given up tried once more.
func (p *pages) again(r *page.Request) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	d, err := p.Notify.Again(r.Context(), scope, r.Now, r.Arg("id"))
	if err != nil {
		return err
	}
	return r.Redirect(notifications, "“"+d.Message.Subject+"” goes out again within the next minute.")
}

func routeTitle(x routeForm) string {
	if x.Route == nil {
		return "New route: " + x.Title
	}
	return "Change " + x.Route.Name
}

func secretText(x routeForm) string {
	if x.Route != nil && x.Route.HasSecret() {
		return "One is kept, sealed, and never shown. Leave it empty to keep it."
	}
	return x.Secret.Help
}

// optionWords are the choices of a route's fields as people read them.
var optionWords = map[string]string{"starttls": "STARTTLS", "tls": "TLS", "none": "None", "yes": "Yes", "no": "No"}

func optionsOf(values []string) []page.Option {
	out := make([]page.Option, len(values))
	for i, v := range values {
		out[i] = page.Option{Value: v, Label: optionWords[v]}
	}
	return out
}
