package sigma

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// modifiers of specification 2.1.0.
var modifiers = []string{
	"all", "startswith", "endswith", "contains", "exists", "cased", "neq", "windash",
	"re", "i", "m", "s", "base64", "base64offset", "utf16le", "utf16be", "utf16", "wide",
	"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year", "cidr", "expand", "fieldref",
}

// matcherKind is how a value of an event is compared.
type matcherKind uint8

const (
	byPattern matcherKind = iota
	byRegexp
	byCIDR
	byNumber
	byTime
	byNull
	byExists
	byField
)

// Where a fieldref looks for the other field's value.
const (
	whole = iota
	atStart
	atEnd
	anywhere
)

// matcher is one alternative of a value of a rule after its modifiers were applied.
type matcher struct {
	kind    matcherKind
	pat     pattern // folded unless cased
	cased   bool
	re      *regexp.Regexp
	prefix  netip.Prefix
	op      string // of numbers and times: eq, gt, gte, lt, lte
	number  float64
	unit    string // of times
	present bool   // of exists
	other   string // the field of a fieldref
	where   int
}

// test is a predicate after its modifiers were applied: values joined by or, or by and if all; each value is any of its
// alternatives.
type test struct {
	field  string
	values [][]matcher
	all    bool
	negate bool
}

// Bounds of what one value may become.
const (
	maxAlternatives = 20_000
	maxRegexpBytes  = 10_000
)

var errTooMany = fmt.Errorf("the modifiers make more than %d texts of one", maxAlternatives)

// chain is what the modifiers of a predicate ask for, once they are known to go together.
type chain struct {
	kind     matcherKind
	place    string // contains, startswith, endswith or ""
	cased    bool
	flags    string // of re
	op       string
	unit     string
	expand   bool
	encoding bool
}

var kinds = map[string]matcherKind{
	"re": byRegexp, "cidr": byCIDR, "exists": byExists, "fieldref": byField, "lt": byNumber, "lte": byNumber, "gt": byNumber, "gte": byNumber,
	"minute": byTime, "hour": byTime, "day": byTime, "week": byTime, "month": byTime, "year": byTime,
}

func readChain(p *Predicate) (chain, error) {
	var c chain
	var typed string
	for i, m := range p.Modifiers {
		if slices.Contains(p.Modifiers[:i], m) {
			return c, fmt.Errorf("modifier %s stands twice", m)
		}
		k, isType := kinds[m]
		switch {
		case isType:
			if typed != "" && !(c.kind == byTime && k == byNumber) && !(c.kind == byNumber && k == byTime) {
				return c, fmt.Errorf("modifiers %s and %s exclude each other", typed, m)
			}
			typed = m
			if k == byNumber {
				c.op = m
			} else if k == byTime {
				c.unit = m
			}
			c.kind = max(c.kind, k) // times with a comparison are times
		case m == "i" || m == "m" || m == "s":
			if c.kind != byRegexp {
				return c, fmt.Errorf("modifier %s stands after re only", m)
			}
			c.flags += m
		case m == "contains" || m == "startswith" || m == "endswith":
			if c.place != "" {
				return c, fmt.Errorf("modifiers %s and %s exclude each other", c.place, m)
			}
			c.place = m
		case m == "cased":
			c.cased = true
		case m == "expand":
			if c.encoding {
				return c, fmt.Errorf("expand stands after an encoding, which has hidden the placeholder")
			}
			c.expand = true
		case m == "windash" || m == "base64" || m == "base64offset" || m == "utf16le" || m == "utf16be" || m == "utf16" || m == "wide":
			if c.encoding = true; typed != "" {
				return c, fmt.Errorf("modifiers %s and %s exclude each other", typed, m)
			}
		}
	}
	if c.op == "" {
		c.op = "eq"
	}
	return c, c.check(p, typed)
}

func (c *chain) check(p *Predicate, typed string) error {
	switch {
	case c.kind != byPattern && c.encoding:
		return fmt.Errorf("modifier %s compares no text that could be encoded", typed)
	case c.kind != byPattern && c.kind != byField && (c.place != "" || c.cased):
		return fmt.Errorf("modifier %s excludes contains, startswith, endswith and cased", typed)
	case c.kind != byPattern && c.expand:
		return fmt.Errorf("modifiers %s and expand exclude each other", typed)
	case c.op != "eq" && p.Has("neq"):
		return fmt.Errorf("modifiers %s and neq exclude each other", c.op)
	case c.kind == byExists && (len(p.Values) != 1 || p.Values[0].Kind != Bool):
		return fmt.Errorf("exists needs true or false")
	case p.Field == "" && c.kind != byPattern && c.kind != byRegexp && c.kind != byCIDR:
		return fmt.Errorf("modifier %s needs a field", typed)
	}
	return nil
}

// lowering turns predicates into tests. Placeholders are what expand puts in the place of %name%.
type lowering struct{ placeholders map[string][]string }

