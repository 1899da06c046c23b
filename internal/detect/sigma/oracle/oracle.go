// Package oracle judges Sigma rules plainly: written straight from the specification, without any index, and with nothing of
// package sigma's own matching. It is slow. Tests hold the engine to it.
package oracle

import (
	"fmt"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

// Judge judges with the placeholders and aliases of an engine.
type Judge struct {
	Placeholders map[string][]string
	Aliases      []sigma.Aliases

	regexps map[string]*regexp.Regexp
	known   map[value][][]symbol
	text0   string // the text that was looked at last, and its runes
	runes   []rune
}

// value is one value of one line of a rule.
type value struct {
	line *sigma.Predicate
	text string
}

// Matches tells whether an event matches a rule, its filters included.
func (j *Judge) Matches(r *sigma.Rule, e Event) (bool, error) {
	ok, err := j.any(r.Conditions, r.Detections, r.Source, e)
	if err != nil || !ok {
		return false, err
	}
	for _, f := range r.Filters {
		if gone, err := j.any(f.Conditions, f.Detections, r.Source, e); err != nil || gone {
			return false, err
		}
	}
	return true, nil
}

func (j *Judge) any(conditions []sigma.Expr, detections []sigma.Detection, source sigma.LogSource, e Event) (bool, error) {
	for i := range conditions {
		if ok, err := j.expr(&conditions[i], detections, source, e); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

func (j *Judge) expr(x *sigma.Expr, detections []sigma.Detection, source sigma.LogSource, e Event) (bool, error) {
	if x.Op == sigma.Ref {
		for i := range detections {
			if detections[i].Name == x.Name {
				return j.selection(&detections[i].Root, source, e)
			}
		}
		return false, fmt.Errorf("no selection %s", x.Name)
	}
	n := 0
	for i := range x.Of {
		ok, err := j.expr(&x.Of[i], detections, source, e)
		if err != nil {
			return false, err
		}
		if ok {
			n++
		}
		if ok && x.Op == sigma.Or || !ok && x.Op == sigma.And {
			return ok, nil
		}
	}
	switch x.Op {
	case sigma.Not:
		return n == 0, nil
	case sigma.And:
		return n == len(x.Of), nil
	case sigma.Or:
		return n > 0, nil
	}
	return n >= x.N, nil
}

func (j *Judge) selection(s *sigma.Selection, source sigma.LogSource, e Event) (bool, error) {
	if s.Kind == sigma.Single {
		return j.predicate(&s.Test, source, e)
	}
	for i := range s.Of {
		ok, err := j.selection(&s.Of[i], source, e)
		if err != nil {
			return false, err
		}
		if ok == (s.Kind == sigma.Either) {
			return ok, nil
		}
	}
	return s.Kind == sigma.Every, nil
}

// values finds a field: spelled so, or where its aliases say, or with other capitals and spaces. there is false if it is not
// in the event at all.
func (j *Judge) values(field string, source sigma.LogSource, e Event) (values []*string, there bool) {
	if field == "" {
		return e[words], true
	}
	if v, ok := e[field]; ok {
		return v, true
	}
	for _, a := range j.Aliases {
		if (a.Product != "" && a.Product != source.Product) || (a.Service != "" && a.Service != source.Service) {
			continue
		}
		for _, path := range aliased(a.Fields, field) {
			if v, ok := e[path]; ok {
				return v, true
			}
		}
	}
	values, there = e[otherwise+sameName(field)]
	return values, there
}

// aliased looks a field up by its name, or by the longest beginning of it that stands with ".*".
func aliased(fields map[string][]string, field string) []string {
	if paths, ok := fields[field]; ok {
		return paths
	}
	parts := strings.Split(field, ".")
	for n := len(parts) - 1; n > 0; n-- {
		paths, ok := fields[strings.Join(parts[:n], ".")+".*"]
		if !ok {
			continue
		}
		var out []string
		for _, p := range paths {
			if strings.HasSuffix(p, "*") {
				p = strings.TrimSuffix(p, "*") + strings.Join(parts[n:], ".")
			}
			out = append(out, p)
		}
		return out
	}
	return nil
}

func (j *Judge) predicate(p *sigma.Predicate, source sigma.LogSource, e Event) (bool, error) {
	values, there := j.values(p.Field, source, e)
	n := 0
	for _, want := range p.Values {
		ok, err := j.one(p, want, values, there, source, e)
		if err != nil {
			return false, err
		}
		if ok {
			n++
		}
	}
	out := n > 0
	if p.Has("all") {
		out = n == len(p.Values)
	}
	return out != p.Has("neq"), nil
}

// one tells whether any value of the event is the one that the rule wants.
func (j *Judge) one(p *sigma.Predicate, want sigma.Scalar, values []*string, there bool, source sigma.LogSource, e Event) (bool, error) {
	if want.Kind == sigma.Null {
		return !there || slices.Contains(values, nil), nil
	}
	if p.Has("exists") {
		return there == strings.EqualFold(want.Text, "true"), nil
	}
	for _, v := range values {
		if v == nil {
			continue
		}
		ok, err := j.compare(p, want, *v, source, e)
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func number(s string) (float64, bool) {
	if len(s) > 64 || !decimal.MatchString(s) {
		return 0, false
	}
	f, _, err := big.ParseFloat(s, 10, 53, big.ToNearestEven)
	if err != nil {
		return 0, false
	}
	out, _ := f.Float64()
	return out, true
}

func (j *Judge) compare(p *sigma.Predicate, want sigma.Scalar, have string, source sigma.LogSource, e Event) (bool, error) {
	for _, unit := range []string{"minute", "hour", "day", "week", "month", "year"} {
		if p.Has(unit) {
			n, ok := part(have, unit)
			have = strconv.Itoa(n)
			return ok && ordered(p, have, want.Text), nil
		}
	}
	switch {
	case p.Has("gt"), p.Has("gte"), p.Has("lt"), p.Has("lte"):
		return ordered(p, have, want.Text), nil
	case p.Has("cidr"):
		return within(have, want.Text), nil
	case p.Has("re"):
		re, err := j.regexp(p, want.Text)
		return err == nil && re.MatchString(have), err
	case p.Has("fieldref"):
		others, _ := j.values(want.Text, source, e)
		for _, o := range others {
			if o != nil && placed(p, have, *o) {
				return true, nil
			}
		}
		return false, nil
	}
	return j.text(p, want.Text, have)
}

func (j *Judge) regexp(p *sigma.Predicate, text string) (*regexp.Regexp, error) {
	flags := ""
	for _, f := range []string{"i", "m", "s"} {
		if p.Has(f) {
			flags += f
		}
	}
	if flags != "" {
		text = "(?" + flags + ")" + text
	}
	if j.regexps == nil {
		j.regexps = map[string]*regexp.Regexp{}
	}
	re := j.regexps[text]
	if re == nil {
		var err error
		if re, err = regexp.Compile(text); err != nil {
			return nil, err
		}
		j.regexps[text] = re
	}
	return re, nil
}

func ordered(p *sigma.Predicate, have, want string) bool {
	a, ok1 := number(have)
	b, ok2 := number(want)
	if !ok1 || !ok2 {
		return false
	}
	switch {
	case p.Has("gt"):
		return a > b
	case p.Has("gte"):
		return a >= b
	case p.Has("lt"):
		return a < b
	case p.Has("lte"):
		return a <= b
	}
	return a == b
}

func placed(p *sigma.Predicate, have, other string) bool {
	same := strings.EqualFold
	if p.Has("cased") {
		same = func(a, b string) bool { return a == b }
	}
	a, b := []rune(have), []rune(other)
	n := len(b)
	switch {
	case p.Has("startswith"):
		return len(a) >= n && same(string(a[:n]), other)
	case p.Has("endswith"):
		return len(a) >= n && same(string(a[len(a)-n:]), other)
	case p.Has("contains"):
		for i := 0; i+n <= len(a); i++ {
			if same(string(a[i:i+n]), other) {
				return true
			}
		}
		return false
	}
	return same(have, other)
}

func within(have, network string) bool {
	if i := strings.IndexByte(have, '%'); i > 0 && strings.Contains(have, ":") {
		if i == len(have)-1 {
			return false
		}
		have = have[:i]
	}
	ip := net.ParseIP(have)
	if ip == nil || len(have) > 64 {
		return false
	}
	if !strings.Contains(network, "/") {
		return ip.Equal(net.ParseIP(network))
	}
	_, n, err := net.ParseCIDR(network)
	if err != nil {
		return false
	}
	if v4 := ip.To4(); v4 != nil && len(n.IP) == net.IPv6len {
		return strings.Contains(have, ":") && containsRaw(n, ip.To16())
	}
	return n.Contains(ip)
}

// containsRaw compares all 16 bytes, which IPNet.Contains does not do for IPv4 written as IPv6.
func containsRaw(n *net.IPNet, ip net.IP) bool {
	for i := range n.IP {
		if n.IP[i]&n.Mask[i] != ip[i]&n.Mask[i] {
			return false
		}
	}
	return true
}

var date = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$`)

func part(s, unit string) (int, bool) {
	m := date.FindStringSubmatch(s)
	if m == nil || len(s) > 40 {
		return 0, false
	}
	day, err := time.Parse("2006-01-02", m[1])
	if err != nil {
		return 0, false
	}
	var clock time.Time
	if m[2] != "" {
		if clock, err = time.Parse("15:04", m[2]); err != nil {
			return 0, false
		}
	}
	switch unit {
	case "minute":
		return clock.Minute(), m[2] != ""
	case "hour":
		return clock.Hour(), m[2] != ""
	case "day":
		return day.Day(), true
	case "week":
		_, w := day.ISOWeek()
		return w, true
	case "month":
		return int(day.Month()), true
	}
	return day.Year(), true
}
