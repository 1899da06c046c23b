package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// IO is what a command reads and writes. Tests give their own.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) string
	// OutTTY and ErrTTY tell whether the writers are terminals: only then is there colour, progress or a question.
	OutTTY, ErrTTY, InTTY bool
	Width                 int
	Now                   func() time.Time
}

// Standard is the process's own input and output.
func Standard() IO {
	x := IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv, Width: 80, Now: time.Now}
	x.OutTTY, x.ErrTTY, x.InTTY = term.IsTerminal(int(os.Stdout.Fd())), term.IsTerminal(int(os.Stderr.Fd())), term.IsTerminal(int(os.Stdin.Fd()))
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 20 { // a terminal may report width 0
		x.Width = w
	}
	return x
}

// printer writes results to standard output and everything else to standard error.
type printer struct {
	IO
	json   bool
	fields []string // JSON fields to keep; empty means all
	csv    bool
	quiet  bool
	colour bool

	mu       sync.Mutex
	started  time.Time
	progress bool // a progress line is on the screen
}

// Colours of status words; each has a glyph and a word too.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	purple = "35"
	grey   = "2"
	bold   = "1"
)

// words are how an outcome reads in a table.
var words = map[string][2]string{
	"pass": {green, "✓ pass"}, "fail": {red, "✗ fail"}, "unknown": {purple, "? no answer"}, "not_applicable": {grey, "– n/a"}, "grace": {yellow, "! grace"},
	"complete": {green, "✓ complete"}, "partial": {yellow, "! partial"}, "failed": {red, "✗ failed"}, "proven": {green, "✓ proven"}, "asserted": {grey, "– asserted"},
	"incomplete": {purple, "? incomplete"}, "active": {green, "✓ active"}, "requested": {yellow, "! requested"}, "expired": {grey, "– expired"}, "revoked": {grey, "– revoked"},
}

func (p *printer) paint(code, s string) string {
	if !p.colour || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// cell is a table cell: text that is padded first and coloured after, so that colour never shifts a column.
type cell struct {
	text, colour string
	right        bool
}

func text(s string) cell  { return cell{text: s} }
func number(n int64) cell { return cell{text: grouped(n), right: true} }
func faint(s string) cell { return cell{text: s, colour: grey} }
func status(word string) cell {
	w, ok := words[word]
	return pick(ok, cell{text: w[1], colour: w[0]}, text(word))
}
func instant(t time.Time) cell { return text(stamp(t)) }

func pick[T any](ok bool, a, b T) T {
	if ok {
		return a
	}
	return b
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// grouped writes a number with thin groups of three: 48,201.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		return "-" + s
	}
	return s
}

// row is one line of a listing: its cells for people, its record for programs.
type row struct {
	cells  []cell
	record any
}

// table prints a listing: JSON with one object a line, CSV, or columns.
func (p *printer) table(head []string, rows []row, empty string) error {
	p.clear()
	switch {
	case p.json:
		for _, r := range rows {
			if err := p.object(r.record); err != nil {
				return err
			}
		}
		return nil
	case p.csv:
		return p.writeCSV(head, rows)
	case len(rows) == 0:
		p.say("%s", empty)
		return nil
	}
	width := make([]int, len(head))
	for i, h := range head {
		width[i] = utf8.RuneCountInString(h)
	}
	for _, r := range rows {
		for i, c := range r.cells {
			width[i] = max(width[i], utf8.RuneCountInString(c.text))
		}
	}
	hs := make([]cell, len(head))
	for i, h := range head {
		hs[i] = faint(strings.ToUpper(h))
		if len(rows) > 0 {
			hs[i].right = rows[0].cells[i].right
		}
	}
	p.line(hs, width)
	for _, r := range rows {
		p.line(r.cells, width)
	}
	return nil
}

func (p *printer) line(cells []cell, width []int) {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteString("   ")
		}
		pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c.text))
		switch {
		case c.right:
			b.WriteString(pad + p.paint(c.colour, printable(c.text)))
		case i == len(cells)-1:
			b.WriteString(p.paint(c.colour, printable(c.text)))
		default:
			b.WriteString(p.paint(c.colour, printable(c.text)) + pad)
		}
	}
	fmt.Fprintln(p.Out, b.String())
}

