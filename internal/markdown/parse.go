package markdown

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Bounds of what is read. What lies beyond them was made to exhaust us.
const (
	maxDepth   = 8    // of lists and quotes inside each other
	maxIndent  = 32   // spaces before what opens a list
	maxOpen    = 400  // brackets and stars in one line, beyond which it is words
	maxOpenAll = 3000 // in one paragraph
	maxLine    = 20000
	maxColumns = 24
	maxRows    = 2000 // of a table
	maxBlocks  = 20000
)

// reader knows paragraphs, headings, lists, quotes, code, tables, emphasis, links and struck text. It is not told of HTML.
var reader = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(extension.NewStrikethroughParser(), 450),
		util.Prioritized(parser.NewEmphasisParser(), 500),
	),
	parser.WithParagraphTransformers(
		util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
		util.Prioritized(extension.NewTableParagraphTransformer(), 200),
	),
	parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
)

// Parse reads a text. Every text is one: what is no Markdown is read as words.
func Parse(source string) *Document {
	src := []byte(tame(source))
	c := &converter{src: src, seen: map[string]int{}}
	d := &Document{Blocks: c.blocks(reader.Parse(text.NewReader(src)), 0)}
	for _, b := range d.Blocks {
		if b.Kind == Heading && (d.top == 0 || b.Level < d.top) {
			d.top = b.Level
		}
	}
	return d
}

// tame takes the sting out of a text that was made to keep a parser busy: what opens more than any writer would is escaped,
// and what is nested deeper than any writer nests begins further out.
func tame(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD").Replace(s)
	if len(s) > MaxBytes {
		s = strings.ToValidUTF8(s[:MaxBytes], "")
	}
	var b strings.Builder
	b.Grow(len(s))
	open := 0 // in the paragraph so far
	for line := range strings.Lines(s) {
		line = unnest(line)
		if strings.TrimSpace(line) == "" {
			open = 0
		}
		here := 0
		for _, c := range "[*_`~<" {
			here += strings.Count(line, string(c))
		}
		if open += here; open > maxOpenAll || here > maxOpen || strings.Count(line, "|") > maxColumns+1 || len(line) > maxLine {
			line = plain(line)
		}
		b.WriteString(line)
	}
	return b.String()
}

// plain escapes what could open something in a line.
func plain(line string) string {
	var b strings.Builder
	for _, r := range line {
		if strings.ContainsRune("[]*_`~<>|!\\", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unnest cuts what opens lists and quotes at the beginning of a line to the depth that is read.
func unnest(line string) string {
	depth, i := 0, 0
	for i < len(line) {
		start := i
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		n := mark(line[i:])
		if n == 0 {
			return line
		}
		if depth == 0 && i-start > maxIndent {
			line, i = line[i-maxIndent:], maxIndent
		}
		if depth++; depth > maxDepth {
			return line[:start] + strings.TrimLeft(line[start:], "->+*0123456789.) \t")
		}
		i += n
	}
	return line
}

// mark is the length of what opens a quote or an entry of a list.
func mark(s string) int {
	k := 0
	for k < len(s) && k < 10 && s[k] >= '0' && s[k] <= '9' {
		k++
	}
	switch {
	case s == "":
		return 0
	case s[0] == '>':
		return 1
	case k == 0 && strings.IndexByte("-+*", s[0]) < 0, k > 0 && (k == len(s) || s[k] != '.' && s[k] != ')'):
		return 0
	case k+1 < len(s) && (s[k+1] == ' ' || s[k+1] == '\t'):
		return k + 1
	}
	return 0
}

type converter struct {
	src   []byte
	seen  map[string]int // identifiers of headings
	count int
}

// blocks converts what is inside a node.
func (c *converter) blocks(parent ast.Node, depth int) []Block {
	var out []Block
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if c.count++; c.count > maxBlocks {
			return out
		}
		if b, ok := c.block(n, depth); ok {
			out = append(out, b)
		}
	}
	return out
}

func (c *converter) block(n ast.Node, depth int) (Block, bool) {
	if depth > maxDepth {
		return Block{Kind: Paragraph, Text: []Span{{Text: c.raw(n)}}}, true
	}
	switch n := n.(type) {
	case *ast.Heading:
		text := c.inline(n)
		return Block{Kind: Heading, Level: n.Level, Text: text, ID: c.id(Plain(text))}, true
	case *ast.List:
		b := Block{Kind: List, Ordered: n.IsOrdered(), Start: n.Start}
		for i := n.FirstChild(); i != nil; i = i.NextSibling() {
			b.Entries = append(b.Entries, c.blocks(i, depth+1))
		}
		return b, true
	case *ast.Blockquote:
		return Block{Kind: Quote, Inside: c.blocks(n, depth+1)}, true
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return Block{Kind: Code, Code: c.raw(n)}, true
	case *ast.ThematicBreak:
		return Block{Kind: Rule}, true
	case *extast.Table:
		return c.table(n), true
	case *ast.Paragraph, *ast.TextBlock:
		text := c.inline(n)
		return Block{Kind: Paragraph, Text: text}, len(text) > 0
	}
	text := strings.TrimSpace(c.raw(n)) // nothing the reader knows: shown as it was written
	return Block{Kind: Paragraph, Text: []Span{{Text: text}}}, text != "" && n.Kind() != ast.KindLinkReferenceDefinition
}

func (c *converter) table(n *extast.Table) Block {
	b := Block{Kind: Table}
	for _, a := range n.Alignments {
		b.Align = append(b.Align, map[extast.Alignment]Align{extast.AlignRight: Right, extast.AlignCenter: Center}[a])
	}
	for row := n.FirstChild(); row != nil && len(b.Rows) < maxRows; row = row.NextSibling() {
		var cells [][]Span
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, c.inline(cell))
		}
		if _, ok := row.(*extast.TableHeader); ok {
			b.Head = cells
			continue
		}
		b.Rows = append(b.Rows, cells)
	}
	return b
}

