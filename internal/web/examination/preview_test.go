package examination

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// shown makes every page of a dossier's report, and checks each: nothing of the document is left out, parts are short, and
// links inside the document lead to something that is there.
func shown(t *testing.T, d *engagement.Dossier) []string {
	t.Helper()
	x := &dossier{Dossier: d, Doc: report.Build(d)}
	x.leaves, x.places = divide(x.Doc)
	blocks := 0
	for _, s := range x.Doc.Sections {
		if s.Number != "" {
			blocks += len(s.Blocks)
		}
	}
	var pages []string
	for i := range x.leaves {
		for n, p := range x.leaves[i].Parts {
			blocks -= len(p.Blocks)
			l := leaf{frozen: frozen{D: x}, Section: &x.leaves[i], Number: x.leaves[i].Number, Part: n}
			var b bytes.Buffer
			if err := previewPage(l).Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			pages = append(pages, b.String())
		}
	}
	if blocks != 0 {
		t.Errorf("%d blocks of the document are shown nowhere, or twice", blocks)
	}
	for anchor, at := range x.places {
		l := leaf{frozen: frozen{D: x}}
		if to := l.to(anchor); !strings.Contains(to, "section=") {
			t.Errorf("anchor %s of section %s leads to %q", anchor, at.Section, to)
		}
	}
	return pages
}

func TestPreview(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*engagement.Dossier{"Northwind": reporttest.Northwind(), "small": reporttest.Small(), "empty": reporttest.Empty(), "many": reporttest.Many(300, 3), "hostile": reporttest.Hostile()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range shown(t, d) {
				doc, err := html.Parse(strings.NewReader(p))
				if err != nil {
					t.Fatal(err)
				}
				ids := map[string]bool{}
				var walk func(*html.Node)
				walk = func(n *html.Node) {
					if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "img") {
						t.Errorf("a page of the report holds a %s element", n.Data)
					}
					for _, a := range n.Attr {
						switch {
						case a.Key == "id" && ids[a.Val]:
							t.Errorf("identifier %q stands twice on a page", a.Val)
						case a.Key == "id":
							ids[a.Val] = true
						case strings.HasPrefix(a.Key, "on"), a.Key == "style":
							t.Errorf("attribute %s=%q", a.Key, a.Val)
						}
					}
					for c := n.FirstChild; c != nil; c = c.NextSibling {
						walk(c)
					}
				}
				walk(doc)
			}
		})
	}
}

// TestOutcome: what nobody judged, and what could not be answered, never looks good.
func TestOutcome(t *testing.T) {
	t.Parallel()
	one := []engagement.Deviation{{ItemID: "x"}}
	for want, test := range map[string]engagement.TestFacts{
		"1 deviation":    {Evaluations: 3, DaysTested: 3, Population: 9, Deviations: one, Unknowns: one},
		"No full answer": {Evaluations: 3, DaysTested: 3, Population: 9, Unknowns: one},
		"Not tested":     {Population: 9},
		"No occurrence":  {Kind: "occurrence", Evaluations: 3, DaysTested: 3},
		"No deviations":  {Kind: "state", Evaluations: 3, DaysTested: 3, Population: 9},
	} {
		if got := outcomeWord(outcome(test), len(test.Deviations)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	rows := []int{1, 2, 3, 4, 5}
	for _, c := range []struct{ page, size, want int }{{1, 2, 2}, {3, 2, 1}, {4, 2, 0}, {1, 100, 5}} {
		if got := cut(rows, paging.Query{Page: c.page, Size: c.size}); len(got) != c.want {
			t.Errorf("page %d of %d: %v", c.page, c.size, got)
		}
	}
}
