package records

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// connectRoutes are the pages that set connections up and change them.
func (s Services) connectRoutes() []page.Route {
	route := func(method, pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: method, Pattern: pattern, Action: a, Title: title, Nav: "/connections", Handle: h}
	}
	const one = "/connections/{name}"
	return []page.Route{
		route(http.MethodGet, "/connect", access.ManageConnection, "Connect a system", s.kinds),
		route(http.MethodGet, "/connect/{kind}", access.ManageConnection, "Connect a system", s.connectForm),
		route(http.MethodPost, "/connect/{kind}", access.ManageConnection, "Connect a system", s.connect),
		route(http.MethodGet, one+"/edit", access.ManageConnection, "Change a connection", s.editForm),
		route(http.MethodPost, one+"/edit", access.ManageConnection, "Change a connection", s.edit),
		route(http.MethodGet, one+"/test", access.ManageConnection, "Test a connection", s.askTest),
		route(http.MethodPost, one+"/test", access.ManageConnection, "Test a connection", s.test),
		route(http.MethodPost, one+"/pause", access.ManageConnection, "Pause a connection", s.pause),
		route(http.MethodPost, one+"/feed", access.ManageDetection, "Watch the audit events of a connection", s.feed),
		route(http.MethodGet, one+"/remove", access.ManageConnection, "Remove a connection", s.askRemove),
		route(http.MethodPost, one+"/remove", access.ManageConnection, "Remove a connection", s.remove),
		route(http.MethodPost, one+"/collect", access.RunCollection, "Collect", s.collectNow),
	}
}

