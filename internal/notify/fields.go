package notify

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Field is a setting of a kind of route, as a form asks for it.
type Field struct {
	Key, Label, Help string
	Options          []string // choices, the first is the default; empty for text
	Required, Many   bool     // Many: several lines
	Max              int      // characters
}

// Secret is the field that is sealed and never shown again.
type Secret struct {
	Label, Help string
	Required    bool
}

// KindInfo describes a kind of route for people.
type KindInfo struct {
	Kind        RouteKind
	Title, Help string
	Fields      []Field
	Secret      Secret
}

// Kinds lists the kinds of routes with the fields of their forms.
func Kinds() []KindInfo {
	return []KindInfo{
		{Email, "E-mail", "Sent through a mail server of your own.", []Field{
			{Key: "host", Label: "Server", Help: "Name of the mail server: mail.northwind.example", Required: true, Max: 253},
			{Key: "port", Label: "Port", Help: "587 for STARTTLS, 465 for TLS.", Required: true, Max: 5},
			{Key: "security", Label: "Security", Help: "How the connection is encrypted. None is taken only without a password.", Options: []string{"starttls", "tls", "none"}},
			{Key: "user", Label: "User", Help: "Empty when the server asks for none.", Max: 200},
			{Key: "from", Label: "From", Help: "The address messages come from: Tickmark <tickmark@northwind.example>", Required: true, Max: 254},
			{Key: "to", Label: "To", Help: "Addresses that get every message, one a line; at most 20.", Many: true, Max: 4000},
			{Key: "person", Label: "Also to the person concerned", Help: "Messages about one person’s evidence or tasks go to that person too.", Options: []string{"yes", "no"}},
		}, Secret{"Password", "Kept sealed and never shown again.", false}},
		{Slack, "Slack", "Posts to a channel through an incoming webhook.", nil,
			Secret{"Webhook address", "Made in Slack under Incoming Webhooks; begins with https://hooks.slack.com/. Whoever knows it can post, so it is kept sealed.", true}},
		{Teams, "Microsoft Teams", "Posts a card to a channel through a workflow.", nil,
			Secret{"Workflow address", "Made in Teams with the workflow “Post to a channel when a webhook request is received”. Whoever knows it can post, so it is kept sealed.", true}},
		{PagerDuty, "PagerDuty", "Opens, acknowledges and resolves incidents there, through Events API v2.", []Field{
			{Key: "url", Label: "Address", Help: "https://events.pagerduty.com/v2/enqueue, or https://events.eu.pagerduty.com/v2/enqueue for accounts in the EU.", Required: true, Max: 2000},
		}, Secret{"Integration key", "Made in PagerDuty at a service, under Integrations, Events API v2. Whoever knows it can wake people, so it is kept sealed.", true}},
		{Webhook, "Webhook", "Posts JSON to a program of your own.", []Field{
			{Key: "url", Label: "Address", Help: "https://hooks.northwind.example/tickmark", Required: true, Max: 2000},
		}, Secret{"Signing secret", "With it every request carries Tickmark-Signature: t=<seconds>,v1=<HMAC-SHA256 of “t.body”>. At least 16 characters; empty for unsigned requests.", false}},
	}
}

// KindOf finds a kind by name.
func KindOf(k RouteKind) (KindInfo, bool) {
	for _, x := range Kinds() {
		if x.Kind == k {
			return x, true
		}
	}
	return KindInfo{}, false
}

// Draft is a route as somebody writes it. An empty secret keeps the one there is; Forget takes it away.
type Draft struct {
	Name     string
	Kind     RouteKind
	Settings map[string]string
	Secret   string
	Forget   bool
	Events   []Event
	Enabled  bool
}

// NameLength bounds the name of a route, secretLength its secret, in characters.
const (
	NameLength   = 80
	secretLength = 2000
)

// check judges a draft and returns it cleaned. kept says whether an earlier secret stays when the draft has none.
func (d Draft) check(kept bool) (Draft, error) {
	kind, ok := KindOf(d.Kind)
	if !ok {
		return d, errs.New(errs.Invalid, "%q is no kind of route", d.Kind).At("kind").WithHint("E-mail, Slack, Teams, PagerDuty or webhook.")
	}
	d.Name = strings.TrimSpace(d.Name)
	if err := line("name", "the name", d.Name, NameLength, true); err != nil {
		return d, err
	}
	clean := map[string]string{}
	for _, f := range kind.Fields {
		v := strings.TrimSpace(d.Settings[f.Key])
		if v == "" && len(f.Options) > 0 {
			v = f.Options[0]
		}
		if err := f.check(v); err != nil {
			return d, err
		}
		clean[f.Key] = v
	}
	d.Settings = clean
	if len(d.Events) == 0 {
		return d, errs.New(errs.Invalid, "a route that carries nothing says nothing").At("events").WithHint("Choose at least one event.")
	}
	for _, e := range d.Events {
		if !slices.ContainsFunc(Events(), func(i EventInfo) bool { return i.Event == e }) {
			return d, errs.New(errs.Invalid, "%q is no event", e).At("events")
		}
	}
	slices.Sort(d.Events)
	d.Events = slices.Compact(d.Events)
	hasSecret := d.Secret != "" || kept && !d.Forget
	if kind.Secret.Required && !hasSecret {
		return d, errs.New(errs.Invalid, "the %s is missing", strings.ToLower(kind.Secret.Label)).At("secret")
	}
	if err := line("secret", "the "+strings.ToLower(kind.Secret.Label), d.Secret, secretLength, false); err != nil {
		return d, err
	}
	switch d.Kind {
	case Email:
		return d, d.checkEmail(hasSecret)
	case Slack, Teams:
		if d.Secret != "" {
			return d, Address(d.Secret, "secret")
		}
	case PagerDuty:
		if n := utf8.RuneCountInString(d.Secret); n > 0 && n < 16 {
			return d, errs.New(errs.Invalid, "the integration key has %d characters", n).At("secret").WithHint("It has 32: copy the whole of it.")
		}
		return d, Address(d.Settings["url"], "url")
	case Webhook:
		if n := utf8.RuneCountInString(d.Secret); n > 0 && n < 16 {
			return d, errs.New(errs.Invalid, "the signing secret has %d characters", n).At("secret").WithHint("Use at least 16, or none.")
		}
		return d, Address(d.Settings["url"], "url")
	}
	return d, nil
}

