package intake

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// readExcel reads the sheets of an Excel file (ECMA-376, the parts that hold text): values only. It is read here and not by a
// library because a formula must be told from a value while a file of 50,000 rows streams by, and nothing may unpack to more than
// fits.
func readExcel(name string, content []byte) (Book, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return Book{}, errs.New(errs.Invalid, "%s is damaged or broken off: %v", name, err).At("file").WithHint("Save it again, and send it again.")
	}
	x := excel{name: name, files: map[string]*zip.File{}, left: MaxUnpacked}
	said := uint64(0)
	for _, f := range z.File {
		if said += f.UncompressedSize64; said > MaxUnpacked || f.UncompressedSize64 > MaxUnpacked {
			return Book{}, errs.Wrap(errTooLarge, "%s", name)
		}
		x.files[strings.ToLower(path.Clean(strings.TrimPrefix(f.Name, "/")))] = f
	}
	if x.files["xl/workbook.xml"] == nil {
		return Book{}, errs.New(errs.Invalid, "%s is an archive, but no Excel file", name).At("file").WithHint("Choose a file that ends in .xlsx or .csv. A folder of policies is imported on the page of policies.")
	}
	b, err := x.read()
	if k := errs.KindOf(err); err != nil && k != errs.Invalid && k != errs.Exhausted {
		err = errs.As(errs.Invalid, err, "it is damaged")
	}
	return b, errs.Wrap(err, "%s", name)
}

type excel struct {
	name   string
	files  map[string]*zip.File
	left   int64 // bytes that may still be unpacked
	shared []string
	dates  []bool // by style: a number is a day
	epoch  time.Time
}

var errTooLarge = errs.New(errs.Exhausted, "it unpacks to more than %d MiB", MaxUnpacked>>20).At("file").WithHint("Take out what is not needed, or save the sheet as CSV.")

// bounded reads a part and counts what was unpacked.
type bounded struct {
	r io.Reader
	x *excel
}

func (b bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.x.left -= int64(n); b.x.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// part walks the elements of a part; it may be missing.
func (x *excel) part(name string, do func(d *xml.Decoder, e xml.StartElement) error) error {
	f := x.files[strings.ToLower(name)]
	if f == nil {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return errs.As(errs.Invalid, err, "%s", f.Name)
	}
	defer r.Close()
	d := xml.NewDecoder(bounded{r, x})
	d.Strict = true
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if errs.KindOf(err) == errs.Exhausted {
				return err
			}
			return errs.As(errs.Invalid, err, "%s", f.Name)
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := do(d, e); err != nil {
				return err
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (x *excel) read() (Book, error) {
	b := Book{Format: "Excel"}
	x.epoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	type ref struct{ name, rel string }
	var sheets []ref
	err := x.part("xl/workbook.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			if v := attr(e, "date1904"); v == "1" || v == "true" {
				x.epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		case "sheet":
			if s := attr(e, "state"); s == "hidden" || s == "veryHidden" {
				b.Notes = append(b.Notes, "The sheet "+attr(e, "name")+" is hidden, and was left out.")
				return nil
			}
			sheets = append(sheets, ref{attr(e, "name"), attr(e, "id")})
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	if len(sheets) > maxSheets {
		return b, errs.New(errs.Exhausted, "%d sheets; at most %d are read", len(sheets), maxSheets).At("file")
	}
	targets := map[string]string{}
	err = x.part("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" && attr(e, "TargetMode") != "External" {
			targets[attr(e, "Id")] = attr(e, "Target")
		}
		return nil
	})
	if err = errors.Join(err, x.readShared(), x.readStyles()); err != nil {
		return b, err
	}
	for _, s := range sheets {
		t := targets[s.rel]
		if !strings.HasPrefix(t, "/") {
			t = path.Join("xl", t)
		}
		sheet, err := x.sheet(s.name, path.Clean(strings.TrimPrefix(t, "/")))
		if err != nil {
			return b, err
		}
		if len(sheet.Rows) > 0 {
			b.Sheets = append(b.Sheets, sheet)
		}
	}
	if len(b.Sheets) == 0 {
		return b, errs.New(errs.Invalid, "no sheet has a row").At("file").WithHint("Choose a file with something in it.")
	}
	return b, nil
}

// text is all characters inside t elements until the end of e; phonetic hints (rPh) are left out.
func text(d *xml.Decoder, e xml.StartElement) (string, error) {
	var b strings.Builder
	in, skip := false, 0
	for {
		t, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			in = t.Name.Local == "t"
			if t.Name.Local == "rPh" {
				skip++
			}
		case xml.EndElement:
			in = false
			if t.Name.Local == "rPh" {
				skip--
			}
			if t.Name == e.Name {
				return b.String(), nil
			}
		case xml.CharData:
			if in && skip == 0 && b.Len() < 4*MaxCell {
				b.Write(t)
			}
		}
	}
}

func (x *excel) readShared() error {
	return x.part("xl/sharedStrings.xml", func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		s, err := text(d, e)
		x.shared = append(x.shared, s)
		return err
	})
}

// readStyles finds which styles show a number as a day or an hour.
func (x *excel) readStyles() error {
	formats := map[string]bool{}
	for _, n := range []int{14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47} { // the built-in ones
		formats[strconv.Itoa(n)] = true
	}
	in := false
	return x.part("xl/styles.xml", func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			formats[attr(e, "numFmtId")] = dayFormat(attr(e, "formatCode"))
		case "cellXfs":
			in = true
		case "cellStyles", "dxfs":
			in = false
		case "xf":
			if in {
				x.dates = append(x.dates, formats[attr(e, "numFmtId")])
			}
		}
		return nil
	})
}