// descriptions are the kinds that can be connected: those over the network first, by title.
func (s Services) descriptions() []collect.Description {
	var out []collect.Description
	for _, c := range s.Collect.Connectors {
		if d := c.Describe(); !d.Own { // that one is there already
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b collect.Description) int {
		if a.Local != b.Local {
			if b.Local {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Title, b.Title)
	})
	return out
}

func (s Services) kinds(r *page.Request) error {
	conns, err := s.Collect.Store.Connections(r.Context(), r.Read())
	if err != nil {
		return err
	}
	used := map[string]int{}
	for _, c := range conns {
		used[c.Kind]++
	}
	r.Crumbs = []page.Crumb{{Text: "Connections", Href: "/connections"}, {Text: "Connect a system"}}
	return r.Render(http.StatusOK, kindsPage(r, s.descriptions(), used))
}

// setup is the page with the form of a connection: a new one, or one that is changed.
type setup struct {
	collect.Description
	Conn  *collect.Connection // that is changed; nil for a new one
	Kept  []string            // names of the secrets it keeps
	Held  string              // secrets of a trial, for the form
	Trial *collect.Trial
}

func (x setup) path() string {
	if x.Conn != nil {
		return connectionPath(x.Conn.Name) + "/edit"
	}
	return "/connect/" + url.PathEscape(x.Kind)
}

// main are the fields everybody fills in; the others have a use for some.
func (x setup) main() (main, more []collect.Field) {
	for _, f := range x.Fields {
		if f.Required || f.Secret || f.Address {
			main = append(main, f)
		} else {
			more = append(more, f)
		}
	}
	return main, more
}

func (s Services) kind(r *page.Request) (setup, error) {
	c, ok := s.Collect.Connectors[r.Arg("kind")]
	if !ok {
		return setup{}, errs.New(errs.NotFound, "%q is no kind of system that can be connected", r.Arg("kind")).WithHint("The list of kinds names those there are.")
	}
	x := setup{Description: c.Describe()}
	r.Title = "Connect " + x.Title
	r.Crumbs = []page.Crumb{{Text: "Connections", Href: "/connections"}, {Text: "Connect a system", Href: "/connect"}, {Text: x.Title}}
	return x, nil
}

func (s Services) connectForm(r *page.Request) error {
	x, err := s.kind(r)
	if err != nil {
		return err
	}
	every := "0"
	if x.Log {
		every = everyValue(collect.LogEvery)
	}
	f := page.NewForm("name", x.Kind, "every", every)
	for _, field := range x.Fields {
		if !field.Secret {
			f.Values.Set(field.Name, field.Default)
		}
	}
	return r.Render(http.StatusOK, setupPage(r, f, x))
}

// valueLength bounds a setting, in bytes: a private key is the longest there is.
const valueLength = 16 << 10

// written is what a form says of a connection. Secrets are taken out of it: they are never shown again.
func (s Services) written(r *page.Request, f *page.Form, scope access.Scope, x *setup) collect.NewConnection {
	n := collect.NewConnection{Kind: x.Kind, Name: f.Get("name"), Settings: map[string]string{}, Secrets: s.Collect.Hold(scope, r.Now, x.Kind, f.Raw("held"))}
	for _, field := range x.Fields {
		v := f.Get(field.Name)
		if len(v) > valueLength || strings.ContainsRune(v, 0) {
			f.Wrong(field.Name, "This is too long, or holds characters that cannot be sent.")
		}
		switch {
		case field.Secret && v != "":
			n.Secrets[field.Name] = v
		case !field.Secret:
			n.Settings[field.Name] = v
		}
		if field.Secret {
			f.Values.Del(field.Name)
		}
	}
	i := slices.IndexFunc(intervals(x.Log), func(d time.Duration) bool { return everyValue(d) == f.Get("every") })
	if i < 0 {
		f.Wrong("every", "Choose one of the intervals.")
	} else {
		n.Every = intervals(x.Log)[i]
	}
	return n
}

// intervals are those a connection can have; 0 is what is usual for the organisation. Audit logs are read often, so that attacks are
// found soon.
func intervals(log bool) []time.Duration {
	if log {
		return []time.Duration{collect.LogEvery, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
	}
	return []time.Duration{0, time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 168 * time.Hour}
}

// everyValue is an interval in a form: hours, or minutes with an m where it is not whole hours.
func everyValue(d time.Duration) string {
	if d%time.Hour != 0 {
		return strconv.Itoa(int(d.Minutes())) + "m"
	}
	return strconv.Itoa(int(d.Hours()))
}

func everyChoices(x setup) []page.Option {
	list := intervals(x.Log)
	if now := everyOf(x); now > 0 && !slices.Contains(list, now) { // set from the command line
		list = append(slices.Clone(list), now)
	}
	var out []page.Option
	for _, d := range list {
		out = append(out, page.Option{Value: everyValue(d), Label: everyText(d)})
	}
	return out
}

func (s Services) connect(r *page.Request) error {
	x, err := s.kind(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if x.Local {
		return errs.New(errs.Invalid, "%s is connected on the machine that Tickmark runs on", x.Title).WithHint("tickmark connect add %s", x.Kind)
	}
	n := s.written(r, f, scope, &x)
	if f.OK() {
		if f.Get("do") == "test" {
			return s.try(r, f, scope, n, x)
		}
		conn, err := s.Collect.Connect(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(connectionPath(conn.Name), conn.Name+" is connected. It is collected within the next minutes.")
		}
		if !f.Take(err) {
			return err
		}
	}
	x.Held, err = s.Collect.Keep(scope, r.Now, n)
	if err != nil {
		return err
	}
	return r.Render(f.Status(), setupPage(r, f, x))
}

// try tests what a form says and shows the form again with what came of it.
func (s Services) try(r *page.Request, f *page.Form, scope access.Scope, n collect.NewConnection, x setup) error {
	var id collect.ConnectionID
	if x.Conn != nil {
		id = x.Conn.ID
	}
	trial, err := s.Collect.Try(r.Context(), scope, r.Now, n, id)
	switch {
	case err == nil:
		x.Trial, x.Held = &trial, trial.Held
	case !f.Take(err):
		return err
	default:
		if x.Held, err = s.Collect.Keep(scope, r.Now, n); err != nil {
			return err
		}
	}
	return r.Render(f.Status(), setupPage(r, f, x))
}

// live reads the connection an address names, one that is in use.
func (s Services) live(r *page.Request) (collect.Connection, setup, error) {
	conn, err := s.Collect.Store.Connection(r.Context(), r.Read(), r.Arg("name"))
	if err != nil {
		return conn, setup{}, errs.Hinted(err, "The list of connections names those there are.")
	}
	c, ok := s.Collect.Connectors[conn.Kind]
	if !ok {
		return conn, setup{}, errs.New(errs.Invalid, "connection %s is of a kind %q that this program does not know", conn.Name, conn.Kind).WithHint("A newer version of the program may.")
	}
	x := setup{Description: c.Describe(), Conn: &conn}
	x.Kept, err = s.Collect.SecretsOf(conn)
	r.Title = conn.Name
	r.Crumbs = []page.Crumb{{Text: "Connections", Href: "/connections"}, {Text: conn.Name, Href: connectionPath(conn.Name)}, {Text: "Change"}}
	return conn, x, err
}

func (s Services) editForm(r *page.Request) error {
	conn, x, err := s.live(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range editable(conn, x) {
		f.Values.Set(k, v)
	}
	return r.Render(http.StatusOK, setupPage(r, f, x))
}

// editable are the fields of a connection with what is saved in them.
func editable(conn collect.Connection, x setup) map[string]string {
	out := map[string]string{"every": everyValue(conn.Every)}
	for _, field := range x.Fields {
		if !field.Secret {
			out[field.Name] = conn.Settings[field.Name]
		}
	}
	return out
}

func (s Services) edit(r *page.Request) error {
	conn, x, err := s.live(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := s.written(r, f, scope, &x)
	n.Name = conn.Name
	if x.Local { // paths of this machine are not for browsers: only the interval changes
		n.Settings = conn.Settings
	}
	if everyValue(conn.Every) == f.Get("every") {
		delete(f.Errors, "every")
		n.Every = conn.Every // set from the command line, and left as it was
	}
	if f.OK() {
		if f.Get("do") == "test" {
			return s.try(r, f, scope, n, x)
		}
		change := collect.Change{Base: f.Base(), Settings: n.Settings, Secrets: n.Secrets, Every: n.Every}
		for _, name := range x.Kept {
			if f.Checked("drop-" + name) {
				change.Forget = append(change.Forget, name)
			}
		}
		_, err := s.Collect.Change(r.Context(), scope, r.Now, conn.ID, change)
		switch {
		case err == nil:
			return r.Redirect(connectionPath(conn.Name), "Saved.")
		case errs.Is(err, errs.Conflict):
			words := editable(conn, x)
			words["every"] = everyText(conn.Every)
			if f.Get("every") == everyValue(conn.Every) {
				words["every"] = f.Get("every")
			}
			f.Stale(conn.Version(), words)
		case !f.Take(err):
			return err
		}
	}
	if x.Held, err = s.Collect.Keep(scope, r.Now, n); err != nil {
		return err
	}
	return r.Render(f.Status(), setupPage(r, f, x))
}

func (s Services) askTest(r *page.Request) error {
	_, x, err := s.live(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, testPanel(r, page.NewForm(), x))
}

// test tries a connection as it is saved.
func (s Services) test(r *page.Request) error {
	conn, x, err := s.live(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	trial, err := s.Collect.Try(r.Context(), scope, r.Now, collect.NewConnection{Kind: conn.Kind, Name: conn.Name, Settings: maps.Clone(conn.Settings)}, conn.ID)
	if err != nil {
		f := page.NewForm()
		if errs.FieldOf(err) != "" {
			err = errs.Hinted(errs.New(errs.KindOf(err), "%s", err.Error()), "%s", errs.HintOf(err)) // there is no such field here
		}
		if !f.Take(err) {
			return err
		}
		return r.RenderPanel(f.Status(), testPanel(r, f, x))
	}
	x.Trial = &trial
	return r.RenderPanel(http.StatusOK, testedPanel(r, x))
}

func (s Services) pause(r *page.Request) error {
	conn, _, err := s.live(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	paused := f.Checked("paused")
	if err := s.Collect.Pause(r.Context(), scope, r.Now, conn.ID, paused); err != nil {
		return err
	}
	said, back := conn.Name+" is collected again.", "on"
	if paused {
		said, back = conn.Name+" is paused. It is not collected until somebody resumes it.", ""
	}
	return r.RedirectUndo(connectionPath(conn.Name), said, connectionPath(conn.Name)+"/pause", map[string]string{"paused": back})
}

// feed has detection look at what a connection collects, or ends it.
func (s Services) feed(r *page.Request) error {
	conn, _, err := s.live(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if !f.Checked("watched") {
		if err := s.Feeds.EndFeed(r.Context(), scope, r.Now, conn.Name); err != nil {
			return err
		}
		return r.RedirectUndo(connectionPath(conn.Name), "What "+conn.Name+" collects is not looked at any more; what was taken stays.", connectionPath(conn.Name)+"/feed", map[string]string{"watched": "on"})
	}
	ref, err := s.Feeds.Feed(r.Context(), scope, r.Now, conn.Name)
	if err != nil {
		return err
	}
	return r.RedirectUndo(connectionPath(conn.Name), "What "+conn.Name+" collects goes to "+ref+" within a minute, and what it collected before.", connectionPath(conn.Name)+"/feed", map[string]string{"watched": ""})
}

func (s Services) askRemove(r *page.Request) error {
	_, x, err := s.live(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removePanel(r, page.NewForm(), x))
}

func (s Services) remove(r *page.Request) error {
	conn, x, err := s.live(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if f.Get("name") != conn.Name {
		f.Wrong("name", "Write the name exactly: "+conn.Name)
		return r.RenderPanel(f.Status(), removePanel(r, f, x))
	}
	if err := s.Collect.Remove(r.Context(), scope, r.Now, conn); err != nil {
		return err
	}
	return r.Redirect("/connections", conn.Name+" is removed. What it brought stays.")
}

// collectNow has a connection read in the background; the page it leads back to shows how it goes.
func (s Services) collectNow(r *page.Request) error {
	conn, _, err := s.live(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if _, err := s.Background.Collect(r.Context(), scope, string(conn.ID)); err != nil {
		return err
	}
	return r.Redirect(connectionPath(conn.Name), "")
}

// granted is how a right stands after a test.
func granted(p collect.Permission) sign {
	switch {
	case p.Granted == nil:
		return sign{"na", "Not told"}
	case *p.Granted:
		return sign{"pass", "Granted"}
	}
	return sign{"fail", "Missing"}
}

// brought is how the reading of a resource went in a test.
func brought(x collect.TrialRead) sign {
	switch {
	case x.Problem != "":
		return sign{"fail", "Not readable"}
	case !x.Reached:
		return sign{"na", "Not reached"}
	case x.Rows == 0:
		return sign{"na", "Empty"}
	}
	return sign{"pass", "Readable"}
}

// verdict is how a test went as a whole.
func verdict(t collect.Trial) (key, words string) {
	missing := len(t.Missing())
	switch {
	case t.Failed != nil:
		return "fail", "It does not work yet."
	case missing > 0:
		return "risk", "It answers, and " + page.Plural(missing, "right is missing.", "rights are missing.")
	case !t.OK():
		return "risk", "It answers, and something could not be read."
	}
	return "pass", "It works."
}

// titlesOf are resources as people call them.
func titlesOf(resources []string) string {
	out := make([]string, len(resources))
	for i, x := range resources {
		out[i] = resourceTitle(x)
	}
	return strings.Join(out, ", ")
}

func first2(main, _ []collect.Field) []collect.Field  { return main }
func second2(_, more []collect.Field) []collect.Field { return more }

func wrongIn(f *page.Form, fields []collect.Field) bool {
	return slices.ContainsFunc(fields, func(x collect.Field) bool { return f.Errors[x.Name] != "" })
}

func everyHelp(x setup) string {
	if x.Log {
		return "Tests do not run after it. For detection, have its audit events watched once it is connected."
	}
	return "Tests run after each collection. What is usual is set for the organisation."
}

// choicesOf are the values that a setting can have.
func choicesOf(f collect.Field) []page.Option {
	var out []page.Option
	for _, v := range f.Choices {
		out = append(out, page.Option{Value: v, Label: v})
	}
	return out
}

func everyOf(x setup) time.Duration {
	if x.Conn == nil {
		return 0
	}
	return x.Conn.Every
}

// secretHelp says what a secret is, and what leaving its field empty means.
func secretHelp(x setup, field collect.Field, kept bool) string {
	switch {
	case x.Held != "" && (field.Required || !kept):
		return field.Hint + ". What you wrote before is kept for this form: leave it empty to use it."
	case kept:
		return "One is kept, encrypted, and never shown. Leave it empty to keep it."
	}
	return field.Hint + ". Kept encrypted, never shown again."
}

func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s // API token
	}
	return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):]
}

func hintOf(err error) string { return errs.HintOf(err) }
