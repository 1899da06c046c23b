package org

import (
	"regexp"
	"slices"
	"strings"
)

// Word is an expression that does not belong into a description.
type Word struct {
	Text      string // as it stands there
	Why       string
	Forbidden bool // never right, whatever the context: a report is no certificate
	At        int  // byte offset
}

// claim is an expression that cannot be measured, and therefore cannot be examined (domain brief 4.4).
type claim struct {
	phrase string
	fine   []string // what may follow and make it a plain word
}

var claims = []claim{
	{"best", []string{"effort", "efforts", "before"}}, {"best in class", nil}, {"world class", nil}, {"leading", []string{"to", "up", "zero", "zeros", "digit", "digits", "letter"}},
	{"industry leading", nil}, {"market leading", nil}, {"guarantee", nil}, {"guarantees", nil}, {"guaranteed", nil}, {"unbreakable", nil}, {"unhackable", nil},
	{"hack proof", nil}, {"impenetrable", nil}, {"bulletproof", nil}, {"foolproof", nil}, {"ironclad", nil}, {"completely secure", nil}, {"fully secure", nil},
	{"totally secure", nil}, {"absolutely secure", nil}, {"perfectly secure", nil}, {"most secure", nil}, {"ultra secure", nil}, {"military grade", nil},
	{"bank grade", nil}, {"state of the art", nil}, {"cutting edge", nil}, {"bleeding edge", nil}, {"next generation", []string{"firewall", "firewalls"}},
	{"revolutionary", nil}, {"unparalleled", nil}, {"unrivalled", nil}, {"unrivaled", nil}, {"unmatched", nil}, {"second to none", nil}, {"gold standard", nil},
	{"superior", nil}, {"premier", nil}, {"zero risk", nil}, {"risk free", nil}, {"never fails", nil}, {"never fail", nil}, {"peace of mind", nil}, {"trusted by", nil},
}

const (
	whyClaim    = "a claim that cannot be measured cannot be examined; say what is done, how often and by whom"
	whyNoPass   = "a SOC report is an opinion, not a certificate or a mark; say which report there is and what it covers"
	whyAttacker = "an address or an open weakness helps an attacker and tells a reader nothing"
)

var (
	claimForms = func() []*regexp.Regexp {
		out := make([]*regexp.Regexp, len(claims))
		for i, c := range claims {
			out[i] = regexp.MustCompile(`(?i)\b` + strings.ReplaceAll(regexp.QuoteMeta(c.phrase), " ", gap) + `\b`)
		}
		return out
	}()
	percentForm   = regexp.MustCompile(`(?i)\b100(?:\.0+)?\s?(?:%|percent)\s*(?:secure|safe|reliable|available|uptime|compliant|protected)\b`)
	forbiddenForm = regexp.MustCompile(`(?i)\b(?:certified|certificates?|certifications?|certify|certifies|certifying|SOC ?[123]?[ -]compliant)\b`)
	addressForm   = regexp.MustCompile(`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:/[0-9]{1,2})?\b|\bCVE-[0-9]{4}-[0-9]{4,}\b`)
	wordBefore    = regexp.MustCompile(`([\pL\pN.]+)[\s-]*$`)
	wordAfter     = regexp.MustCompile(`^[\s-]*([\pL\pN]+)`)
)

// gap is what may stand between the words of an expression: blanks and any hyphen.
const gap = `[\s\-\x{2010}-\x{2015}]+`

// A certificate is a plain technical thing next to one of these words.
var (
	technicalBefore = []string{"tls", "ssl", "x.509", "x509", "server", "client", "host", "root", "leaf", "intermediate", "device", "wildcard", "digital", "signing", "user", "machine", "ssh", "acme", "mtls", "https"}
	technicalAfter  = []string{"authority", "authorities", "transparency", "pinning", "revocation", "rotation", "signing", "store", "chain", "chains", "expiry", "renewal", "based"}
)

// Lint finds expressions that do not belong into a description: claims nobody can measure, words that make a report sound
// like a certificate, and detail that helps an attacker.
func Lint(text string) []Word {
	var out []Word
	for i, form := range claimForms {
		for _, m := range form.FindAllStringIndex(text, -1) {
			if !slices.Contains(claims[i].fine, after(text, m[1])) {
				out = append(out, Word{text[m[0]:m[1]], whyClaim, false, m[0]})
			}
		}
	}
	for _, m := range percentForm.FindAllStringIndex(text, -1) {
		out = append(out, Word{text[m[0]:m[1]], whyClaim, false, m[0]})
	}
	for _, m := range forbiddenForm.FindAllStringIndex(text, -1) {
		w := text[m[0]:m[1]]
		thing := strings.HasPrefix(strings.ToLower(w), "certificate")
		if thing && (slices.Contains(technicalBefore, before(text, m[0])) || slices.Contains(technicalAfter, after(text, m[1]))) {
			continue
		}
		out = append(out, Word{w, whyNoPass, true, m[0]})
	}
	for _, m := range addressForm.FindAllStringIndex(text, -1) {
		out = append(out, Word{text[m[0]:m[1]], whyAttacker, false, m[0]})
	}
	slices.SortStableFunc(out, func(a, b Word) int {
		if a.At != b.At {
			return a.At - b.At
		}
		return len(b.Text) - len(a.Text)
	})
	return outermost(out)
}

// outermost drops what lies inside another expression: "best" of "best in class".
func outermost(in []Word) []Word {
	var out []Word
	end := -1
	for _, w := range in {
		if w.At+len(w.Text) <= end {
			continue
		}
		out = append(out, w)
		end = w.At + len(w.Text)
	}
	return out
}

func before(text string, at int) string {
	m := wordBefore.FindStringSubmatch(text[max(0, at-40):at])
	if m == nil {
		return ""
	}
	return strings.ToLower(m[1])
}

func after(text string, at int) string {
	m := wordAfter.FindStringSubmatch(text[at:min(len(text), at+40)])
	if m == nil {
		return ""
	}
	return strings.ToLower(m[1])
}