func (l *lowering) test(p *Predicate) (test, error) {
	t := test{field: p.Field, all: p.Has("all"), negate: p.Has("neq")}
	c, err := readChain(p)
	if err != nil {
		return t, faultf(p.Line, "%s: %s", p.name(), err)
	}
	for _, v := range p.Values {
		of, err := l.value(p, &c, v)
		if err != nil {
			return t, faultf(p.Line, "%s: %s", p.name(), err)
		}
		t.values = append(t.values, of)
	}
	return t, nil
}

func (p *Predicate) name() string {
	return strings.Join(append([]string{p.Field}, p.Modifiers...), "|")
}

func (l *lowering) value(p *Predicate, c *chain, v Scalar) ([]matcher, error) {
	if v.Kind == Null {
		if c.kind != byPattern || c.encoding || c.place != "" || c.cased || c.expand || p.Field == "" {
			return nil, fmt.Errorf("null goes with no modifier but neq")
		}
		return []matcher{{kind: byNull}}, nil
	}
	switch c.kind {
	case byExists:
		return []matcher{{kind: byExists, present: strings.EqualFold(v.Text, "true")}}, nil
	case byField:
		if v.Kind != Text || v.Text == "" {
			return nil, fmt.Errorf("fieldref needs the name of a field")
		}
		where := map[string]int{"": whole, "startswith": atStart, "endswith": atEnd, "contains": anywhere}[c.place]
		return []matcher{{kind: byField, other: v.Text, where: where, cased: c.cased}}, nil
	case byRegexp:
		re, err := compileRegexp(v.Text, c.flags)
		return []matcher{{kind: byRegexp, re: re}}, err
	case byCIDR:
		prefix, err := parseCIDR(v.Text)
		return []matcher{{kind: byCIDR, prefix: prefix}}, err
	case byNumber:
		n, ok := parseNumber(v.Text)
		if !ok {
			return nil, fmt.Errorf("%q is no number", v.Text)
		}
		return []matcher{{kind: byNumber, op: c.op, number: n}}, nil
	case byTime:
		n, ok := parseNumber(v.Text)
		if r := timeRanges[c.unit]; !ok || n != math.Trunc(n) || n < r[0] || n > r[1] {
			return nil, fmt.Errorf("%q is no %s", v.Text, c.unit)
		}
		return []matcher{{kind: byTime, op: c.op, unit: c.unit, number: n}}, nil
	}
	return l.patterns(p, c, v)
}

func (l *lowering) patterns(p *Predicate, c *chain, v Scalar) ([]matcher, error) {
	of := []pattern{parsePattern(v.Text)}
	var err error
	if c.expand {
		if of, err = l.expand(v.Text); err != nil {
			return nil, err
		}
	}
	for _, m := range p.Modifiers {
		var next []pattern
		for _, x := range of {
			more, err := apply(m, x)
			if err != nil {
				return nil, err
			}
			next = append(next, more...)
		}
		if of = next; len(of) > maxAlternatives {
			return nil, errTooMany
		}
	}
	out := make([]matcher, 0, len(of))
	for _, x := range of {
		if p.Field == "" && c.place == "" {
			x = around(x)
		}
		for _, y := range x {
			if !utf8.ValidString(y.text) {
				return nil, fmt.Errorf("the encoded text has bytes that no text of an event can have; follow it with base64 or base64offset")
			}
		}
		if !c.cased {
			x = x.mapLiterals(fold)
		}
		out = append(out, matcher{kind: byPattern, pat: x, cased: c.cased})
	}
	return out, nil
}

func around(p pattern) pattern { return pattern{{kind: anyMany}}.concat(p).with(anyMany, "") }

// apply applies one modifier to one pattern.
func apply(m string, p pattern) ([]pattern, error) {
	switch m {
	case "contains":
		return []pattern{around(p)}, nil
	case "startswith":
		return []pattern{p.concat(pattern{{kind: anyMany}})}, nil
	case "endswith":
		return []pattern{pattern{{kind: anyMany}}.concat(p)}, nil
	case "windash":
		return []pattern{p.windash()}, nil
	case "wide", "utf16le", "utf16be", "utf16":
		all := p.spelled(maxAlternatives)
		if all == nil {
			return nil, errTooMany
		}
		for i := range all {
			all[i] = all[i].mapLiterals(func(s string) string { return encodeUTF16(s, m) })
		}
		return all, nil
	case "base64", "base64offset":
		var out []pattern
		all := p.spelled(maxAlternatives)
		if all == nil {
			return nil, errTooMany
		}
		for _, x := range all {
			text, ok := x.plain()
			switch {
			case !ok:
				return nil, fmt.Errorf("%s cannot encode a wildcard", m)
			case text == "":
				return nil, fmt.Errorf("%s of an empty text is empty", m)
			case m == "base64":
				out = append(out, pattern{{literal, base64.StdEncoding.EncodeToString([]byte(text))}})
				continue
			}
			for shift := range 3 {
				enc := offsetBase64(text, shift)
				if enc == "" {
					return nil, fmt.Errorf("base64offset of %q leaves nothing to look for", text)
				}
				out = append(out, pattern{{literal, enc}})
			}
		}
		return out, nil
	}
	return []pattern{p}, nil
}

