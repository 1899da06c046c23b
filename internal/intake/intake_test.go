package intake_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func show(b intake.Book) string {
	var out []string
	for _, s := range b.Sheets {
		for _, l := range s.Rows {
			out = append(out, fmt.Sprintf("%d:%s", l.N, strings.Join(l.Cells, "|")))
		}
	}
	return strings.Join(out, " / ")
}

func wide(s string, big, mark bool) []byte {
	var b []byte
	if mark {
		s = "\ufeff" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

// TestCSV reads every encoding and separator there is, and keeps formulas as text.
func TestCSV(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in             []byte
		want, encoding string
	}{
		"plain":           {[]byte("id,title\nA,One\n\nB,Two,x\n"), "1:id|title / 2:A|One / 4:B|Two|x", "UTF-8"},
		"semicolons":      {[]byte("id;title\r\nA;One, and more\r\n"), "1:id|title / 2:A|One, and more", "UTF-8"},
		"tabs":            {[]byte("id\ttitle\nA\tOne\n"), "1:id|title / 2:A|One", "UTF-8"},
		"title above":     {[]byte("Our controls\nid;title\nA;One\n"), "1:Our controls / 2:id|title / 3:A|One", "UTF-8"},
		"quotes":          {[]byte("id,title\nA,\"a \"\"b\"\",\nc\"\nB,x\n"), "1:id|title / 2:A|a \"b\",\nc / 4:B|x", "UTF-8"},
		"old line ends":   {[]byte("id,title\rA,One\r"), "1:id|title / 2:A|One", "UTF-8"},
		"byte order mark": {[]byte("\xef\xbb\xbfid,title\nA,é\n"), "1:id|title / 2:A|é", "UTF-8"},
		"UTF-16 little":   {wide("id,title\nA,Zoë 😀\n", false, true), "1:id|title / 2:A|Zoë 😀", "UTF-16"},
		"UTF-16 big":      {wide("id,title\nA,Zoë\n", true, true), "1:id|title / 2:A|Zoë", "UTF-16"},
		"UTF-16 unmarked": {wide("id,title\nA,One\n", false, false), "1:id|title / 2:A|One", "UTF-16"},
		"UTF-16 big too":  {wide("id,title\nA,One\n", true, false), "1:id|title / 2:A|One", "UTF-16"},
		"Latin-1":         {[]byte("id,title\nA,Jos\xe9 \x80 5\n"), "1:id|title / 2:A|José € 5", "Windows-1252"},
		"right to left":   {[]byte("id,title\nA,שלום\n"), "1:id|title / 2:A|שלום", "UTF-8"},
	} {
		b, err := intake.Read("x.csv", c.in)
		if err != nil || show(b) != c.want || b.Encoding != c.encoding {
			t.Errorf("%s: %v %q in %s, want %q", name, err, show(b), b.Encoding, c.want)
		}
	}
	b, err := intake.Read("x.csv", []byte("a,b,c,d,e,f\n=1+1,@x,+cmd|x,-2,-,- note\n"))
	if err != nil || fmt.Sprint(b.Sheets[0].Rows[1].Formulas) != "[0 1 2]" || b.Sheets[0].Rows[1].Cells[0] != "=1+1" {
		t.Errorf("%v %+v", err, b)
	}
}

// TestRefused is what cannot be read, each with what is wrong.
func TestRefused(t *testing.T) {
	t.Parallel()
	good := excel(t, func(*excelize.File) {})
	for name, c := range map[string]struct {
		in   []byte
		kind errs.Kind
		part string
	}{
		"empty":            {nil, errs.Invalid, "is empty"},
		"blank":            {[]byte("\n\n  \n"), errs.Invalid, "has no rows"},
		"open quote":       {[]byte("a,b\n\"x,y\n"), errs.Invalid, "from line 2 on"},
		"a picture":        {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x01\x00\x02"), errs.Invalid, "neither CSV nor Excel"},
		"control bytes":    {[]byte("a,b\n\x01\x02,x\n"), errs.Invalid, "neither CSV nor Excel"},
		"no known text":    {[]byte("a,b\n\xe9\x81,x\n"), errs.Invalid, "encoding that is not known"},
		"UTF-32":           {[]byte("\xff\xfe\x00\x00a\x00\x00\x00"), errs.Invalid, "UTF-32"},
		"old Excel":        {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), errs.Invalid, "old kind"},
		"truncated Excel":  {good[:len(good)/2], errs.Invalid, "damaged or broken off"},
		"another archive":  {archive(t, map[string]string{"policy.md": "# x"}), errs.Invalid, "no Excel file"},
		"damaged inside":   {archive(t, map[string]string{"xl/workbook.xml": "<workbook><sheets><sheet"}), errs.Invalid, "x.xlsx"},
		"no sheets":        {archive(t, map[string]string{"xl/workbook.xml": "<workbook/>"}), errs.Invalid, "no sheet has a row"},
		"entities":         {archive(t, map[string]string{"xl/workbook.xml": `<!DOCTYPE w [<!ENTITY a "b">]><workbook>&a;</workbook>`}), errs.Invalid, "x.xlsx"},
		"too many rows":    {[]byte(strings.Repeat("a,b\n", intake.MaxRows+2)), errs.Exhausted, "more than 50000 rows"},
		"too many columns": {[]byte(strings.Repeat("a,", intake.MaxColumns) + "z\n"), errs.Exhausted, "at most 200"},
		"a long cell":      {[]byte("a,b\n" + strings.Repeat("ж", intake.MaxCell+1) + ",x\n"), errs.Exhausted, "A2"},
		"a bomb":           {bomb(t), errs.Exhausted, "unpacks to more than"},
	} {
		b, err := intake.Read("x.xlsx", c.in)
		if !errs.Is(err, c.kind) || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v (%v), %+v", name, err, errs.KindOf(err), len(b.Sheets))
		}
	}
}

