package report

import (
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
)

// results checks that no result looks better than its test: deviations are not denied, and the plain "No deviations
// noted." stands only where every item had an answer on every day.
func (l *linter) results() {
	tests := map[string]engagement.TestFacts{}
	for _, t := range l.d.Tests {
		if _, twice := tests[t.ID]; !twice {
			tests[t.ID] = t
		}
	}
	id, stated := "", map[string]bool{}
	for _, b := range l.section("IV").Blocks {
		switch b := b.(type) {
		case Pairs:
			if s, ok := strings.CutPrefix(b.Subject, "test/"); ok {
				id = s
			}
		case Paragraph:
			if b.Tone == Result {
				l.result(tests[id], b.Text)
				stated[id] = true
			}
		}
	}
	for _, t := range l.d.Tests {
		if !stated[t.ID] {
			l.say("test %s: section IV states no result", t.ID)
		}
	}
}

func (l *linter) result(t engagement.TestFacts, text Text) {
	s := text.String()
	good := false
	for _, v := range text {
		o, ok := v.Sign.Outcome()
		good = good || (ok && o == chart.Pass)
	}
	days := stripOf(t, l.d.Engagement.Period).Counts()
	silent := len(t.Unknowns) > 0 || t.Unknown > 0 || days[chart.Unknown] > 0
	switch {
	case len(t.Deviations) > 0 && (good || strings.Contains(s, "No deviations noted")):
		l.say("test %s: the result denies its %s", t.ID, count(len(t.Deviations), "deviation", "deviations"))
	case silent && good:
		l.say("test %s: items without an answer are shown as passed", t.ID)
	case (t.Evaluations == 0 || days[chart.None] == l.d.Engagement.Period.Days()) && good:
		l.say("test %s: it was never evaluated and is shown as passed", t.ID)
	case (t.DaysGap > 0 || days[chart.None] > 0) && strings.TrimSpace(s) == "No deviations noted.":
		l.say("test %s: the result does not say that days were not tested", t.ID)
	}
}

// controls checks that each control answers who, what, when, where and why, or says that it does not.
func (l *linter) controls() {
	seen := map[string]bool{}
	for _, b := range l.section("IV").Blocks {
		p, ok := b.(Pairs)
		if !ok {
			continue
		}
		ref, ok := strings.CutPrefix(p.Subject, "control/")
		if !ok {
			continue
		}
		seen[ref] = true
		have := map[string]string{}
		for _, v := range p.Pairs {
			have[v.Key] = strings.TrimSpace(v.Value.String())
		}
		for _, key := range []string{KeyWhat, KeyWho, KeyWhen, KeyWhere, KeyWhy} {
			if have[key] == "" {
				l.say("control %s: %q is neither answered nor shown as missing", ref, key)
			}
		}
	}
	for _, c := range l.d.Controls {
		if !seen[c.Ref] {
			l.say("control %s: section IV does not state it", c.Ref)
		}
	}
}

// auditor checks that section I is empty but for its frame, or holds what the auditor entered.
func (l *linter) auditor() {
	frame := l.d.Auditor != nil
	walkBlocks("I", l.section("I").Blocks, func(_ string, t Text) {
		for _, s := range t {
			if o, ok := s.Sign.Outcome(); ok && o == chart.Pass {
				l.say("section I shows a result: %s", s.Text)
			}
		}
	})
	for _, b := range l.section("I").Blocks {
		c, ok := b.(Callout)
		frame = frame || (ok && c.Kind == Placeholder)
	}
	if !frame {
		l.say("section I is not marked as a placeholder for the auditor")
	}
	if l.d.Auditor == nil {
		return
	}
	have := map[string]bool{}
	walkBlocks("I", l.section("I").Blocks, func(_ string, t Text) { have[t.String()] = true })
	for _, o := range l.d.Auditor.Opinions {
		for part := range strings.SplitSeq(fold(o.Text), "\n") {
			if part != "" && !have[part] {
				l.say("section I leaves out or changes what the auditor entered on the %s", o.Matter)
				break
			}
		}
	}
}
