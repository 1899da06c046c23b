package report

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
)

var (
	// forbidden words: a SOC report certifies nothing.
	forbidden = regexp.MustCompile(`(?i)\bcertif(?:ied|icates?|ications?)\b`)
	// technical certificates are things, and a control may have to name them.
	certificate = regexp.MustCompile(`(?i)\bcertificates?\b`)
	claim       = regexp.MustCompile(`(?i)\b(?:soc ?[123]?|aicpa|attest\w*|audit\w*|complian\w+)\b`)
	// opinions are the auditor's alone.
	opinion = regexp.MustCompile(`(?i)\b(?:in our opinion|(?:un)?qualified opinion|(?:un)?modified opinion|clean opinion|adverse opinion|disclaimer of opinion|presents? fairly|fairly (?:presents?|presented|stated))\b`)
)

// words checks that forbidden words are absent. In text that comes from the dossier, "certificate" passes where it names a
// thing (of a key, of destruction, of insurance) and nothing near it speaks of an audit.
func (l *linter) words() {
	var theirs string
	Walk(l.doc, func(place string, t Text) {
		for _, s := range t {
			if w := opinion.FindString(s.Text); w != "" && !l.entered(s.Text) {
				l.say("%s: %q belongs to an auditor’s report", place, w)
			}
			w := forbidden.FindString(s.Text)
			if w == "" {
				continue
			}
			if theirs == "" {
				theirs = dossierText(l.d)
			}
			own := !strings.Contains(theirs, s.Text) && !strings.Contains(theirs, strings.TrimSuffix(s.Text, "."))
			if own && !fromDossier(s.Text, theirs) {
				l.say("%s: the word %q is not used in a SOC report", place, w)
			} else if rest := certificate.ReplaceAllString(s.Text, ""); forbidden.MatchString(rest) || claim.MatchString(rest) {
				l.say("%s: the dossier’s words %q read as a claim that a SOC report cannot make", place, w)
			}
		}
	})
}

// entered reports whether a text is the auditor's own, as entered.
func (l *linter) entered(s string) bool {
	a := l.d.Auditor
	if a == nil {
		return false
	}
	var all strings.Builder
	for _, p := range a.Paragraphs {
		all.WriteString(p.Name + "\n" + fold(p.Text) + "\n")
	}
	for _, o := range a.Opinions {
		all.WriteString(fold(o.Text) + "\n" + fold(o.Basis) + "\n")
	}
	return strings.Contains(all.String(), s)
}

// fromDossier reports whether every sentence part with a forbidden word is in the dossier word for word; our own sentences
// join parts with semicolons and commas.
func fromDossier(s, theirs string) bool {
	for part := range strings.SplitSeq(s, ";") {
		part = strings.Trim(part, " .")
		if i := strings.Index(part, "Records: "); i >= 0 {
			part = part[i+len("Records: "):]
		}
		if forbidden.MatchString(part) && !strings.Contains(theirs, part) {
			return false
		}
	}
	return true
}

// dossierText is every string of the dossier.
func dossierText(d *engagement.Dossier) string {
	var b strings.Builder
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			b.WriteString(v.String())
			b.WriteByte(0)
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for i := v.MapRange(); i.Next(); {
				walk(i.Key())
				walk(i.Value())
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(d))
	return b.String()
}

// references checks that every reference leads to exactly one place.
func (l *linter) references() {
	at := map[string]int{}
	for _, s := range l.doc.Sections {
		at[s.Anchor]++
		for _, b := range s.Blocks {
			if h, ok := b.(Heading); ok {
				at[h.Anchor]++
			}
		}
	}
	for _, a := range slices.Sorted(maps.Keys(at)) {
		if n := at[a]; n > 1 && a != "" {
			l.say("%d places have the anchor %s", n, a)
		}
	}
	told := map[string]bool{}
	Walk(l.doc, func(place string, t Text) {
		for _, s := range t {
			if s.To != "" && at[s.To] == 0 && !told[s.To] {
				told[s.To] = true
				l.say("%s: a reference leads nowhere: %s", place, s.To)
			}
		}
	})
}