func excel(t testing.TB, change func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	_ = f.SetSheetRow("Sheet1", "A1", &[]any{"Register of controls"})
	_ = f.SetSheetRow("Sheet1", "B3", &[]any{"Control ID", "Title", "Owner", "Since"})
	_ = f.SetSheetRow("Sheet1", "B4", &[]any{"AC-01", "Access is reviewed", "ada@northwind.example", "2026-01-31"})
	change(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for n, text := range files {
		w, err := z.Create(n)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a small file that unpacks to far more than is taken.
func bomb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("xl/workbook.xml")
	_, _ = w.Write([]byte(`<workbook/>`))
	w, _ = z.Create("xl/sharedStrings.xml")
	_, _ = w.Write([]byte("<sst>"))
	block := bytes.Repeat([]byte("<si><t> </t></si>  "), 1<<14)
	for range 1 + intake.MaxUnpacked/len(block) {
		_, _ = w.Write(bytes.Repeat([]byte(" "), len(block)))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestExcel reads values, days, formulas and empty cells, and leaves hidden sheets out.
func TestExcel(t *testing.T) {
	t.Parallel()
	b, err := intake.Read("x.xlsx", excel(t, func(f *excelize.File) {
		day, _ := f.NewStyle(&excelize.Style{NumFmt: 14})
		own := "dd/mm/yyyy;@"
		custom, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &own})
		for cell, v := range map[string]any{"B5": "AC-02", "C5": true, "D5": 12.5, "E5": 46053, "F5": 46053.5, "G5": 0.1 + 0.2} {
			_ = f.SetCellValue("Sheet1", cell, v)
		}
		_ = f.SetCellStyle("Sheet1", "E5", "E5", day)
		_ = f.SetCellStyle("Sheet1", "F5", "F5", custom)
		_ = f.SetCellFormula("Sheet1", "C6", `HYPERLINK("https://evil.example","x")`)
		_ = f.SetCellValue("Sheet1", "B6", "=SUM(A1)")
		_ = f.SetCellRichText("Sheet1", "B8", []excelize.RichTextRun{{Text: "AC-"}, {Text: "03", Font: &excelize.Font{Bold: true}}})
		_, _ = f.NewSheet("Notes")
		_, _ = f.NewSheet("Secret")
		_ = f.SetCellValue("Secret", "A1", "hidden")
		_ = f.SetSheetVisible("Secret", false)
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := "1:Register of controls / 3:|Control ID|Title|Owner|Since / 4:|AC-01|Access is reviewed|ada@northwind.example|2026-01-31 / " +
		"5:|AC-02|yes|12.5|2026-01-31|2026-01-31 12:00|0.3 / 6:|=SUM(A1) / 8:|AC-03"
	if got := show(b); got != want || len(b.Sheets) != 1 || len(b.Notes) != 1 {
		t.Errorf("%d sheets, %v\n%s\n%s", len(b.Sheets), b.Notes, got, want)
	}
	k := controls()
	s := b.Sheets[0]
	at := k.Header(s)
	rows := k.Rows(s, at, k.Guess(s.Rows[at].Cells))
	if at != 1 || len(rows) != 4 || rows[0].Values["id"] != "AC-01" || rows[0].Place["title"] != "C4" || fmt.Sprint(rows[2].Formulas) != "[id title]" {
		t.Errorf("header %d: %+v", at, rows)
	}
}

func controls() intake.Kind {
	return intake.Kind{ID: "controls", Key: "id", Fields: []intake.Field{
		{Name: "id", Title: "Reference", Required: true, Names: []string{"control id", "ref", "number"}},
		{Name: "title", Title: "Title", Required: true, Names: []string{"name", "control"}},
		{Name: "owner", Title: "Owner", Names: []string{"responsible"}},
		{Name: "since", Title: "Since"},
	}}
}

// TestMapping guesses by whole names before parts of names, and takes each column once.
func TestMapping(t *testing.T) {
	t.Parallel()
	k := controls()
	for in, want := range map[string]string{
		"Title|Control ID|Owner":                "map[id:1 owner:2 title:0]",
		"CONTROL_ID|Control|Responsible person": "map[id:0 owner:2 title:1]",
		"Nr.|Text":                              "map[]",
		"Owner|Owner|id|title":                  "map[id:2 owner:0 title:3]",
	} {
		if got := fmt.Sprint(k.Guess(strings.Split(in, "|"))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for want, m := range map[string]intake.Mapping{
		"no column is chosen for Reference, Title": {"owner": 0},
		"column A is chosen for Reference and for": {"id": 0, "title": 0},
		"the sheet has no column 4 for Reference":  {"id": 3, "title": 0},
		"the sheet has no column 0 for Title":      {"id": 1, "title": -1},
		"<nil>":                                    {"id": 0, "title": 1},
	} {
		if err := k.Check(m, 3); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v: %v", m, err)
		}
	}
	rows := []intake.Row{{N: 2, Values: map[string]string{"id": "AC-01"}}, {N: 3, Values: map[string]string{"id": "ac 01"}}, {N: 4, Values: map[string]string{}}}
	if got := fmt.Sprint(k.Repeated(rows)); got != "map[3:2]" {
		t.Error(got)
	}
}

// TestValues reads days that leave no doubt, lists, yes and no, and numbers.
func TestValues(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-01-31": "2026-01-31", "31.01.2026": "2026-01-31", "1 Feb 2026": "2026-02-01", "31/01/2026": "2026-01-31", "01/31/2026": "2026-01-31", "3/3/2026": "2026-03-03",
		"2026-01-31 12:30": "2026-01-31", "03/04/2026": `"03/04/2026" may be the 3 April or the 4 March`, "soon": `"soon" is no day`, "31.02.2026": "no day", "2026-13-01": "no day",
	} {
		d, err := intake.Day(in)
		if got := d.String(); err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
	if got := fmt.Sprint(intake.List("CC6.1, CC6.2;CC6.1\nCC7.1|")); got != "[CC6.1 CC6.2 CC7.1]" {
		t.Error(got)
	}
	for in, want := range map[string]string{"Yes": "true <nil>", "": "false <nil>", "X": "true <nil>", "0": "false <nil>", "maybe": `false "maybe" is neither`} {
		if ok, err := intake.Yes(in); !strings.HasPrefix(fmt.Sprint(ok, err), want) {
			t.Errorf("%s: %v %v", in, ok, err)
		}
	}
	for in, want := range map[string]string{"4": "4 <nil>", "4.0": "4 <nil>", "": "0 <nil>", "4.5": "0 \"4.5\" is no", "x": "0 \"x\" is no"} {
		if n, err := intake.Number(in); !strings.HasPrefix(fmt.Sprint(n, " ", err), want) {
			t.Errorf("%s: %v %v", in, n, err)
		}
	}
	if intake.Place(0, 1) != "A1" || intake.Place(27, 12) != "AB12" || intake.ColumnName(701) != "ZZ" {
		t.Error(intake.Place(27, 12), intake.ColumnName(701))
	}
}

// FuzzRead: no file makes the reader panic, and what it reads keeps the limits.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add(wide("a;b\n", true, true))
	f.Add(excel(f, func(*excelize.File) {}))
	f.Add(archive(f, map[string]string{
		"xl/workbook.xml":            `<workbook><sheets><sheet name="x" r:id="1" xmlns:r="r"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="1" Target="../../etc/passwd"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData><row r="99999999"><c r="XFD1" t="s"><v>-7</v></c></row></sheetData></worksheet>`,
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		book, err := intake.Read("x", b)
		if err != nil {
			return
		}
		for _, s := range book.Sheets {
			for _, l := range s.Rows {
				if len(l.Cells) > intake.MaxColumns+1 || l.N < 1 {
					t.Errorf("%+v", l)
				}
			}
		}
	})
}