// dayFormat reports whether a number format shows a day: letters of years, months or days outside of quotes and brackets.
func dayFormat(code string) bool {
	quoted, bracket := false, false
	for i, c := range strings.ToLower(code) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted, i > 0 && code[i-1] == '\\':
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !bracket && (c == 'y' || c == 'd' || c == 'm' || c == 'h'):
			return true
		}
	}
	return false
}

func (x *excel) sheet(name, file string) (Sheet, error) {
	s := Sheet{Name: name}
	var l Line
	err := x.part(file, func(d *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			if err := s.add(name, l); err != nil {
				return err
			}
			n, err := strconv.Atoi(attr(e, "r"))
			if err != nil || n <= l.N {
				n = l.N + 1
			}
			l = Line{N: n}
		case "c":
			return x.cell(d, e, &l)
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, s.add(name, l)
}

// cell reads one cell into its row.
func (x *excel) cell(d *xml.Decoder, e xml.StartElement, l *Line) error {
	at := column(attr(e, "r"))
	if at < 0 {
		at = len(l.Cells)
	}
	if at > 16_383 { // as far as Excel goes
		return errs.New(errs.Invalid, "a cell is called %q", attr(e, "r")).At("file")
	}
	value, formula, err := content(d, e)
	if err != nil || at >= 4*MaxColumns && value == "" {
		return err
	}
	value = strings.TrimSpace(x.value(attr(e, "t"), attr(e, "s"), value))
	if value == "" && !formula {
		return nil
	}
	if at > MaxColumns {
		return errs.New(errs.Exhausted, "there is a value in column %s; at most %d columns are read", ColumnName(at), MaxColumns).At("file").WithHint("Take out the columns that are not needed.")
	}
	for len(l.Cells) <= at {
		l.Cells = append(l.Cells, "")
	}
	l.Cells[at] = value
	if formula || risky(value) {
		l.Formulas = append(l.Formulas, at)
	}
	return nil
}

// content is the kept value of a cell, and whether a formula made it.
func content(d *xml.Decoder, e xml.StartElement) (value string, formula bool, err error) {
	for {
		t, err := d.Token()
		if err != nil {
			return "", false, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "f":
				formula = true
				if err := d.Skip(); err != nil {
					return "", false, err
				}
			case "is":
				if value, err = text(d, t); err != nil {
					return "", false, err
				}
			case "v":
				var s struct {
					Text string `xml:",chardata"`
				}
				if err := d.DecodeElement(&s, &t); err != nil {
					return "", false, err
				}
				value = s.Text
			}
		case xml.EndElement:
			if t.Name == e.Name {
				return value, formula, nil
			}
		}
	}
}

// value is a cell's text as people see it.
func (x *excel) value(kind, style, v string) string {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && i >= 0 && i < len(x.shared) {
			return x.shared[i]
		}
		return ""
	case "b":
		if v == "1" {
			return "yes"
		}
		return "no"
	case "e": // #N/A and the like say nothing
		return ""
	case "", "n":
		i, err := strconv.Atoi(style)
		n, bad := strconv.ParseFloat(v, 64)
		if err == nil && bad == nil && i >= 0 && i < len(x.dates) && x.dates[i] && n >= 1 && n < 2_958_466 {
			t := x.epoch.AddDate(0, 0, int(n)).Add(time.Duration(math.Round((n - math.Floor(n)) * 86_400 * float64(time.Second))))
			if n == math.Floor(n) {
				return t.Format(time.DateOnly)
			}
			return t.Format("2006-01-02 15:04")
		}
		if bad == nil && strings.ContainsAny(v, "eE") {
			return strconv.FormatFloat(n, 'f', -1, 64)
		}
	}
	return v
}

// column is the number of the column in a cell's name, from 0; -1 without one.
func column(name string) int {
	n := 0
	for i, c := range name {
		if c < 'A' || c > 'Z' {
			if i == 0 {
				return -1
			}
			break
		}
		if n = n*26 + int(c-'A') + 1; n > 100_000 {
			break
		}
	}
	return n - 1
}