func (f Field) check(v string) error {
	if len(f.Options) > 0 {
		if !slices.Contains(f.Options, v) {
			return errs.New(errs.Invalid, "%q is none of: %s", v, strings.Join(f.Options, ", ")).At(f.Key)
		}
		return nil
	}
	if f.Many {
		if utf8.RuneCountInString(v) > f.Max {
			return errs.New(errs.Invalid, "%s is longer than %d characters", strings.ToLower(f.Label), f.Max).At(f.Key)
		}
		return nil
	}
	return line(f.Key, strings.ToLower(f.Label), v, f.Max, f.Required)
}

// line judges a text of one line: nothing in it may end a header or hide.
func line(field, what, v string, most int, required bool) error {
	switch {
	case v == "" && required:
		return errs.New(errs.Invalid, "%s is missing", what).At(field)
	case utf8.RuneCountInString(v) > most:
		return errs.New(errs.Invalid, "%s is longer than %d characters", what, most).At(field)
	case !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl):
		return errs.New(errs.Invalid, "%s contains line ends or control characters", what).At(field).WithHint("Write it in one line.")
	}
	return nil
}

// Address judges the address of a web hook. Whether it may be reached is decided when it is dialled.
func Address(s, field string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errs.New(errs.Invalid, "that is no address of the web").At(field).WithHint("It begins with https:// and a name.")
	case u.User != nil:
		return errs.New(errs.Invalid, "an address with a user name or password in it would be sent along in logs").At(field).WithHint("Take it out.")
	case strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || unicode.IsSpace(c) }):
		return errs.New(errs.Invalid, "the address contains spaces or control characters").At(field)
	}
	return nil
}

func (d Draft) checkEmail(hasSecret bool) error {
	s := d.Settings
	if strings.ContainsAny(s["host"], " /:@") {
		return errs.New(errs.Invalid, "%q is no name of a server", s["host"]).At("host").WithHint("Only the name, without port and path.")
	}
	if n, err := strconv.Atoi(s["port"]); err != nil || n < 1 || n > 65535 {
		return errs.New(errs.Invalid, "%q is no port", s["port"]).At("port").WithHint("587 for STARTTLS, 465 for TLS.")
	}
	if s["security"] == "none" && (hasSecret || s["user"] != "") {
		return errs.New(errs.Invalid, "a password would travel unencrypted").At("security").WithHint("Choose STARTTLS or TLS, or leave user and password out.")
	}
	if hasSecret != (s["user"] != "") {
		return errs.New(errs.Invalid, "user and password belong together").At("user").WithHint("Give both, or neither.")
	}
	if _, err := mail.ParseAddress(s["from"]); err != nil {
		return errs.New(errs.Invalid, "%q is no e-mail address", s["from"]).At("from").WithHint("Such as: Tickmark <tickmark@northwind.example>")
	}
	to, err := Recipients(s["to"])
	if err != nil {
		return err
	}
	if len(to) == 0 && s["person"] != "yes" {
		return errs.New(errs.Invalid, "nobody gets the messages").At("to").WithHint("Give an address, or send to the person concerned.")
	}
	return nil
}

// Recipients reads addresses, one a line or with commas between.
func Recipients(s string) ([]string, error) {
	var out []string
	for _, one := range strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' }) {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		a, err := mail.ParseAddress(one)
		if err != nil || strings.ContainsFunc(a.Address, unicode.IsControl) {
			return nil, errs.New(errs.Invalid, "%q is no e-mail address", one).At("to").WithHint("One address a line.")
		}
		if !slices.Contains(out, a.Address) {
			out = append(out, a.Address)
		}
	}
	if len(out) > MaxTo {
		return nil, errs.New(errs.Invalid, "%d addresses; at most %d are taken", len(out), MaxTo).At("to").WithHint("Use an address of a group.")
	}
	return out, nil
}
