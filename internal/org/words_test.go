package org

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLint(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		text string
		want string // what is found, in order; "!" marks the forbidden
	}{
		{"Changes are reviewed by a second engineer before they are merged.", ""},
		{"We follow best practice.", "best"},
		{"The BEST support", "BEST"},
		{"Tickets are answered on a best-effort basis and best before noon.", ""},
		{"bestow, bested", ""},
		{"a best-in-class, world class and industry-leading product", "best-in-class world class industry-leading"},
		{"state\u2010of\u2013the art, state of\nthe art", "state\u2010of\u2013the art state of\nthe art"},
		{"errors leading to an alert; leading zeros are kept", ""},
		{"a leading provider", "leading"},
		{"We guarantee 100% uptime.", "guarantee 100% uptime"},
		{"is 100 % secure and 100 percent compliant", "100 % secure 100 percent compliant"},
		{"100 % of changes are reviewed", ""},
		{"military-grade, bank grade and unbreakable encryption", "military-grade bank grade unbreakable"},
		{"a next-generation firewall", ""},
		{"a next-generation platform", "next-generation"},
		{"We are certified for SOC 2.", "!certified"},
		{"our SOC certificate and ISO certification", "!certificate !certification"},
		{"The auditor certifies it; we are SOC 2 compliant, or SOC-compliant.", "!certifies !SOC 2 compliant !SOC-compliant"},
		{"TLS certificates are renewed; the certificate authority is our own; X.509 certificate; certificate-based sign-in", ""},
		{"Certificates hang in the hall.", "!Certificates"},
		{"the TLS endpoint has a certificate", "!certificate"},
		{"hosts at 10.0.0.17 and 192.0.2.0/24, open CVE-2026-12345", "10.0.0.17 192.0.2.0/24 CVE-2026-12345"},
		{"TLS 1.2, section 4.4.1", ""},
		{"", ""},
	} {
		var got []string
		for _, w := range Lint(x.text) {
			s := w.Text
			if w.Forbidden {
				s = "!" + s
			}
			got = append(got, s)
			if w.Why == "" || x.text[w.At:w.At+len(w.Text)] != w.Text {
				t.Errorf("%+v", w)
			}
		}
		if s := strings.Join(got, " "); s != x.want {
			t.Errorf("%q: found %q, want %q", x.text, s, x.want)
		}
	}
}

// FuzzLint: places are right and in order, whatever the text.
func FuzzLint(f *testing.F) {
	f.Add("best best-in-class certified TLS certificate 10.0.0.1")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		last := 0
		for _, w := range Lint(text) {
			if w.At < last || text[w.At:w.At+len(w.Text)] != w.Text {
				t.Errorf("%+v", w)
			}
			last = w.At
		}
	})
}