// encodeUTF16 gives the bytes of the encoding. utf16 is little-endian behind a byte order mark.
func encodeUTF16(s, as string) string {
	var b strings.Builder
	if as == "utf16" {
		b.WriteString("\xff\xfe")
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if as == "utf16be" {
			b.WriteByte(byte(u >> 8))
			b.WriteByte(byte(u))
		} else {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

// offsetBase64 is the part of the encoding that does not depend on what stands before and after the text, when the text begins
// shift bytes into a group of three.
func offsetBase64(s string, shift int) string {
	enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), s...))
	from := (shift*8 + 5) / 6
	to := (shift + len(s)) * 8 / 6
	if from >= to {
		return ""
	}
	return enc[from:to]
}

// expand reads a text with %placeholders%: \% is a plain percent sign. The values are patterns themselves.
func (l *lowering) expand(text string) ([]pattern, error) {
	out := []pattern{nil}
	var lit strings.Builder
	join := func(with []pattern) {
		var next []pattern
		for _, o := range out {
			for _, w := range with {
				next = append(next, o.concat(w))
			}
		}
		out = next
	}
	found := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '%':
			lit.WriteByte('%')
			i++
		case text[i] == '\\' && i+1 < len(text):
			lit.WriteString(text[i : i+2])
			i++
		case text[i] == '%' && strings.IndexByte(text[i+1:], '%') > 0:
			end := i + 1 + strings.IndexByte(text[i+1:], '%')
			name := text[i+1 : end]
			values, ok := l.placeholders[name]
			if !ok || len(values) == 0 {
				return nil, fmt.Errorf("placeholder %%%s%% has no values", name)
			}
			join([]pattern{parsePattern(lit.String())})
			lit.Reset()
			var with []pattern
			for _, v := range values {
				with = append(with, parsePattern(v))
			}
			if len(out)*len(with) > maxAlternatives {
				return nil, fmt.Errorf("the placeholders make more than %d texts of one", maxAlternatives)
			}
			join(with)
			found, i = true, end
		default:
			lit.WriteByte(text[i])
		}
	}
	if !found {
		return nil, fmt.Errorf("%q holds no placeholder to expand", text)
	}
	join([]pattern{parsePattern(lit.String())})
	return out, nil
}

func compileRegexp(text, flags string) (*regexp.Regexp, error) {
	if len(text) > maxRegexpBytes {
		return nil, fmt.Errorf("the regular expression is longer than %d bytes", maxRegexpBytes)
	}
	if flags != "" {
		text = "(?" + flags + ")" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("the regular expression cannot be matched in time that is certain: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// parseCIDR reads a network. Bits beyond its length do not matter, and an address alone is a network of one.
func parseCIDR(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is no network", text)
	}
	return p.Masked(), nil
}

// inNetwork tells whether a text is an address of the network. IPv4 written as IPv6 is IPv4; zones do not matter.
func inNetwork(p netip.Prefix, text []byte) bool {
	if len(text) < 2 || len(text) > 64 {
		return false
	}
	if a, ok := parseIPv4(text); ok {
		return p.Contains(a)
	}
	if bytes.IndexByte(text, ':') < 0 {
		return false
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return false
	}
	return p.Contains(a.WithZone("").Unmap()) || p.Contains(a.WithZone(""))
}

// parseIPv4 reads the dotted form, without a copy of the text.
func parseIPv4(text []byte) (netip.Addr, bool) {
	var a [4]byte
	part, digits, n := 0, 0, 0
	for _, c := range text {
		switch {
		case c == '.':
			if digits == 0 || part == 3 {
				return netip.Addr{}, false
			}
			a[part] = byte(n)
			part, digits, n = part+1, 0, 0
		case '0' <= c && c <= '9':
			if digits > 0 && n == 0 { // no leading zeros, which some take for octal
				return netip.Addr{}, false
			}
			n = n*10 + int(c-'0')
			if digits++; n > 255 {
				return netip.Addr{}, false
			}
		default:
			return netip.Addr{}, false
		}
	}
	a[3] = byte(n)
	return netip.AddrFrom4(a), part == 3 && digits > 0
}

// parseNumber reads a decimal number: sign, digits, fraction, exponent.
func parseNumber[T string | []byte](t T) (float64, bool) {
	i, digits := 0, 0
	run := func() {
		for i < len(t) && '0' <= t[i] && t[i] <= '9' {
			i++
			digits++
		}
	}
	if len(t) > 64 {
		return 0, false
	}
	if i < len(t) && (t[i] == '-' || t[i] == '+') {
		i++
	}
	if run(); digits == 0 {
		return 0, false
	}
	if i < len(t) && t[i] == '.' {
		i++
		digits = 0
		if run(); digits == 0 {
			return 0, false
		}
	}
	if i < len(t) && (t[i] == 'e' || t[i] == 'E') {
		i++
		if i < len(t) && (t[i] == '-' || t[i] == '+') {
			i++
		}
		digits = 0
		if run(); digits == 0 {
			return 0, false
		}
	}
	if i < len(t) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(string(t), 64) // too large is infinite, which compares as it should
	return f, true
}

func compare(op string, a, b float64) bool { return Bound{op, b}.Holds(a) }
