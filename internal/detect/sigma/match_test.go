package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/detect/sigma/oracle"
)

// rule writes a rule around a detection.
func rule(id, detection string) string {
	return "title: a rule\nid: " + id + "\nlogsource:\n  product: test\ndetection:\n" + indent(detection)
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}

var testOptions = sigma.Options{
	Sources:      []sigma.Source{{Name: "test", Kinds: []sigma.Kind{{LogSource: sigma.LogSource{Product: "test"}}}}},
	Placeholders: map[string][]string{"admins": {"root", "adm_*"}, "hosts": {"a", "b"}, "plain": {"100%"}},
	Aliases:      []sigma.Aliases{{Product: "test", Fields: map[string][]string{"actor": {"user.name", "userName"}, "data.*": {"b.*", "c"}, "data.x.*": {"n.*"}}}},
}

func compile(tb testing.TB, docs ...string) *sigma.Engine {
	tb.Helper()
	set := &sigma.Set{}
	for i, d := range docs {
		set.Add(fmt.Sprintf("%d.yml", i), []byte(d))
	}
	e, err := sigma.Compile(set, testOptions)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// fires asks engine and oracle whether the only rule matches.
func fires(t *testing.T, detection, event string) bool {
	t.Helper()
	e := compile(t, rule("r", detection))
	for _, r := range e.Refused() {
		t.Fatalf("%v\n%s", r, detection)
	}
	hits, err := e.Evaluator().Match(0, []byte(event), at)
	if err != nil {
		t.Fatalf("%v: %s", err, event)
	}
	flat, err := oracle.Flatten([]byte(event))
	if err != nil {
		t.Fatalf("oracle: %v: %s", err, event)
	}
	judge := oracle.Judge{Placeholders: testOptions.Placeholders, Aliases: testOptions.Aliases}
	want, err := judge.Matches(e.Rules()[0], flat)
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	if got := len(hits) == 1; got != want {
		t.Errorf("engine says %v, oracle %v:\n%s%s", got, want, detection, event)
	}
	return len(hits) == 1
}

// line is the detection of one line.
func line(key, value string) string {
	return fmt.Sprintf("sel:\n  %s: %s\ncondition: sel\n", key, value)
}

func TestModifiers(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ key, value, yes, no string }{
		// plain texts: the whole value, without capitals
		{"a", "abc", `{"a":"aBc"}`, `{"a":"abcd"} {"a":"xabc"} {"b":"abc"} {"a":null} {"a":{"a":"abc"}}`},
		{"a", "''", `{"a":""}`, `{"a":null} {} {"a":" "} {"a":[]}`},
		{"a", "null", `{"a":null} {} {"a":[1,null]}`, `{"a":""} {"a":0} {"a":{}} {"a":[]}`},
		{"a|neq", "null", `{"a":""} {"a":1} {"a":[]}`, `{"a":null} {}`},
		{"a", "42", `{"a":42} {"a":"42"} {"a":[1,42]}`, `{"a":42.0} {"a":"042"} {"a":420}`},
		{"a", "4.50", `{"a":4.50}`, `{"a":4.5}`},
		{"a", "0x1F", `{"a":"0x1f"}`, `{"a":31}`},
		{"a", "true", `{"a":true} {"a":"TRUE"}`, `{"a":false} {"a":1}`},
		{"a", "[x, 7, false]", `{"a":"X"} {"a":7} {"a":false}`, `{"a":"y"}`},
		{"a", "ÄÖ", `{"a":"äö"} {"a":"\u00c4\u00d6"}`, `{"a":"ao"}`},
		{"a", "straße", `{"a":"STRAẞE"}`, `{"a":"strasse"}`},
		{"a", "kilo", `{"a":"\u212Ailo"}`, `{"a":"ilo"}`},
		{"a", "ſ", `{"a":"S"} {"a":"s"}`, `{"a":"t"}`},
		// wildcards and escapes
		{"a", "a*c", `{"a":"abbc"} {"a":"AC"} {"a":"a*c"}`, `{"a":"abcd"} {"a":"xac"}`},
		{"a", "a?c", `{"a":"abc"} {"a":"aéc"} {"a":"a?c"}`, `{"a":"ac"} {"a":"abbc"}`},
		{"a", "'*'", `{"a":""} {"a":0} {"a":{}}`, `{"a":null} {} {"a":[]}`},
		{"a", "'?*'", `{"a":"x"}`, `{"a":""}`},
		{"a", `'a\*c'`, `{"a":"a*c"}`, `{"a":"abc"} {"a":"a\\*c"}`},
		{"a", `'a\?c'`, `{"a":"a?c"}`, `{"a":"abc"}`},
		{"a", `'a\\*c'`, `{"a":"a\\bc"} {"a":"a\\c"}`, `{"a":"abc"} {"a":"a*c"}`},
		{"a", `'a\\\*c'`, `{"a":"a\\*c"}`, `{"a":"a\\bc"}`},
		{"a", `'C:\Windows\x'`, `{"a":"c:\\windows\\X"}`, `{"a":"C:\\\\Windows\\x"}`},
		{"a", `'\\\\srv\\x'`, `{"a":"\\\\srv\\x"}`, `{"a":"\\srv\\x"}`},
		{"a", `'\\\x'`, `{"a":"\\\\x"}`, `{"a":"\\x"}`},
		{"a|contains", `'dir\'`, `{"a":"my dir\\x"}`, `{"a":"my dir"}`},
		{"a", "'a**b*?c'", `{"a":"aXbYc"}`, `{"a":"abc"}`},
		{"a", "'*ab*ab'", `{"a":"abab"} {"a":"xabyabab"}`, `{"a":"ab"} {"a":"ababx"}`},
		// places
		{"a|contains", "[bc, xy]", `{"a":"abCd"} {"a":"xy"}`, `{"a":"b c"} {"a":null}`},
		{"a|contains", "12", `{"a":3120} {"a":{"b":12}}`, `{"a":21}`},
		{"a|contains", "'b?d'", `{"a":"xbcdx"}`, `{"a":"xbdx"}`},
		{"a|startswith", "ab", `{"a":"ABx"} {"a":"ab"}`, `{"a":"xab"}`},
		{"a|endswith", "bc", `{"a":"abC"} {"a":"bc"}`, `{"a":"bcx"}`},
		{"a|contains", "''", `{"a":""} {"a":"x"}`, `{"a":null} {}`},
		{"a|contains|all", "[ab, bc]", `{"a":"abc"} {"a":["ab","bc"]}`, `{"a":"ab"}`},
		{"a|all|endswith", "['*x', y]", `{"a":["x","y"]}`, `{"a":"xy"}`},
		{"a|all", "[one, two]", `{"a":["one","two","three"]}`, `{"a":"one"}`},
		// cased and neq
		{"a|cased", "aB", `{"a":"aB"}`, `{"a":"ab"} {"a":"AB"}`},
		{"a|contains|cased", "aB", `{"a":"xaBx"}`, `{"a":"xabx"}`},
		{"a|cased|startswith", "É", `{"a":"Éx"}`, `{"a":"éx"}`},
		{"a|neq", "x", `{"a":"y"} {} {"a":null}`, `{"a":"X"} {"a":["y","x"]}`},
		{"a|neq", "[x, 1]", `{"a":"y"} {"a":2}`, `{"a":"x"} {"a":1}`},
		{"a|contains|neq", "x", `{"a":"y"}`, `{"a":"axa"}`},
		// encodings
		{"a|base64", "foo", `{"a":"Zm9v"}`, `{"a":"foo"} {"a":"Zm9vYg=="}`},
		{"a|base64|contains|cased", "foob", `{"a":"xZm9vYg==x"}`, `{"a":"xzm9vyg==x"}`},
		{"a|base64offset|contains", "foobar", `{"a":"Zm9vYmFy"} {"a":"eGZvb2Jhcg=="} {"a":"eHhmb29iYXI="}`, `{"a":"Zm9vYmF"}`},
		{"a|wide|base64offset|contains", "cmd", `{"a":"YwBtAGQA"} {"a":"eGMAbQBkAA=="}`, `{"a":"Y21k"}`},
		{"a|utf16be|base64|contains", "cmd", `{"a":"AGMAbQBk"}`, `{"a":"YwBtAGQA"}`},
		{"a|utf16|base64", "cmd", `{"a":"//5jAG0AZAA="}`, `{"a":"YwBtAGQA"}`},
		{"a|utf16le|contains", "cmd", `{"a":"xc\u0000m\u0000d\u0000"}`, `{"a":"cmd"}`},
		{"a|windash|contains", "' -f /d'", `{"a":"x -f /d"} {"a":"x /f -d"} {"a":"x –f —d"} {"a":"x ―f /d"}`, `{"a":"x _f /d"}`},
		{"a|windash|contains", "'-a-b'", `{"a":"/a-b"}`, `{"a":"/a/b"}`},
		{"a|windash|endswith", "'-- -x'", `{"a":"-- /x"}`, `{"a":"/- /x"}`},
		{"a|contains|windash", "'-a -b -c -d -e'", `{"a":"x/a –b —c ―d -e"}`, `{"a":"a -b -c -d -e"}`},
		{"a|windash|base64offset|contains", "'-enc'", `{"a":"LWVuYw=="} {"a":"L2VuYw=="}`, `{"a":"X2VuYw=="}`},
		// regular expressions
		{"a|re", "'b.d'", `{"a":"abcd"}`, `{"a":"aBcd"} {"a":"b\nd"} {"a":"bd"}`},
		{"a|re", "'^b.*d$'", `{"a":"bxd"} {"a":["x","bd"]}`, `{"a":"abd"} {"a":"bdx"} {"a":"bd\nx"}`},
		{"a|re|i", "'b(c|xyz)d'", `{"a":"aBXYZd"} {"a":"bcD"}`, `{"a":"bxd"}`},
		{"a|re|i", "'mass'", `{"a":"MAſS"}`, `{"a":"mas"}`},
		{"a|re|m", "'^b$'", `{"a":"a\nb\nc"}`, `{"a":"a\nbc"}`},
		{"a|re|s", "'b.d'", `{"a":"b\nd"}`, `{"a":"bd"}`},
		{"a|re|i|m|s", "'^B.D$'", `{"a":"x\nb\nd\ny"}`, `{"a":"b\nde"}`},
		{"a|re", "'[0-9]{3,}'", `{"a":1234} {"a":"x123"}`, `{"a":"12a3"}`},
		{"a|re", "'(foo)?(bar|baz){1,2}x*'", `{"a":"bar"} {"a":"foobazbar"}`, `{"a":"foo"}`},
		{"a|re", "'[Pp][Ww]sh'", `{"a":"Pwsh"} {"a":"pWsh"}`, `{"a":"PWSH"}`},
		{"a|re", "''", `{"a":""} {"a":"x"}`, `{} {"a":null}`},
		{"a|re|neq", "'^x'", `{"a":"y"} {}`, `{"a":"xy"}`},
		// numbers
		{"a|gt", "5", `{"a":6} {"a":"5.1"} {"a":1e3}`, `{"a":5} {"a":"x"} {} {"a":null} {"a":""} {"a":"0x10"}`},
		{"a|gte", "5", `{"a":5} {"a":5.0}`, `{"a":4.9}`},
		{"a|lt", "-1.5", `{"a":-2}`, `{"a":-1.5} {"a":1}`},
		{"a|lte", "[3, 5]", `{"a":5} {"a":3}`, `{"a":6}`},
		{"a|gt|all", "[3, 5]", `{"a":6}`, `{"a":4}`},
		{"a|gt", "5", `{"a":[1,9]}`, `{"a":[1,2]} {"a":"6 "} {"a":"1e"} {"a":"."} {"a":"+"} {"a":"1.e1"}`},
		// networks
		{"a|cidr", "10.0.0.0/8", `{"a":"10.1.2.3"} {"a":"::ffff:10.1.2.3"}`, `{"a":"11.0.0.1"} {"a":"10.1.2"} {"a":"10.1.2.3/32"} {"a":10}`},
		{"a|cidr", "[192.168.1.7/16, 'fe80::/10']", `{"a":"192.168.9.9"} {"a":"fe80::1"} {"a":"FE80::1%eth0"}`, `{"a":"fec0::1"} {"a":"192.169.0.1"}`},
		{"a|cidr", "10.0.0.1", `{"a":"10.0.0.1"}`, `{"a":"10.0.0.2"}`},
		{"a|cidr|neq", "10.0.0.0/8", `{"a":"11.0.0.1"} {"a":"x"}`, `{"a":"10.0.0.1"}`},
		// presence
		{"a|exists", "true", `{"a":1} {"a":null} {"a":""} {"a":[]} {"a":{}} {"A":1}`, `{} {"b":{"a":1}}`},
		{"a|exists", "false", `{} {"b":1}`, `{"a":null}`},
		{"a.b|exists", "true", `{"a":{"b":null}} {"a.b":1} {"a":[{},{"b":1}]}`, `{"a":{}} {"a":"b"}`},
		// other fields
		{"a|fieldref", "b", `{"a":"x","b":"X"} {"a":1,"b":"1"} {"a":["p","q"],"b":["q","r"]}`, `{"a":"x","b":"y"} {"a":"x"} {"b":"x"} {} {"a":null,"b":null}`},
		{"a|fieldref|cased", "b", `{"a":"x","b":"x"}`, `{"a":"x","b":"X"}`},
		{"a|fieldref|neq", "b", `{"a":"x","b":"y"} {"a":"x"}`, `{"a":"x","b":"X"}`},
		{"a|fieldref|startswith", "b", `{"a":"xyz","b":"XY"}`, `{"a":"xyz","b":"yz"}`},
		{"a|fieldref|endswith", "b", `{"a":"xyz","b":"YZ"}`, `{"a":"xyz","b":"xy"}`},
		{"a|fieldref|contains", "b.c", `{"a":"xyz","b":{"c":"Y"}}`, `{"a":"xz","b":{"c":"y"}}`},
		{"a|fieldref", "actor", `{"a":"x","userName":"X"}`, `{"a":"x","userName":"y"}`},
		// times
		{"a|hour", "3", `{"a":"2026-01-02T03:04:05Z"} {"a":"2026-01-02 03:04"} {"a":"2026-01-02T03:04:05.123+02:00"}`, `{"a":"2026-01-02T04:03:05Z"} {"a":"2026-01-02"} {"a":3} {"a":"2026-02-30T03:00:00Z"}`},
		{"a|minute", "4", `{"a":"2026-01-02T03:04:05Z"}`, `{"a":"2026-01-02T03:05:04Z"}`},
		{"a|day", "[1, 2]", `{"a":"2026-01-02"}`, `{"a":"2026-01-03"}`},
		{"a|week", "53", `{"a":"2026-12-31"} {"a":"2027-01-01T00:00:00Z"}`, `{"a":"2026-01-01"}`},
		{"a|month|gte", "11", `{"a":"2026-12-01"}`, `{"a":"2026-10-01"}`},
		{"a|hour|lt", "6", `{"a":"2026-01-02T05:59:59Z"}`, `{"a":"2026-01-02T06:00:00Z"}`},
		{"a|year", "2026", `{"a":"2026-01-02T03:04:05-0700"}`, `{"a":"2025-12-31"} {"a":"2026-13-01"} {"a":"2026-01-02T25:00:00Z"} {"a":"2026-01-02T03:04:60Z"} {"a":"2026-01-02T03:04:05z"}`},
		{"a|year|neq", "2026", `{"a":"2025-01-01"} {}`, `{"a":"2026-01-01"}`},
		// placeholders
		{"a|expand", "'%admins%'", `{"a":"Root"} {"a":"adm_x"}`, `{"a":"%admins%"} {"a":"bob"}`},
		{"a|contains|expand", "'%hosts%.%hosts%'", `{"a":"xa.bx"}`, `{"a":"a.c"}`},
		{"a|expand", `'\%x%hosts%'`, `{"a":"%xa"}`, `{"a":"%x%hosts%"}`},
		{"a|expand", "'%plain%'", `{"a":"100%"}`, `{"a":"100"}`},
		{"a", "'%admins%'", `{"a":"%admins%"}`, `{"a":"root"}`},
		{"a|expand|base64", "'%hosts%'", `{"a":"YQ=="}`, `{"a":"a"}`},
		// names
		{"a.b.c", "x", `{"a":{"b":{"c":"x"}}} {"a.b":{"c":"x"}} {"a":{"b.c":"x"}} {"a.b.c":"x"} {"a":[{"b":[{"c":["y","x"]}]}]}`, `{"a":{"b":"x"}}`},
		{"ThreatName", "x", `{"Threat Name":"x"} {"threatname":"x"}`, `{"ThreatName":"y","Threat Name":"x"}`},
		{"'Threat Name'", "x", `{"ThreatName":"x"} {"THREAT NAME":"x"}`, `{"Threat_Name":"x"}`},
		{"actor", "x", `{"actor":"x"} {"user":{"name":"x"}} {"userName":"x"} {"Actor":"x"}`, `{"actor":"y","userName":"x"} {"user":{"name":"y"},"userName":"x"} {"userName":"y","Actor":"x"}`},
		{"data.v", "x", `{"b":{"v":"x"}} {"c":"x"} {"data":{"v":"x"}} {"Data":{"V":"x"}}`, `{"b":{"v":"y"},"c":"x"} {"n":{"v":"x"}}`},
		{"data.x.v", "x", `{"n":{"v":"x"}}`, `{"b":{"x":{"v":"x"}}} {"c":"x"}`},
		{"a", "x", `{"\u0061":"x"} {"A":"y","a":"x"} {"a":"y","a":"x"}`, `{"a":"y","A":"x"}`},
		{"a", `'{"b":1,"c":"d e"}'`, `{"a":{"b":1,"c":"d e"}} {"a": { "b" : 1 ,` + "\t" + `"c":"d e"} }`, `{"a":{"b":2}}`},
		{"a|contains", `'"b":'`, `{"a":{"b":[]}} {"a":[{"b":1}]}`, `{"a":[[],"b"]}`},
		{"a", "''", `{"a":"","b":"\ud83d\ude00\ud800\"\/\b\f\n\r\t"}`, `{"a":"\ud83d\ude00"}`},
		{"a", "\U0001F600", `{"a":"\ud83d\ude00"} {"a":"😀"}`, `{"a":"\ud83d"}`},
		{"a", "\ufffd", `{"a":"\ud800"} {"a":"\udc00"}`, `{"a":"\ud800x"}`},
	} {
		t.Run(x.key+"="+x.value, func(t *testing.T) {
			t.Parallel()
			for _, ev := range events(x.yes) {
				if !fires(t, line(x.key, x.value), ev) {
					t.Errorf("%s: %s does not match %s", x.key, x.value, ev)
				}
			}
			for _, ev := range events(x.no) {
				if fires(t, line(x.key, x.value), ev) {
					t.Errorf("%s: %s matches %s", x.key, x.value, ev)
				}
			}
		})
	}
}

