package programme

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) item(r *page.Request) error {
	d, err := p.View.Item(r.Context(), r.Read(), r.Arg("id"), r.Arg("item"), r.Now)
	if err != nil {
		return err
	}
	row, err := columns(d.History[0].Row)
	if err != nil {
		return errs.As(errs.Internal, err, "row of %s in test %s", d.ItemID, d.Test.ID)
	}
	r.Title = d.Label
	r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: d.Test.ID, Href: testURL(d.Test.ID)}, {Text: d.Label}}
	return r.Render(http.StatusOK, itemPage(r, d, row))
}

// column is a column of a result row, as it is shown.
type column struct{ Name, Value string }

// columns reads a row in the order in which the test gave it. The verdict itself stands elsewhere on the page.
func columns(raw json.RawMessage) ([]column, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errs.New(errs.Internal, "the row is no JSON object")
	}
	var out []column
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		name, _ := key.(string)
		switch name {
		case "item_id", "item_label", "outcome", "reason":
			continue
		}
		out = append(out, column{name, shownValue(v)})
	}
	_, err := d.Token() // the closing brace
	return out, err
}

// shownValue writes a value of a row: texts without quotes, nothing known as such.
func shownValue(v json.RawMessage) string {
	var s string
	switch {
	case string(v) == "null":
		return ""
	case json.Unmarshal(v, &s) == nil:
		return s
	}
	return string(v)
}

// itemState is how an item stands now. That nothing is known against it is a pass only while its test is evaluated.
func itemState(d view.ItemDetail) (key, word string) {
	if d.Current != nil && d.Test.Definition.Kind == "state" {
		return page.StatusOf(d.Current.Outcome), page.StatusWord(d.Current.Outcome)
	}
	if d.Test.Definition.Kind == "occurrence" {
		o := d.History[0].Outcome
		word := page.StatusWord(o)
		if o == chart.Fail {
			word = "Failed"
		}
		return page.StatusOf(o), word
	}
	return "na", "No longer failing"
}
