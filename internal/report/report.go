// Package report turns a frozen dossier into a document: a pure function, without clock, store or network. The document is
// a model that any writer can render; the writers (PDF first) are leaves below this package.
package report

import (
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/graph"
)

// Document is a report as sections of blocks. It holds no page, font or colour: those are the writer's.
type Document struct {
	Kind      string // "SOC 2 Type 2"
	Title     string // as on the cover
	Short     string // for running heads: kind and period
	Org       string
	Ref       string // of the engagement
	Hash      string // SHA-256 of the dossier in hex; empty if it could not be computed, and then HashError says why
	HashError string
	Hashed    string    // what the hash is over, where it is no dossier: "text"
	Frozen    time.Time // when the dossier was frozen: the document's date
	Language  string    // BCP 47
	Draft     bool
	Use       string // of an issued report, on every page: "Restricted use"; empty for what is no auditor's report
	Simulated bool
	Cover     Cover
	Sections  []Section
}

// Cover is the first page.
type Cover struct {
	Mark   string // "DRAFT"
	Org    string
	Title  string
	Period string
	Notice Text // what this document is not
	Facts  []Pair
	Alert  Text // simulated data; empty if the data is real
}

// Section is a part of the report that begins on a new page.
type Section struct {
	Anchor string
	Number string // "IV"; "A" for an appendix
	Label  string // what the number stands for, where it is neither a section nor an appendix: "Attachment A"
	Title  string
	Short  string // title for running heads
	Voice  string // who speaks here
	Blocks []Block
}

// Block is a piece of a section: one of the types below.
type Block interface{ block() }

// Heading begins a part. Level 2 is the first below a section. Number may be a control's or criterion's reference.
type Heading struct {
	Level  int // 2, 3 or 4
	Anchor string
	Number string
	Title  string
	Entry  bool // begins an entry of a register, such as a control
}

// Tone is the purpose of a paragraph, which decides its look.
type Tone uint8

// The tones.
const (
	Body     Tone = iota
	Lead          // opens a section
	Small         // remarks under a table or figure
	Question      // what a test asks
	Result        // what a test found
)

// Paragraph is running text.
type Paragraph struct {
	Text Text
	Tone Tone
	Keep bool // stay on the page of what follows
}

// List is a list of texts, numbered if Ordered.
type List struct {
	Ordered bool
	Entries []Text
}

// Align is how a column's cells stand.
type Align uint8

// The alignments: text is ragged, numbers stand at the right.
const (
	Left Align = iota
	Right
	Center
)

// Column of a table.
type Column struct {
	Title string
	Width float64 // share of the table's width, relative to the other columns
	Align Align
}

// RowKind says what a row is.
type RowKind uint8

// A group row is a subheading over the rows that follow; its one cell spans the table. A total row closes the table under
// a rule and stands over the accountant's double rule: its figures are summed and final.
const (
	Plain RowKind = iota
	Group
	Total
)

// Row of a table.
type Row struct {
	Kind  RowKind
	Cells []Text
}

// Table repeats its header on each page. Subject says for programs what the rows are, such as "deviations/<test>".
type Table struct {
	Subject string
	Caption Text
	Columns []Column
	Rows    []Row
	Note    Text
}

// Pair is a key with its value. A blank value is a line that a person fills in.
type Pair struct {
	Key   string
	Value Text
	Blank bool
}

// Pairs is a block of keys and values.
type Pairs struct {
	Subject string // what they describe, such as "control/IAM-02"
	Pairs   []Pair
}

// Strip is a test's outcomes over the period, day by day.
type Strip struct {
	Data     chart.StripData
	Sentence string
}

// Legend explains outcomes: shape, word and meaning.
type Legend struct {
	Entries []LegendEntry
}

// LegendEntry explains one outcome.
type LegendEntry struct {
	Outcome chart.Outcome
	Meaning Text
}

// Graph is what led to what, drawn: laid out already, from left to right and from above to below. Path is the short story of it, for
// where the whole is too large to be read. They are read only; empty ones are not drawn.
type Graph struct {
	Whole, Path [2]*graph.Graph
	Sentence    string // what the drawing shows
	Shorter     string // what is said where the path is drawn
}

// GraphOf lays out a graph, which is the block's from then on.
func GraphOf(g *graph.Graph, sentence, shorter string) Graph {
	path := g.Path()
	g.Layout()
	path.Layout()
	return Graph{Whole: [2]*graph.Graph{g, g.Downwards()}, Path: [2]*graph.Graph{path, path.Downwards()}, Sentence: sentence, Shorter: shorter}
}

// CalloutKind says why a text stands apart.
type CalloutKind uint8

// The kinds of callouts.
const (
	Placeholder CalloutKind = iota // to be written by somebody else
	Missing                        // a complete report needs it, and it is not there
	Unconfirmed                    // nothing is recorded, which may be right: a person must say
	Notice                         // to be read before going on
)

// Callout is a text that stands apart: what is missing, what another must write, what must not be overlooked.
type Callout struct {
	Kind  CalloutKind
	Title string
	Body  []Block // paragraphs and lists
}

// Contents is the table of contents, down to a level.
type Contents struct {
	Title string
	Depth int
}

// PageBreak begins a new page.
type PageBreak struct{}

func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Table) block()     {}
func (Pairs) block()     {}
func (Strip) block()     {}
func (Legend) block()    {}
func (Graph) block()     {}
func (Callout) block()   {}
func (Contents) block()  {}
func (PageBreak) block() {}