// events splits objects that stand behind each other.
func events(text string) []string {
	var out []string
	depth, in, from := 0, false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case in && c == '\\':
			i++
		case c == '"':
			in = !in
		case in:
		case c == '{':
			if depth == 0 {
				from = i
			}
			depth++
		case c == '}':
			if depth--; depth == 0 {
				out = append(out, text[from:i+1])
			}
		}
	}
	return out
}

func TestSelectionsAndConditions(t *testing.T) {
	t.Parallel()
	const abc = "s1:\n  a: 1\ns2:\n  b: 1\ns3:\n  c: 1\n_s4:\n  d: 1\nother:\n  e: 1\n"
	for _, x := range []struct{ detection, yes, no string }{
		{abc + "condition: s1 and s2 or s3", `{"a":1,"b":1} {"c":1}`, `{"a":1} {"b":1}`},
		{abc + "condition: s1 and (s2 or s3)", `{"a":1,"c":1}`, `{"c":1}`},
		{abc + "condition: not s1 and s2", `{"b":1}`, `{"a":1,"b":1} {}`},
		{abc + "condition: not (s1 or s2)", `{} {"c":1}`, `{"b":1}`},
		{abc + "condition: not not s1", `{"a":1}`, `{}`},
		{abc + "condition: s1 AND NOT s2", `{"a":1}`, `{"a":1,"b":1}`},
		{abc + "condition: 1 of s*", `{"a":1} {"c":1}`, `{"d":1} {"e":1}`},
		{abc + "condition: all of s*", `{"a":1,"b":1,"c":1}`, `{"a":1,"b":1}`},
		{abc + "condition: 2 of s*", `{"a":1,"b":1} {"a":1,"c":1} {"b":1,"c":1} {"a":1,"b":1,"c":1}`, `{"a":1} {"c":1,"e":1} {}`},
		{abc + "condition: 3 of them", `{"a":1,"c":1,"e":1}`, `{"a":1,"c":1,"d":1}`},
		{abc + "condition: all of them", `{"a":1,"b":1,"c":1,"e":1}`, `{"a":1,"b":1,"c":1,"d":1}`},
		{abc + "condition: 1 of them", `{"e":1}`, `{"d":1}`},
		{abc + "condition: any of s*", `{"b":1}`, `{"e":1}`},
		{abc + "condition: 1 of _*", `{"d":1}`, `{"a":1}`},
		{abc + "condition: s1 and not 1 of s*2 and not 1 of *her", `{"a":1}`, `{"a":1,"b":1} {"a":1,"e":1}`},
		{abc + "condition: not 2 of s*", `{} {"a":1}`, `{"a":1,"b":1}`},
		{abc + "condition:\n  - s1\n  - s2 and s3", `{"a":1} {"b":1,"c":1}`, `{"b":1}`},
		{"s:\n  a: 1\n  b: [2, 3]\ncondition: s", `{"a":1,"b":3}`, `{"a":1} {"b":2}`},
		{"s:\n  - a: 1\n    b: 2\n  - c: 3\ncondition: s", `{"a":1,"b":2} {"c":3}`, `{"a":1}`},
		{"s:\n  - word\n  - 77\ncondition: s", `{"x":"a WORD b"} {"x":{"y":["77"]}} {"x":1770}`, `{"word":"x"} {"x":"wor d"} {"x":null}`},
		{"s:\n  - one\n  - a: 1\ncondition: s", `{"x":"one"} {"a":1}`, `{"a":2}`},
		{"s: just this\ncondition: s", `{"x":"is JUST THIS one"}`, `{"x":"just that"}`},
		{"s:\n  '|all':\n    - one\n    - two\ncondition: s", `{"x":"one","y":"two"} {"x":"two one"}`, `{"x":"one"}`},
		{"s:\n  - '|all':\n      - one\n      - two\n  - three\ncondition: s", `{"x":"one two"} {"x":"three"}`, `{"x":"two"}`},
		{"s:\n  '|re': '^o.e$'\ncondition: s", `{"x":"one"}`, `{"x":"ones"}`},
		{"s:\n  '|cased': One\ncondition: s", `{"x":"aOne"}`, `{"x":"one"}`},
		{"s:\n  '|neq': one\ncondition: s", `{"x":"two"} {}`, `{"x":"ones"}`},
		{"s:\n  '|cidr': 10.0.0.0/8\ncondition: s", `{"x":["10.0.0.1"]}`, `{"x":"in 10.0.0.1"}`},
		{"s:\n  - 'o*e'\ncondition: s", `{"x":"an ore x"} {"x":"oe"}`, `{"x":"or"}`},
		{"s:\n  '|startswith': one\ncondition: s", `{"x":"one two"}`, `{"x":"two one"}`},
		{"s:\n  a: 1\nf:\n  b: null\ncondition: s and not f", `{"a":1,"b":2}`, `{"a":1} {"a":1,"b":null}`},
		{"s|odd:\n  a: 1\ncondition: 1 of s*", `{"a":1}`, `{}`},
	} {
		t.Run(x.detection, func(t *testing.T) {
			t.Parallel()
			for _, ev := range events(x.yes) {
				if !fires(t, x.detection, ev) {
					t.Errorf("does not match %s", ev)
				}
			}
			for _, ev := range events(x.no) {
				if fires(t, x.detection, ev) {
					t.Errorf("matches %s", ev)
				}
			}
		})
	}
}
