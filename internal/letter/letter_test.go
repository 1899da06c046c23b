package letter_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/org"
)

func over(t *testing.T, first, last string) period.Period {
	t.Helper()
	a, err := period.ParseDate(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := period.ParseDate(last)
	if err != nil {
		t.Fatal(err)
	}
	return period.Closed(a, b)
}

// TestCheckBridge: every rule of domain brief 1.2 for bridge letters, at its edge.
func TestCheckBridge(t *testing.T) {
	t.Parallel()
	e := engagement.Engagement{Ref: "SOC2-2025-1", Report: engagement.SOC2, Type: 2, Status: engagement.Issued, Period: over(t, "2025-01-01", "2025-09-30")}
	high := []letter.Finding{{Ref: "IAM-02-T1", Title: "Leavers keep their accounts", High: true, Open: true}, {Ref: "IAM-03-T1", Title: "Closed again", High: true}, {Ref: "IAM-04-T1", Title: "Small", Open: true}}
	with := func(change func(*engagement.Engagement)) engagement.Engagement { x := e; change(&x); return x }
	for name, x := range map[string]struct {
		e                   engagement.Engagement
		first, last, today  string
		found               []letter.Finding
		discloses, want, at string
	}{
		"three months":              {e: e, first: "2025-10-01", last: "2025-12-31", today: "2025-12-31"},
		"one day more":              {e: e, first: "2025-10-01", last: "2026-01-01", today: "2026-01-01", want: "at most 92", at: "gap"},
		"until today":               {e: e, first: "2025-10-01", last: "2025-10-01", today: "2025-10-01"},
		"into the future":           {e: e, first: "2025-10-01", last: "2025-11-02", today: "2025-11-01", want: "has not come yet", at: "gap"},
		"a day later than coverage": {e: e, first: "2025-10-02", last: "2025-11-01", today: "2025-11-01", want: "nothing would be said", at: "gap"},
		"backwards":                 {e: e, first: "2025-10-02", last: "2025-10-01", today: "2025-11-01", want: "ends before it begins", at: "gap"},
		"of a Type 1":               {e: with(func(e *engagement.Engagement) { e.Type = 1 }), first: "2025-10-01", last: "2025-10-31", today: "2025-11-01", want: "Type 1 has no period", at: "gap"},
		"of a draft":                {e: with(func(e *engagement.Engagement) { e.Status = engagement.Representation }), first: "2025-10-01", last: "2025-10-31", today: "2025-11-01", want: "no issued report", at: "gap"},
		"of a cancelled one":        {e: with(func(e *engagement.Engagement) { e.Status = engagement.Cancelled }), first: "2025-10-01", last: "2025-10-31", today: "2025-11-01", want: "no issued report", at: "gap"},
		"of one that is maintained": {e: with(func(e *engagement.Engagement) { e.Status = engagement.Maintained }), first: "2025-10-01", last: "2025-10-31", today: "2025-11-01"},
		"high and not disclosed":    {e: e, first: "2025-10-01", last: "2025-10-31", today: "2025-11-01", found: high, want: "IAM-02-T1 (Leavers keep their accounts) is open", at: "body"},
		"high and disclosed":        {e: e, first: "2025-10-01", last: "2025-10-31", today: "2025-11-01", found: high, discloses: "IAM-02-T1"},
	} {
		err := letter.CheckBridge(x.e, over(t, x.first, x.last), over(t, x.today, x.today).From, letter.BridgeDays, x.found, func(ref string) bool { return ref == x.discloses })
		if x.want == "" && err != nil || x.want != "" && (!errs.Is(err, errs.Invalid) || errs.FieldOf(err) != x.at || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q at %q", name, err, x.want, x.at)
		}
	}
}

// TestWrite: the statements of the assertion stand in their order, a Type 1 says nothing of operation, nothing forbidden is
// written by any draft, and what only people can say is left to them.
func TestWrite(t *testing.T) {
	t.Parallel()
	full := letter.Facts{Org: "Northwind", Categories: []string{"Security", "Availability"}, E: engagement.Engagement{Report: engagement.SOC2, Type: 2, Firm: "Marlowe & Pike LLP", Period: over(t, "2026-01-01", "2026-06-30")},
		CUECs: make([]control.Complement, 2), Gap: over(t, "2026-07-01", "2026-08-31"), Findings: []letter.Finding{{Ref: "IAM-02-T1", Title: "Leavers", High: true, Open: true, Count: 2}}}
	full.System.System.Name = "Northwind Cloud"
	full.System.Subservice = []org.Subservice{{Name: "Contoso Hosting", Method: "carve-out"}}
	one, soc1, soc3 := full, full, full
	one.E.Type, one.E.Period = 1, over(t, "2026-06-30", "2026-06-30")
	soc1.E.Report, soc1.E.Objectives = engagement.SOC1, []engagement.Objective{{ID: "ITGC-01", By: "management"}, {ID: "REG-1", By: "the regulator"}}
	soc3.E.Report = engagement.SOC3
	for name, f := range map[string]letter.Facts{"SOC 2 Type 2": full, "Type 1": one, "SOC 1": soc1, "SOC 3": soc3, "empty": {}} {
		for _, k := range letter.Kinds() {
			text := f.Write(k)
			if text == "" {
				t.Errorf("%s: no draft of %s", name, k)
			}
			for _, w := range org.Lint(text) {
				if w.Forbidden {
					t.Errorf("%s, %s: %q", name, k, w.Text)
				}
			}
		}
	}
	for name, x := range map[string]struct {
		f       letter.Facts
		has     []string // in this order
		hasNone string
	}{
		"SOC 2 Type 2": {full, []string{"carve-out method", "complementary controls at user entities", "1. The description presents", "2. The controls stated in the description were suitably designed throughout", "if the complementary controls",
			"3. The controls stated in the description operated effectively", "## Criteria", "TSP section 100", "[to be written: modifications"}, "control objectives"},
		"Type 1": {one, []string{"1. The description presents", "as of 30 June 2026", "2. The controls stated in the description were suitably designed as of"}, "operated effectively throughout"},
		"SOC 1":  {soc1, []string{"1. The description", "2. The controls", "3. The controls", "apart from those specified by the regulator", "initiated, authorised, recorded"}, "TSP section 100"},
		"SOC 3":  {soc3, []string{"1. The controls within the system were effective"}, "2. "},
	} {
		text := x.f.Write(letter.Assertion)
		rest := text
		for _, h := range x.has {
			_, after, found := strings.Cut(rest, h)
			if !found {
				t.Errorf("%s: %q is missing, or not in its place in\n%s", name, h, text)
				break
			}
			rest = after
		}
		if strings.Contains(text, x.hasNone) {
			t.Errorf("%s says %q", name, x.hasNone)
		}
	}
	if text := full.Write(letter.Bridge); !strings.Contains(text, "Open finding IAM-02-T1") || !strings.Contains(text, "**1 July 2026** to **31 August 2026**") || !strings.Contains(text, "gives no assurance") {
		t.Error(text)
	}
}
