package vendors

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

func d(s string) period.Date {
	x, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return x
}

func between(from, to string) period.Period { return period.Closed(d(from), d(to)) }

func filed(ref string, k ReportKind, from, to string) Report {
	return Report{Stamp: Stamp{Ref: ref}, Kind: k, Period: between(from, to)}
}

func letter(ref, report, from, to, signed string) Bridge {
	return Bridge{Stamp: Stamp{Ref: ref}, Report: report, Period: between(from, to), Signed: d(signed)}
}

func TestTier(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		data []Data
		l    Level
		want Tier
	}{
		{nil, LowLevel, Low}, {nil, HighLevel, Medium}, {[]Data{Internal}, LowLevel, Low}, {[]Data{Internal}, HighLevel, High}, {[]Data{Confidential}, LowLevel, Medium},
		{[]Data{Personal}, MediumLevel, High}, {[]Data{Internal, Personal}, LowLevel, Medium}, {[]Data{Confidential}, "", Medium},
	} {
		if got := TierOf(c.data, c.l); got != c.want {
			t.Errorf("%v %s: %s, want %s", c.data, c.l, got, c.want)
		}
	}
}

// TestCover: what reports and letters cover, which gaps are left in 2026, and what is said about each.
func TestCover(t *testing.T) {
	t.Parallel()
	year := between("2026-01-01", "2026-12-31")
	not := filed("VR-009", SOC2Type2, "2026-01-01", "2026-12-31")
	not.Review = &Review{Reliance: RelyNot}
	cert := filed("VR-008", ISO27001, "2025-06-01", "2028-05-31")
	accepted := cert
	accepted.Review = &Review{Reliance: Rely, Equivalent: true}
	gone := filed("VR-007", SOC2Type2, "2026-01-01", "2026-12-31")
	gone.Removed = true
	first, second := filed("VR-001", SOC2Type2, "2025-04-01", "2026-03-31"), filed("VR-002", SOC2Type2, "2026-04-01", "2027-03-31")
	late := filed("VR-002", SOC2Type2, "2026-05-01", "2027-03-31")
	for _, c := range []struct {
		name    string
		reports []Report
		letters []Bridge
		gaps    string
		last    string
		remarks string
	}{
		{"nothing", nil, nil, "2026-01-01 to 2026-12-31", "", ""},
		{"two that join", []Report{second, first}, nil, "", "2027-03-31", ""},
		{"a gap between two is said", []Report{first, late}, nil, "2026-04-01 to 2026-04-30", "2027-03-31", "VR-002 Nothing covers 1 Apr 2026 to 30 Apr 2026"},
		{"the gap is bridged", []Report{first, late}, []Bridge{letter("VB-001", "VR-001", "2026-04-01", "2026-04-30", "2026-05-01")}, "", "2027-03-31", ""},
		{"a letter may begin earlier", []Report{first, late}, []Bridge{letter("VB-001", "VR-001", "2026-03-15", "2026-04-30", "2026-05-01")}, "", "2027-03-31", ""},
		{"a letter that begins a day late joins nothing", []Report{first}, []Bridge{letter("VB-001", "VR-001", "2026-04-02", "2026-06-30", "2026-07-01")},
			"2026-04-01 to 2026-12-31", "2026-03-31", "VB-001 The letter begins 1 day after"},
		{"of a long letter the first days count", []Report{first}, []Bridge{letter("VB-001", "VR-001", "2026-04-01", "2026-09-30", "2026-10-01")},
			"2026-07-02 to 2026-12-31", "2026-07-01", "VB-001 The letter spans 183 days; the first 92 count."},
		{"signed before its last day", []Report{first}, []Bridge{letter("VB-001", "VR-001", "2026-04-01", "2026-06-30", "2026-06-01")},
			"2026-07-01 to 2026-12-31", "2026-06-30", "VB-001 It was signed before"},
		{"a report as of one day covers none", []Report{filed("VR-003", SOC2Type1, "2026-03-31", "2026-03-31")}, []Bridge{letter("VB-001", "VR-003", "2026-04-01", "2026-06-30", "2026-07-01")},
			"2026-01-01 to 2026-12-31", "", "VB-001 The report is as of one day"},
		{"a certificate counts once it is accepted", []Report{cert}, nil, "2026-01-01 to 2026-12-31", "", ""},
		{"accepted", []Report{accepted}, nil, "", "2028-05-31", ""},
		{"not relied on", []Report{not}, nil, "2026-01-01 to 2026-12-31", "", ""},
		{"withdrawn", []Report{gone}, []Bridge{letter("VB-001", "VR-007", "2027-01-01", "2027-01-31", "2027-02-01")}, "2026-01-01 to 2026-12-31", "", "VB-001 There is no report"},
	} {
		x := Cover(c.reports, c.letters, 92)
		var gaps, remarks []string
		for _, g := range x.Gaps(year) {
			gaps = append(gaps, g.String())
		}
		for _, r := range x.Remarks {
			remarks = append(remarks, r.Ref+" "+r.Text)
		}
		last := ""
		if x.Last() != 0 {
			last = x.Last().String()
		}
		if got := strings.Join(gaps, ", "); got != c.gaps || last != c.last {
			t.Errorf("%s: gaps %q, last %q; want %q, %q", c.name, got, last, c.gaps, c.last)
		}
		if got := strings.Join(remarks, " | "); c.remarks == "" && got != "" || !strings.HasPrefix(got, c.remarks) {
			t.Errorf("%s: %q, want %q", c.name, got, c.remarks)
		}
	}
}

