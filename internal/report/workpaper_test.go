package report

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// printed is a workpaper with one of everything that a copy on paper has to say.
func printed() fieldwork.Printed {
	at := time.Date(2026, 7, 3, 9, 0, 0, 0, time.UTC)
	later := at.Add(time.Hour)
	second := int64(3)
	return fieldwork.Printed{
		Client: "Northwind", Engagement: engagement.Engagement{Ref: "SOC2-2026-1", Report: "soc2", Type: 2, Firm: "Harlow & Pike LLP", Period: period.Closed(period.Make(2026, 1, 1), period.Make(2026, 6, 30))},
		Names: map[string]string{"usr_1": "Jonas Harlow", "usr_2": "Maren Pike"},
		Sheet: &fieldwork.Sheet{
			Paper: fieldwork.Paper{Ref: "CC6.3-1", Control: "IAM-03", Title: "Leavers", Statement: "Accounts end with employment.", Plan: "Compare both lists.", Criteria: []string{"CC6.3"}, Version: 9, At: at, Population: "pop_1",
				Attributes: []fieldwork.Attribute{{Letter: "A", Text: "Left", Nature: fieldwork.Inspection}, {Letter: "B", Text: "Disabled in time", Nature: fieldwork.Reperformance, Machine: true}},
				Sample:     &fieldwork.Sample{Method: fieldwork.ByStatistics, Confidence: 9000, Tolerable: 1000, Size: 3, Seed: "SEED", Drawing: "method", At: at, By: "usr_1"},
				Conclusion: fieldwork.EffectiveWithDeviation, Why: "One isolated case.", Concluded: &fieldwork.Signed{By: "usr_1", At: at}, Prepared: &fieldwork.Signed{By: "usr_1", At: at}, Reviewed: &fieldwork.Signed{By: "usr_2", At: later}},
			Population: fieldwork.Population{ID: "pop_1", Ref: "P-01", Title: "Leavers", Member: "a person who left", Source: fieldwork.FromUpload, Of: "leavers.csv", Rows: 3, Read: 4, SHA256: "abc123", Second: &second, SecondOf: "Payroll", FrozenAt: &at, FrozenBy: "usr_1"},
			Items:      []fieldwork.Sampled{{N: 1, Key: "T-1", Label: "Person 1", Day: "2026-02-01", Origin: "drawn"}, {N: 2, Key: "T-2", Label: "T-2", Origin: "drawn", Void: "An intern without any account"}, {N: 3, Key: "T-3", Label: "Person 3", Origin: "replaced"}},
			Cells: map[int]map[string]fieldwork.Cell{1: {"A": {N: 1, Letter: "A", Mark: fieldwork.Tick, Evidence: "EV-2026-00007", Note: "Seen in the file", By: "usr_1", At: at}, "B": {N: 1, Letter: "B", Mark: fieldwork.Exception, Finding: "F-01", By: "usr_1", At: at}},
				3: {"A": {N: 3, Letter: "A", Mark: fieldwork.NotApplicable, Evidence: "by word of mouth", By: "usr_1", At: at}, "B": {N: 3, Letter: "B", Mark: fieldwork.Tick, Accepted: true, By: "usr_1", At: at}}},
			Findings: []fieldwork.Finding{{Ref: "F-01", Title: "Removed late", Nature: "operation", Cause: "The form came late", Count: 1, Of: 2, Items: []string{"Person 1 (attribute B)"}, Response: &fieldwork.Shared{Response: "It is sent by a system now."}}},
			Notes:    []fieldwork.Note{{N: 1, Kind: "note", Text: "Did it sign in?", By: "usr_2", At: at, Answer: "It did not.", ClearedBy: "usr_1", ClearedAt: &at}},
		},
		Shown: map[string]fieldwork.Shown{"EV-2026-00007": {Link: fieldwork.Link{Kind: fieldwork.LinkEvidence, Ref: "EV-2026-00007"}, Title: "Personnel file", SHA256: "def456", Seq: 4711}},
	}
}

func TestWorkpaper(t *testing.T) {
	t.Parallel()
	x := printed()
	doc := Workpaper(x)
	text := dump(doc)
	for _, want := range []string{"Harlow & Pike LLP", "Accounts end with employment.", "the client’s test answers first", "a person who left", "abc123", "SEED", "Void: An intern", "replaced", "Seen in the file", "EV-2026-00007", "def456", "4,711",
		"by word of mouth", "1 of 2 items", "It is sent by a system now.", "It did not.", "Effective, with deviation", "Maren Pike, 3 July 2026", "one isolated case"} {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			t.Errorf("%q is not said", want)
		}
	}
	if doc.Draft || !doc.Frozen.Equal(x.Sheet.Paper.Reviewed.At) || !reflect.DeepEqual(doc, Workpaper(printed())) {
		t.Error("draft, undated, or another document of the same workpaper:", doc.Draft, doc.Frozen)
	}
	// One that is begun says what is not there instead of leaving it out.
	bare := Workpaper(fieldwork.Printed{Client: "Northwind", Sheet: &fieldwork.Sheet{Paper: fieldwork.Paper{Ref: "CC6.3-2", Title: "Begun"}}})
	if said := dump(bare); !bare.Draft || !strings.Contains(said, "No frozen population is chosen.") || !strings.Contains(said, "Nothing is drawn.") || !strings.Contains(said, "Not concluded") {
		t.Error(said)
	}
}
