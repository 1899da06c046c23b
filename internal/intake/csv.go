package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// separators are what stands between the cells of a line, the likeliest first.
var separators = []rune{',', ';', '\t', '|'}

func readCSV(name string, content []byte) (Book, error) {
	text, encoding, err := decode(name, content)
	if err != nil {
		return Book{}, err
	}
	b := Book{Format: "CSV", Encoding: encoding}
	if encoding == "Windows-1252" {
		b.Notes = append(b.Notes, "The file is no UTF-8; it was read as Windows-1252 (Latin-1). Look at names with accents before you go on.")
	}
	s := Sheet{Name: name}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(text), -1, true
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return Book{}, errs.New(errs.Invalid, "%s cannot be read from line %d on: %v", name, bad.StartLine, bad.Err).At("file").
				WithHint("A quotation mark is not closed, or stands in the middle of a cell. Save the file again as CSV.")
		}
		if err != nil {
			return Book{}, errs.As(errs.Invalid, err, "read %s", name)
		}
		n, _ := r.FieldPos(0)
		if err := s.add(name, plain(n, cells)); err != nil {
			return Book{}, err
		}
	}
	if len(s.Rows) == 0 {
		return Book{}, errs.New(errs.Invalid, "%s has no rows", name).At("file").WithHint("Choose a file with something in it.")
	}
	b.Sheets = []Sheet{s}
	return b, nil
}

// plain is a row of text, with what a spreadsheet program would take for formulas.
func plain(n int, cells []string) Line {
	l := Line{N: n, Cells: make([]string, len(cells))}
	for i, c := range cells {
		l.Cells[i] = strings.TrimSpace(c)
		if risky(l.Cells[i]) {
			l.Formulas = append(l.Formulas, i)
		}
	}
	return l
}

// separator is what stands most evenly between the cells of the first lines.
func separator(text string) rune {
	lines := strings.SplitN(text, "\n", 12)
	lines = lines[:min(11, len(lines))]
	best, most := ',', 0
	for _, c := range separators {
		least, first := 1<<30, true
		for _, l := range lines {
			if strings.TrimSpace(l) == "" || strings.Count(l, `"`)%2 != 0 { // a cell goes on in the next line
				continue
			}
			least, first = min(least, outside(l, c)), false
		}
		if !first && least > most {
			best, most = c, least
		}
	}
	if most == 0 { // a title above the table may have none
		for _, c := range separators {
			n := 0
			for _, l := range lines {
				n += outside(l, c)
			}
			if n > most {
				best, most = c, n
			}
		}
	}
	return best
}

// outside counts a character outside of quotation marks.
func outside(line string, c rune) int {
	n, quoted := 0, false
	for _, x := range line {
		switch {
		case x == '"':
			quoted = !quoted
		case x == c && !quoted:
			n++
		}
	}
	return n
}

// decode finds the encoding of a text: what its first bytes say, else UTF-8, else UTF-16 by its pattern of zeros, else
// Windows-1252 if every byte is a character there.
func decode(name string, b []byte) (text, encoding string, err error) {
	binary := errs.New(errs.Invalid, "%s is neither CSV nor Excel", name).At("file").WithHint("Save the table as .xlsx or .csv.")
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}):
		return "", "", errs.New(errs.Invalid, "%s is UTF-32, which is not read", name).At("file").WithHint("Save it as UTF-8.")
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		text, encoding = utf16Text(name, b[2:], 0), "UTF-16"
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		text, encoding = utf16Text(name, b[2:], 1), "UTF-16"
	case bytes.IndexByte(b, 0) >= 0:
		low, ok := zeros(b)
		if !ok {
			return "", "", binary
		}
		text, encoding = utf16Text(name, b, 1-low), "UTF-16"
	default:
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		if utf8.Valid(b) {
			text, encoding = string(b), "UTF-8"
			break
		}
		if text, err = windows1252(name, b); err != nil {
			return "", "", err
		}
		encoding = "Windows-1252"
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) {
		return "", "", binary
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), encoding, nil
}

// zeros tells which byte of each pair is the zero one of a Latin text in UTF-16: 0 or 1.
func zeros(b []byte) (int, bool) {
	var n [2]int
	for i, c := range b {
		if c == 0 {
			n[i%2]++
		}
	}
	half := len(b) / 2
	switch {
	case n[1] > half*3/4 && n[0] == 0:
		return 1, true
	case n[0] > half*3/4 && n[1] == 0:
		return 0, true
	}
	return 0, false
}

// utf16Text decodes pairs of bytes; high is which of a pair is the higher one of a big-endian text (1) or not (0).
func utf16Text(_ string, b []byte, big int) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		lo, hi := b[2*i], b[2*i+1]
		if big == 1 {
			lo, hi = hi, lo
		}
		u[i] = uint16(lo) | uint16(hi)<<8
	}
	return string(utf16.Decode(u))
}

// high are the characters of Windows-1252 from 0x80 to 0x9f; 0 where there is none.
var high = [32]rune{'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0, 0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ'}

func windows1252(name string, b []byte) (string, error) {
	var s strings.Builder
	s.Grow(len(b) + len(b)/8)
	for i, c := range b {
		switch {
		case c >= 0x80 && c < 0xa0:
			r := high[c-0x80]
			if r == 0 {
				return "", errs.New(errs.Invalid, "%s has an encoding that is not known: byte %#x at %d", name, c, i).At("file").WithHint("Save it as UTF-8.")
			}
			s.WriteRune(r)
		default:
			s.WriteRune(rune(c))
		}
	}
	return s.String(), nil
}