// TestStanding: what is due next, and what makes it so.
func TestStanding(t *testing.T) {
	t.Parallel()
	ended := d("2026-05-01").Time()
	high := Vendor{Tier: High, Details: Details{Started: d("2026-01-10")}}
	for _, c := range []struct {
		name string
		f    File
		what Due
		day  string
	}{
		{"not used, never assessed", File{}, "", ""},
		{"used without an assessment", File{Vendor: high}, DueAssessment, "2026-01-10"},
		{"assessed: the quarter comes first", File{Vendor: high, Assessments: []Assessment{{Purpose: Diligence, Day: d("2026-01-05"), Decision: Approved}}}, DuePerformance, "2026-04-12"},
		{"rejected does not count", File{Vendor: high, Assessments: []Assessment{{Purpose: Diligence, Day: d("2026-01-05"), Decision: Rejected}}}, DueAssessment, "2026-01-10"},
		{"tier low", File{Vendor: Vendor{Tier: Low, Details: Details{Started: d("2026-01-10")}}, Assessments: []Assessment{{Purpose: Diligence, Day: d("2026-01-05"), Decision: Approved}}}, DueAssessment, "2029-01-04"},
		{"a report to review", File{Vendor: Vendor{Tier: Low}, Filed: []Report{{Kind: SOC3, Period: between("2025-01-01", "2025-12-31"), Received: d("2026-02-01")}}}, DueReview, "2026-04-02"},
		{"ended without a proof of deletion", File{Vendor: Vendor{Tier: High, Exit: Exit{Ended: &ended}}}, DueExit, "2026-05-31"},
		{"ended with nothing of ours", File{Vendor: Vendor{Tier: High, Exit: Exit{Ended: &ended, NoData: true}}}, "", ""},
		{"the contract gives longer", File{Vendor: Vendor{Tier: High, Exit: Exit{Ended: &ended}, Contract: Contract{DeletionDays: 60}}}, DueExit, "2026-06-30"},
	} {
		s := c.f.standing(DefaultRules())
		if s.NextWhat != c.what || dateText(s.NextDue) != c.day {
			t.Errorf("%s: %s %s, want %s %s", c.name, s.NextWhat, dateText(s.NextDue), c.what, c.day)
		}
	}
}
