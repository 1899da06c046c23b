package org

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestTransactions: texts about transactions are read, kept in their order, taken apart and put together again; bad ones are refused
// with their place.
func TestTransactions(t *testing.T) {
	t.Parallel()
	text := string(sample(t))
	with := func(list string) string {
		return strings.Replace(text, "\nsubservice:", "\ntransactions:\n"+list+"subservice:", 1)
	}
	d, err := ParseDescription([]byte(with("  - {topic: reports, text: Registers are made from the closed run.}\n  - {topic: procedures, title: Corrections, text: In the next run.}\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Transactions) != 2 || d.Transactions[0].Topic != TopicReports || d.Transactions[1].Title != "Corrections" {
		t.Fatalf("%+v", d.Transactions)
	}
	var records []Record
	for _, p := range d.records() {
		body, err := json.Marshal(p.record)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ReadRecord(p.record.Kind(), body)
		if err != nil {
			t.Fatalf("%s: %v", p.path, err)
		}
		records = append(records, r)
	}
	if again := assemble(records); len(again.Transactions) != 2 || again.Transactions[1] != d.Transactions[1] {
		t.Errorf("%+v", again.Transactions)
	}
	for list, want := range map[string]string{
		"  - {topic: stories, text: x}\n":                                "transactions[0].topic",
		"  - {topic: records, text: ''}\n":                               "transactions[0].text",
		"  - {topic: records, text: x}\n  - {topic: records, text: y}\n": "transactions[1]",
		"  - {topic: records, title: \"two\\nlines\", text: x}\n":        "transactions[0].title",
		"  - {topic: records, text: x, colour: red}\n":                   "colour",
	} {
		if _, err := ParseDescription([]byte(with(list))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", list, err)
		}
	}
	for _, topic := range Topics() {
		if topic.Title() == string(topic) {
			t.Errorf("%s has no title", topic)
		}
	}
}
