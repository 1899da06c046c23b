package file

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxLine bounds one record of a CSV file, so that a quote nobody closes cannot fill the memory.
const maxLine = 1 << 20

// csvTable reads a CSV file record by record. Its memory does not grow with the file.
type csvTable struct {
	r      *csv.Reader
	meter  *meter
	width  int // cells of the header; 0 before it is read
	number int // line on which the last record begins
}

var delimiters = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|', ",": ',', ";": ';', "\t": '\t', "|": '|'}

func newCSV(r io.Reader, delimiter string) (*csvTable, error) {
	text, err := newText(r)
	if err != nil {
		return nil, err
	}
	m := &meter{r: text}
	buffered := bufio.NewReaderSize(m, 64<<10)
	comma, ok := delimiters[strings.ToLower(delimiter)]
	if delimiter == "" {
		start, _ := buffered.Peek(buffered.Size()) // an error comes again when the record is read
		comma, ok = detectDelimiter(string(start)), true
	}
	if !ok {
		return nil, errs.New(errs.Invalid, "%q is not a delimiter; it is comma, semicolon, tab or pipe", delimiter).At("delimiter")
	}
	c := csv.NewReader(buffered)
	c.Comma = comma
	c.FieldsPerRecord = -1 // rows of another width are reported, not fatal
	c.ReuseRecord = true
	return &csvTable{r: c, meter: m}, nil
}

// detectDelimiter takes the one that divides the header into the most cells.
func detectDelimiter(start string) rune {
	best, most := ',', 0
	counts := map[rune]int{}
	quoted := false
	for _, c := range strings.TrimLeft(start, "\r\n") {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' || c == '\r' {
			break
		}
		counts[c]++
	}
	for _, c := range []rune{',', ';', '\t', '|'} {
		if counts[c] > most {
			best, most = c, counts[c]
		}
	}
	return best
}

func (t *csvTable) format() string { return "CSV" }
func (t *csvTable) close()         {}

func (t *csvTable) next() (tableRow, error) {
	cells, err := t.r.Read()
	raw := t.meter.take(t.r.InputOffset())
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return tableRow{}, io.EOF
	case errors.As(err, &bad):
		t.number = bad.StartLine
		return tableRow{number: bad.StartLine, fault: fmt.Sprintf("line %d, byte %d: %v", bad.Line, bad.Column, bad.Err)}, nil
	case errors.Is(err, errTooLong):
		return tableRow{}, t.tooLong(t.number + 1)
	case err != nil:
		if errs.KindOf(err) == errs.Internal {
			err = errs.As(errs.Unavailable, err, "read the file")
		}
		return tableRow{}, err
	}
	t.number, _ = t.r.FieldPos(0)
	if len(raw) > maxLine {
		return tableRow{}, t.tooLong(t.number)
	}
	row := tableRow{number: t.number, cells: append([]string(nil), cells...), raw: strings.Trim(string(raw), "\r\n")}
	if t.width == 0 {
		t.width = len(cells)
	}
	if len(cells) != t.width {
		row.fault = fmt.Sprintf("the row has %d cells, the header has %d", len(cells), t.width)
	}
	return row, nil
}

func (t *csvTable) tooLong(line int) error {
	return errs.New(errs.Invalid, "line %d is longer than %d KiB", line, maxLine>>10).WithHint("look for a quotation mark there that is not closed")
}

var errTooLong = errors.New("line too long")

// meter keeps the bytes of the record being read and stops when they become too many.
type meter struct {
	r    io.Reader
	buf  []byte // read and not yet taken
	base int64  // offset of buf in the text
	err  error  // that ended the text; a look ahead must not lose it
}

// Read is io.Reader's.
func (m *meter) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	if len(m.buf) > maxLine+128<<10 { // what was read ahead does not count
		m.err = errTooLong
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.buf = append(m.buf, p[:n]...)
	m.err = err
	return n, err
}

// take gives the bytes up to an offset and forgets them. They are valid until the next Read.
func (m *meter) take(end int64) []byte {
	n := min(max(0, end-m.base), int64(len(m.buf)))
	out := m.buf[:n:n]
	m.buf = m.buf[n:]
	m.base += n
	return out
}