// printable replaces control characters: what a source calls itself must not move the cursor of whoever lists it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x2066 || r == 0x2067 || r == 0x2068 {
			return '·'
		}
		return r
	}, s)
}

// checkPage refuses a page that no list has.
func checkPage(page, size int) error {
	const most = 1 << 20 // far beyond any list, and far below where an offset would overflow
	switch {
	case page < 1 || page > most:
		return usageError{fmt.Errorf("--page counts from 1, and %d is no page", page)}
	case size < 1 || size > paging.MaxSize:
		return usageError{fmt.Errorf("--size takes 1 to %d, not %d", paging.MaxSize, size)}
	}
	return nil
}

// paged says on which page a listing stands, and refuses one after the last: an empty answer would look like an empty list.
func (p *printer) paged(page, pages, total int, what string) error {
	switch {
	case total > 0 && page > pages:
		return usageError{fmt.Errorf("there is no page %d: %s %s fill %d", page, grouped(int64(total)), what, pages)}
	case pages > 1 && !p.json && !p.csv:
		p.say("Page %d of %d (%s %s).", page, pages, grouped(int64(total)), what)
	}
	return nil
}

// object prints one JSON object, with the chosen fields only if some were chosen.
func (p *printer) object(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(p.fields) > 0 {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(b, &m); err != nil {
			return err
		}
		kept := map[string]json.RawMessage{}
		for _, f := range p.fields {
			x, ok := m[f]
			if !ok {
				names := make([]string, 0, len(m))
				for k := range m {
					names = append(names, k)
				}
				slices.Sort(names)
				return errs.New(errs.Invalid, "there is no field %q", f).WithHint("Fields: %s.", strings.Join(names, ", "))
			}
			kept[f] = x
		}
		if b, err = json.Marshal(kept); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(p.Out, "%s\n", b)
	return err
}

// writeCSV writes what the columns show. A cell that a spreadsheet would take for a formula gets an apostrophe.
func (p *printer) writeCSV(head []string, rows []row) error {
	write := func(cells []string) {
		for i, c := range cells {
			if strings.ContainsRune("=+-@\t\r", firstRune(c)) && c != "–" {
				c = "'" + c
			}
			if strings.ContainsAny(c, ",\"\n\r") {
				c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
			if i > 0 {
				fmt.Fprint(p.Out, ",")
			}
			fmt.Fprint(p.Out, c)
		}
		fmt.Fprint(p.Out, "\r\n")
	}
	write(head)
	for _, r := range rows {
		cells := make([]string, len(r.cells))
		for i, c := range r.cells {
			cells[i] = c.text
			if c.right {
				cells[i] = strings.ReplaceAll(c.text, ",", "")
			}
		}
		write(cells)
	}
	return nil
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// say writes a remark for people to standard error.
func (p *printer) say(format string, args ...any) {
	if p.quiet {
		return
	}
	p.clear()
	fmt.Fprintf(p.Err, format+"\n", args...)
}

// next names the command that usually follows.
func (p *printer) next(format string, args ...any) {
	if p.ErrTTY && !p.quiet && !p.json {
		p.say(p.paint(grey, "Next: ")+format, args...)
	}
}

// progressAfter is how long work goes on before a progress line appears.
const progressAfter = 300 * time.Millisecond

// step redraws the progress line: on a terminal only, and only for work that takes a while.
func (p *printer) step(done, total int, what string) {
	if !p.ErrTTY || p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	if p.started.IsZero() {
		p.started = now
	}
	if now.Sub(p.started) < progressAfter {
		return
	}
	const width = 10
	k := width
	if total > 0 {
		k = min(width, width*done/total)
	}
	line := fmt.Sprintf("%s%s %d/%d %s", strings.Repeat("━", k), strings.Repeat("─", width-k), done, total, printable(what))
	if r := []rune(line); len(r) > p.Width-1 {
		line = string(r[:p.Width-1])
	}
	p.progress = true
	fmt.Fprintf(p.Err, "\r\x1b[K%s", line)
}

// clear takes the progress line away.
func (p *printer) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.progress {
		fmt.Fprint(p.Err, "\r\x1b[K")
		p.progress = false
	}
	p.started = time.Time{}
}
