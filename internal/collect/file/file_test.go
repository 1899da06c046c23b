package file_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/file"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

const workers = "ID,Display Name,E-mail,Hired On,terminated_on,Shoe size\n" +
	"E1,Ada Example,ada@northwind.example,2024-01-15,,38\n" +
	"E2,\"Example, Bob\",bob@northwind.example,15 Feb 2024,2025-12-31,44\n"

func save(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func collectFile(t testing.TB, settings map[string]string) (*collecttest.Sink, error) {
	t.Helper()
	var s collecttest.Sink
	err := file.Connector{}.Collect(t.Context(), collect.Env{Settings: settings}, &s)
	return &s, err
}

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, file.Connector{}.Describe())
}

func TestImport(t *testing.T) {
	t.Parallel()
	s, err := collectFile(t, map[string]string{
		"path": save(t, "people.csv", []byte(workers)), "resource": "worker", "mapping": "email=E-mail", "expected_rows": "2", "source": "Personio",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.NoFailures(t)
	s.Reconciled(t, "worker")
	s.Laws(t, file.Connector{}.Describe())
	bob := collecttest.ByKey[*collect.Worker](t, s, "E2")
	if *bob.DisplayName != "Example, Bob" || *bob.Email != "bob@northwind.example" || *bob.HiredOn != period.Make(2024, 2, 15) ||
		*bob.TerminatedOn != period.Make(2025, 12, 31) || bob.ManagerID != nil {
		t.Errorf("got %+v", bob)
	}
	if want := `E2,"Example, Bob",bob@northwind.example,15 Feb 2024,2025-12-31,44`; bob.Raw != want {
		t.Errorf("raw is %q", bob.Raw)
	}
	if ada := collecttest.ByKey[*collect.Worker](t, s, "E1"); ada.TerminatedOn != nil {
		t.Error("an empty cell is not known")
	}
	notes := strings.Join(s.Notes("worker"), "\n")
	if !strings.Contains(notes, "people.csv, exported from Personio,") || !strings.Contains(notes, `"Shoe size" was left out`) {
		t.Errorf("notes: %s", notes)
	}
}

func preview(t testing.TB, o file.Options, content string) file.Report {
	t.Helper()
	r, err := file.Preview(strings.NewReader(content), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPreview(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id;email;Hired on;display nam\n")
	for i := range 300 {
		day := "2024-01-15"
		if i%3 == 0 {
			day = "tomorrow"
		}
		_, _ = fmt.Fprintf(&b, "E%d;a@b.example;%s;x\n", i, day)
	}
	r := preview(t, file.Options{Resource: "worker"}, b.String())
	if r.Count != 300 || len(r.Rows) != 20 || len(r.Issues) != 100 || r.MoreIssues != 0 || r.Format != "CSV" {
		t.Errorf("got %d rows, %d shown, %d issues and %d more", r.Count, len(r.Rows), len(r.Issues), r.MoreIssues)
	}
	if i := r.Issues[1]; i.Row != 5 || i.Column != 3 || i.Field != "hired_on" || !strings.Contains(i.Err().Error(), `row 5, column 3 "Hired on": "tomorrow"`) {
		t.Errorf("the second issue is %+v: %v", i, i.Err())
	}
	if c := r.Columns[3]; len(c.Fields) != 0 || c.Suggestion != "display_name" {
		t.Errorf("the last column is %+v", c)
	}
	if len(r.Missing) == 0 || r.Missing[0] != "employee_number" {
		t.Errorf("missing %v", r.Missing)
	}
	all := strings.ReplaceAll(b.String(), "2024-01-15", "never")
	if r := preview(t, file.Options{Resource: "worker"}, all); len(r.Issues) != 200 || r.MoreIssues != 100 {
		t.Errorf("%d issues and %d more", len(r.Issues), r.MoreIssues)
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resource, header, mapping string
		says                      string // "" is no issue
	}{
		"by name":                {"group_member", "id,Group ID,ACCOUNT-ID,role", "", ""},
		"mapped":                 {"group_member", "Key,Team,User", "id=Key\ngroup_id=Team; account_id=\"User\"", ""},
		"one column, two fields": {"group_member", "Team,User", "id=User\naccount_id=User\ngroup_id=Team", ""},
		"quoted header":          {"group_member", `"a;b",group_id,account_id`, `id="a;b"`, ""},
		"field left out":         {"group_member", "id,group_id,account_id,role", "role=", ""},
		"needed field missing":   {"group_member", "id,group_id", "", `no column gives the field "account_id" (text), which is needed`},
		"near needed field":      {"group_member", "id,group_id,acount_id", "", `did you mean "acount_id"?`},
		"unknown field":          {"group_member", "id,group_id,account_id", "acount_id=id", `group_member has no field "acount_id"; did you mean "account_id"?`},
		"unknown column":         {"group_member", "id,group_id,account_id", "role=Rolle", `the file has no column "Rolle"`},
		"near column":            {"group_member", "id,group_id,account_id,Funktion", "role=Funktoin", `no column "Funktoin"; did you mean "Funktion"?`},
		"twice in the mapping":   {"group_member", "id,group_id,account_id", "id=id\nid=group_id", `names the field "id" twice`},
		"twice in the header":    {"group_member", "id,ID,group_id,account_id", "", ""}, // the exact one counts
		"two like it":            {"group_member", "I D,ID,group_id,account_id", "", "column 1 is called so, too"},
		"no mapping line":        {"group_member", "id,group_id,account_id", "nonsense", "not of the form field=Column header"},
		"run's fields":           {"group_member", "id,group_id,account_id,source", "source=id", `no field "source"`},
	} {
		r, err := file.Preview(strings.NewReader(c.header+"\n"), file.Options{Resource: c.resource, Mapping: c.mapping})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text := fmt.Sprint(r.Issues)
		if (c.says == "") != (len(r.Issues) == 0) || !strings.Contains(text, c.says) {
			t.Errorf("%s: issues %v, want %q", name, text, c.says)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	head := "id,group_id,account_id\n"
	for name, c := range map[string]struct {
		o       file.Options
		content string
		says    string
	}{
		"unknown type":       {file.Options{Resource: "workers"}, head, `did you mean "worker"?`},
		"unknown format":     {file.Options{Resource: "group_member", Format: "ods"}, head, "csv or xlsx"},
		"unknown delimiter":  {file.Options{Resource: "group_member", Delimiter: "x"}, head, "not a delimiter"},
		"unknown zone":       {file.Options{Resource: "group_member", TimeZone: "Mars/Base"}, head, "not a time zone"},
		"unknown order":      {file.Options{Resource: "group_member", DateFormat: "my"}, head, "not an order of dates"},
		"empty":              {file.Options{Resource: "group_member"}, "", "empty"},
		"Latin-1":            {file.Options{Resource: "group_member"}, head + "a,b,c\nd,\xe4,f\n", "at byte 31: a byte of another encoding"},
		"cut character":      {file.Options{Resource: "group_member"}, head + "a,b,\xc3", "at byte 27"},
		"UTF-16 without BOM": {file.Options{Resource: "group_member"}, "i\x00d\x00", "at byte 1: a zero byte"},
		"UTF-32":             {file.Options{Resource: "group_member"}, "\xff\xfe\x00\x00i\x00\x00\x00", "UTF-32"},
		"broken XLSX":        {file.Options{Resource: "group_member"}, "PK\x03\x04nonsense", "not a sound XLSX"},
		"endless quote":      {file.Options{Resource: "group_member"}, head + "a,b,c\nd,\"" + strings.Repeat("e\n", 1<<20), "line 3 is longer than 1024 KiB"},
		"endless line":       {file.Options{Resource: "group_member"}, head + "a,b," + strings.Repeat("c", 1<<20), "line 2 is longer than 1024 KiB"},
		"endless header":     {file.Options{Resource: "group_member"}, strings.Repeat("c", 2<<20), "line 1 is longer than 1024 KiB"},
	} {
		_, err := file.Preview(strings.NewReader(c.content), c.o)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRowFaults(t *testing.T) {
	t.Parallel()
	const head = "id,group_id,account_id,role\n"
	for name, c := range map[string]struct {
		rows string
		row  int
		says string
	}{
		"fewer cells":     {"a,b\n", 2, "the row has 2 cells, the header has 4"},
		"more cells":      {"a,b,c,d,e\n", 2, "the row has 5 cells, the header has 4"},
		"needed cell":     {"a,,c,d\n", 2, "the cell is empty, and group_id is needed"},
		"same key":        {"a,b,c,d\n\nx,b,c,d\na,y,z,\n", 5, `the key "a" is that of row 2, too`},
		"bare quote":      {"a,b,c,d\nx,b\"b,c,d\n", 3, `bare " in non-quoted`},
		"after many line": {"a,\"b\nb\nb\",c,d\nx,,c,d\n", 5, "the cell is empty"},
	} {
		r := preview(t, file.Options{Resource: "group_member"}, head+c.rows)
		if len(r.Issues) != 1 || r.Issues[0].Row != c.row || !strings.Contains(r.Issues[0].Msg, c.says) {
			t.Errorf("%s: issues are %+v", name, r.Issues)
		}
	}
	path := save(t, "a.csv", []byte(head+"a,b,c,d\na,b,c,d\nx,,c,d\n"))
	s, err := collectFile(t, map[string]string{"path": path, "resource": "group_member", "expected_rows": "3"})
	if err != nil || len(s.Failures("group_member")) != 2 || len(s.Facts("group_member")) != 1 || s.Totals("group_member")[0].N != 3 {
		t.Errorf("a file with faults: %v, failures %v", err, s.Failures("group_member"))
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const content = "id,display_name\nE1,Zoë 🦊 Müller\n"
	for name, b := range map[string][]byte{
		"UTF-8": []byte(content), "UTF-8 with BOM": []byte("\ufeff" + content), "UTF-16LE": encode16(content, binary.LittleEndian), "UTF-16BE": encode16(content, binary.BigEndian),
	} {
		r, err := file.Preview(iotestOneByte{bytes.NewReader(b)}, file.Options{Resource: "worker"})
		if err != nil || len(r.Issues) > 0 || len(r.Rows) != 1 || *r.Rows[0].(*collect.Worker).DisplayName != "Zoë 🦊 Müller" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	lone := append(encode16("id,display_name\nE1,", binary.LittleEndian), 0x00, 0xd8, 'x', 0)
	for name, b := range map[string][]byte{"lone surrogate": lone, "odd length": append(encode16(content, binary.BigEndian), 'x')} {
		if _, err := file.Preview(bytes.NewReader(b), file.Options{Resource: "worker"}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "at byte") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// iotestOneByte gives one byte at a time, so that characters are cut everywhere.
type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

func encode16(s string, order binary.AppendByteOrder) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestDelimiters(t *testing.T) {
	t.Parallel()
	for _, d := range []string{",", ";", "\t", "|"} {
		content := strings.ReplaceAll("id^display_name\n\"E;1,|\t\"^Ada\n", "^", d)
		r := preview(t, file.Options{Resource: "worker"}, content)
		if len(r.Rows) != 1 || r.Rows[0].Key() != "E;1,|" {
			t.Errorf("%q: %+v", d, r)
		}
	}
	if r := preview(t, file.Options{Resource: "worker", Delimiter: "semicolon"}, "id;a,b\nx;y\n"); r.Rows[0].Key() != "x" {
		t.Errorf("a named delimiter: %+v", r)
	}
	if r := preview(t, file.Options{Resource: "worker"}, "id\nx\n"); r.Rows[0].Key() != "x" {
		t.Errorf("one column: %+v", r)
	}
}

func TestFormulasStayText(t *testing.T) {
	t.Parallel()
	r := preview(t, file.Options{Resource: "worker"}, "id,display_name\nE1,\"=HYPERLINK(\"\"http://x.example\"\")\"\nE2,+49 30 1\nE3,@sum\nE4,-x\nE5,fine\n")
	if w := r.Rows[0].(*collect.Worker); *w.DisplayName != `=HYPERLINK("http://x.example")` {
		t.Errorf("got %q", *w.DisplayName)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "4 cells") {
		t.Errorf("notes: %q", r.Notes)
	}
}

// Every type of fact can be imported from a file with all its columns.
func TestEveryResource(t *testing.T) {
	t.Parallel()
	for _, r := range collect.Resources() {
		rep := preview(t, file.Options{Resource: r.Name}, "id\n")
		head := []string{"id"}
		for _, i := range rep.Issues {
			head = append(head, i.Field)
		}
		head = append(head, rep.Missing...)
		full := preview(t, file.Options{Resource: r.Name}, strings.Join(head, ",")+"\n")
		if len(full.Issues) > 0 || len(full.Missing) > 0 {
			t.Errorf("%s: %v, missing %v", r.Name, full.Issues, full.Missing)
		}
	}
}

func sheet(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	put := func(f *excelize.File, cell string, v any) {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	content := sheet(t, func(f *excelize.File) {
		thousands, _ := f.NewStyle(&excelize.Style{NumFmt: 3})
		for i, h := range []string{"id", "host", "name", "uid", "gid", "home", "shell", "login", "password"} {
			cell, _ := excelize.CoordinatesToCellName(i+1, 2)
			put(f, cell, h)
		}
		for i, v := range []any{"a", "web1", 1001, 1001, 100.0, time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC), "/bin/sh", true, nil} {
			cell, _ := excelize.CoordinatesToCellName(i+1, 4)
			put(f, cell, v)
		}
		_ = f.SetCellStyle("Sheet1", "C4", "D4", thousands)
		put(f, "A6", "b")
		put(f, "D6", "#N/A")
		put(f, "L7", "beyond")
		_, _ = f.NewSheet("Other")
	})
	r, err := file.Preview(bytes.NewReader(content), file.Options{Resource: "host_account"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Format != "XLSX" || r.Count != 3 || len(r.Rows) != 1 {
		t.Fatalf("got %+v", r)
	}
	a := r.Rows[0].(*collect.HostAccount)
	if a.Name != "1001" || a.UID != 1001 || a.GID != 100 || !*a.Login || a.Password != nil || !strings.Contains(a.Home, "2026") && !strings.Contains(a.Home, "26") {
		t.Errorf("got %+v", a)
	}
	if !strings.HasPrefix(a.Raw, `[{"column":"id","cell":"a"}`) {
		t.Errorf("raw is %s", a.Raw)
	}
	text := fmt.Sprint(r.Issues)
	if !strings.Contains(text, "#N/A") || !strings.Contains(text, "beyond the last column") || r.Issues[0].Row != 6 {
		t.Errorf("issues are %s", text)
	}
	if _, err := file.Preview(bytes.NewReader(content), file.Options{Resource: "host_account", Sheet: "Othr"}); !strings.Contains(fmt.Sprint(err), `did you mean "Other"`) {
		t.Errorf("an unknown sheet: %v", err)
	}
	if r, err := file.Preview(bytes.NewReader(content), file.Options{Resource: "host_account", Sheet: "other"}); err == nil {
		t.Errorf("an empty sheet: %+v", r)
	}
}

func TestXLSXDates(t *testing.T) {
	t.Parallel()
	for _, base1904 := range []bool{false, true} {
		content := sheet(t, func(f *excelize.File) {
			_ = f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &base1904})
			for i, h := range []string{"id", "hired_on", "terminated_at", "terminated_on"} {
				cell, _ := excelize.CoordinatesToCellName(i+1, 1)
				_ = f.SetCellValue("Sheet1", cell, h)
			}
			_ = f.SetCellValue("Sheet1", "A2", "E1")
			_ = f.SetCellValue("Sheet1", "B2", time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC))
			_ = f.SetCellValue("Sheet1", "C2", time.Date(2026, 4, 3, 15, 30, 0, 0, time.UTC))
			_ = f.SetCellValue("Sheet1", "D2", "2026-04-30")
		})
		r, err := file.Preview(bytes.NewReader(content), file.Options{Resource: "worker", TimeZone: "Europe/Berlin"})
		if err != nil || len(r.Rows) != 1 {
			t.Fatalf("got %+v, %v", r, err)
		}
		w := r.Rows[0].(*collect.Worker)
		if *w.HiredOn != period.Make(2026, 4, 3) || !w.TerminatedAt.Equal(time.Date(2026, 4, 3, 13, 30, 0, 0, time.UTC)) || *w.TerminatedOn != period.Make(2026, 4, 30) {
			t.Errorf("1904 %v: got %v, %v", base1904, w.HiredOn, w.TerminatedAt)
		}
	}
}

// A formula gives the value kept with it, and is never run.
func TestXLSXFormula(t *testing.T) {
	t.Parallel()
	content := sheet(t, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"id", "display_name"})
		_ = f.SetSheetRow("Sheet1", "A2", &[]any{"E1", 42})
		_ = f.SetCellFormula("Sheet1", "B2", `6*8`)
	})
	r, err := file.Preview(bytes.NewReader(content), file.Options{Resource: "worker"})
	if err != nil || len(r.Rows) != 1 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if w := r.Rows[0].(*collect.Worker); w.DisplayName == nil || *w.DisplayName != "42" {
		t.Errorf("got %v", w.DisplayName)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inside := filepath.Join(dir, "a.csv")
	outside := save(t, "b.csv", []byte(workers))
	if err := os.WriteFile(inside, []byte(workers), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"a.csv": true, inside: true, outside: false, "../b.csv": false, "link.csv": false, "": false, ".": false, "none.csv": false} {
		c := file.Connector{Dir: dir}
		err := c.Collect(t.Context(), collect.Env{Settings: map[string]string{"path": path, "resource": "worker", "mapping": "email=E-mail"}}, &collecttest.Sink{})
		if (err == nil) != want {
			t.Errorf("%q: %v", path, err)
		}
		p, err := c.Check(t.Context(), collect.Env{Settings: map[string]string{"path": path, "resource": "worker"}})
		if err != nil || len(p) != 1 || *p[0].Granted != want {
			t.Errorf("check of %q: %+v, %v", path, p, err)
		}
	}
}

func TestHalts(t *testing.T) {
	t.Parallel()
	settings := map[string]string{"path": save(t, "a.csv", []byte(workers)), "resource": "worker"}
	full := &collecttest.Sink{EmitErr: errors.New("disk full")}
	if err := (file.Connector{}).Collect(t.Context(), collect.Env{Settings: settings}, full); !errors.Is(err, full.EmitErr) {
		t.Errorf("a full disk: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (file.Connector{}).Collect(ctx, collect.Env{Settings: settings}, &collecttest.Sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	settings["expected_rows"] = "many"
	if err := (file.Connector{}).Collect(t.Context(), collect.Env{Settings: settings}, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a total that is none: %v", err)
	}
}

// endless gives rows until the wanted size is reached, without holding them.
type endless struct {
	left, row int
	buf       []byte
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.buf) == 0 {
		if e.left <= 0 {
			return 0, io.EOF
		}
		if e.row == 0 {
			e.buf = append(e.buf, "id,group_id,account_id\n"...)
		} else {
			e.buf = fmt.Appendf(e.buf, "m%d,%s,u%d\n", e.row, strings.Repeat("g", 1000), e.row)
		}
		e.left -= len(e.buf)
		e.row++
	}
	n := copy(p, e.buf)
	e.buf = e.buf[:copy(e.buf, e.buf[n:])]
	return n, nil
}

// Memory stays far below the size of the file.
func TestMemoryIsBounded(t *testing.T) {
	const size = 32 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	r, err := file.Preview(&watch{r: &endless{left: size}, each: 4 << 20, do: func() {
		runtime.GC()
		runtime.ReadMemStats(&after)
		most = max(most, after.HeapAlloc)
	}}, file.Options{Resource: "group_member"})
	if err != nil || len(r.Issues) > 0 || r.Count < int64(size/1100) {
		t.Fatalf("%d rows, %v, %v", r.Count, r.Issues, err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > int64(size)/4 {
		t.Errorf("the heap grew by %d MiB for a file of %d MiB", grown>>20, size>>20)
	}
}

type watch struct {
	r       io.Reader
	n, each int
	do      func()
}

func (w *watch) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.n += n; w.n > w.each {
		w.n = 0
		w.do()
	}
	return n, err
}

func BenchmarkCSV(b *testing.B) {
	const size = 64 << 20
	b.SetBytes(size)
	for b.Loop() {
		if _, err := file.Preview(&endless{left: size}, file.Options{Resource: "group_member"}); err != nil {
			b.Fatal(err)
		}
	}
}