// raw is the source of a block's lines.
func (c *converter) raw(n ast.Node) string {
	if n.Type() == ast.TypeInline {
		return ""
	}
	var b strings.Builder
	lines := n.Lines()
	for i := range lines.Len() {
		s := lines.At(i)
		b.Write(s.Value(c.src))
	}
	return b.String()
}

// id makes the identifier of a heading: what it says, in letters that addresses take.
func (c *converter) id(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() > 60 {
			break
		}
	}
	s := "s-" + strings.Trim(b.String(), "-") // never one of the page's own
	if s == "s-" {
		s = "s-part"
	}
	c.seen[s]++
	if n := c.seen[s]; n > 1 {
		s += "--" + strconv.Itoa(n)
	}
	return s
}

// inline converts the text inside a node.
func (c *converter) inline(n ast.Node) []Span {
	var out []Span
	c.spans(n, Span{}, &out)
	for len(out) > 0 && strings.TrimSpace(out[len(out)-1].Text) == "" {
		out = out[:len(out)-1]
	}
	if len(out) > 0 {
		out[len(out)-1].Break = false
	}
	return out
}

func (c *converter) spans(parent ast.Node, look Span, out *[]Span) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		s := look
		switch n := n.(type) {
		case *ast.Text:
			s.Text = string(util.UnescapePunctuations(n.Segment.Value(c.src)))
			if !look.Mono {
				s.Text = string(util.ResolveNumericReferences(util.ResolveEntityNames([]byte(s.Text))))
			}
			if s.Break = n.HardLineBreak(); n.SoftLineBreak() && !s.Break {
				s.Text += " "
			}
			add(out, s)
		case *ast.String:
			s.Text = string(n.Value)
			add(out, s)
		case *ast.CodeSpan:
			s.Mono = true
			s.Text = strings.ReplaceAll(c.codeOf(n), "\n", " ")
			add(out, s)
		case *ast.Emphasis:
			if s.Bold, s.Italic = s.Bold || n.Level > 1, s.Italic || n.Level == 1; true {
				c.spans(n, s, out)
			}
		case *extast.Strikethrough:
			s.Struck = true
			c.spans(n, s, out)
		case *ast.Link:
			if look.Href == "" {
				s.Href = Href(string(n.Destination))
			}
			c.spans(n, s, out)
			if s.Href == "" && look.Href == "" && len(n.Destination) > 0 { // what is not to be followed is still to be seen
				add(out, Span{Text: " (" + string(n.Destination) + ")"})
			}
		case *ast.AutoLink:
			s.Text = string(n.Label(c.src))
			href := string(n.URL(c.src))
			if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(href), "mailto:") {
				href = "mailto:" + href
			}
			s.Href = Href(href)
			add(out, s)
		case *ast.Image: // a picture would be fetched from somewhere: its words stand for it
			c.spans(n, s, out)
		default:
			c.spans(n, s, out)
		}
	}
}

func (c *converter) codeOf(n ast.Node) string {
	var b strings.Builder
	for t := n.FirstChild(); t != nil; t = t.NextSibling() {
		if t, ok := t.(*ast.Text); ok {
			b.Write(t.Segment.Value(c.src))
		}
	}
	return b.String()
}

// add joins a span to the one before it when they look the same.
func add(out *[]Span, s Span) {
	if s.Text == "" && !s.Break {
		return
	}
	if k := len(*out) - 1; k >= 0 {
		last := &(*out)[k]
		same := *last
		same.Text, same.Break = s.Text, s.Break
		if same == s && !last.Break {
			last.Text += s.Text
			last.Break = s.Break
			return
		}
	}
	*out = append(*out, s)
}
