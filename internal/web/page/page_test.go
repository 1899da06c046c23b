package page

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

var now = time.Date(2026, 3, 5, 9, 30, 0, 0, time.UTC)

// theSite is made once: it compresses every asset.
var theSite = sync.OnceValues(func() (*Site, error) {
	return NewSite(Options{Key: bytes.Repeat([]byte("k"), 32), Log: slog.New(slog.DiscardHandler)})
})

func newSite(t testing.TB) *Site {
	t.Helper()
	s, err := theSite()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(t testing.TB, target string) (*Request, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	return newSite(t).Request(w, httptest.NewRequest(http.MethodGet, target, nil), now, "ref", access.Grant{}, ""), w
}

var list = TableSpec{
	Columns: []Column{{Key: "ref", Title: "Ref", Sort: true}, {Key: "name", Title: "Name", Sort: true}, {Key: "note", Title: "Note"}},
	Filters: []Filter{
		{Key: "state", Title: "State", Options: []Option{{Value: "pass", Label: "Pass"}, {Value: "fail", Label: "Failing"}}},
		{Key: "owner", Title: "Owner", Kind: Select, Open: true},
		{Key: "from", Title: "From", Kind: Date},
	},
	Search: "Find", Sort: "-ref", Size: 50, One: "row", Many: "rows",
}

func TestTableFromAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, sort, search string
		desc                bool
		page, size          int
		bad                 string // the parameter at fault
	}{
		{query: "", sort: "ref", desc: true, page: 1, size: 50},
		{query: "sort=name&page=3&size=20&q=+mfa+", sort: "name", page: 3, size: 20, search: "mfa"},
		{query: "state=fail&owner=dana&from=2026-01-31&tab=x", sort: "ref", desc: true, page: 1, size: 50},
		{query: "size=5000", sort: "ref", desc: true, page: 1, size: paging.MaxSize},
		{query: "sort=note", bad: "sort"},
		{query: "sort=ref;drop", bad: "sort"},
		{query: "state=other", bad: "state"},
		{query: "from=2026-02-30", bad: "from"},
		{query: "page=0", bad: "page"},
		{query: "page=-1", bad: "page"},
		{query: "page=x", bad: "page"},
		{query: "size=99999999999999999999", bad: "size"},
		{query: "as=pdf", bad: "as"},
		{query: "q=" + strings.Repeat("x", 201), bad: "q"},
		{query: "q=%00", bad: "q"},
		{query: "owner=%00", bad: "owner"},
	} {
		r, _ := request(t, "/list?"+c.query)
		if strings.Contains(c.query, ";") {
			r.HTTP.URL.RawQuery = url.Values{"sort": {"ref;drop"}}.Encode()
		}
		got, err := r.Table(&list)
		if c.bad != "" {
			if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != c.bad {
				t.Errorf("%s: %v", c.query, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		want := paging.Query{Page: c.page, Size: c.size, Sort: c.sort, Desc: c.desc, Search: c.search}
		if got.Query != want {
			t.Errorf("%s: %+v, expected %+v", c.query, got.Query, want)
		}
	}
}

func TestTableAddresses(t *testing.T) {
	t.Parallel()
	r, _ := request(t, "/list?q=mfa&state=fail&page=4&tab=tests&sort=ref")
	x, err := r.Table(&list)
	if err != nil {
		t.Fatal(err)
	}
	x.Total = 1204
	for _, c := range []struct{ got, want string }{
		{x.URL("page", "5"), "/list?page=5&q=mfa&sort=ref&state=fail&tab=tests"},
		{x.URL("state", "pass"), "/list?q=mfa&sort=ref&state=pass&tab=tests"}, // a new filter begins at the first page
		{x.Clear(), "/list?sort=ref&tab=tests"},
		{x.SortURL(list.Columns[0]), "/list?q=mfa&sort=-ref&state=fail&tab=tests"},
		{x.SortURL(list.Columns[1]), "/list?q=mfa&sort=name&state=fail&tab=tests"},
		{x.AriaSort(list.Columns[0]), "ascending"}, {x.AriaSort(list.Columns[1]), ""},
		{x.Range(), "151–200 of 1,204 rows"},
		{fmt.Sprint(x.Pages(), x.Filtered()), "25 true"},
		{fmt.Sprint(x.kept()), "[[sort ref] [tab tests]]"},
	} {
		if c.got != c.want {
			t.Errorf("%q, expected %q", c.got, c.want)
		}
	}
}

// FuzzTable: whatever the address says, the state is one the list offers, and its own addresses read back the same.
func FuzzTable(f *testing.F) {
	for _, q := range []string{"", "q=a&sort=-name&page=2&size=10&state=pass&owner=x&from=2026-01-01&as=csv", "sort=%00", "page=1e9", "q=%ff", "a=b&a=c"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r, _ := request(t, "/list")
		r.HTTP.URL.RawQuery = query
		x, err := r.Table(&list)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if x.Query.Page < 1 || x.Query.Size < 1 || x.Query.Size > paging.MaxSize || len(x.Query.Search) > searchLength || x.Query.Sort != "ref" && x.Query.Sort != "name" {
			t.Fatalf("%+v", x.Query)
		}
		u, err := url.Parse(x.URL("page", fmt.Sprint(x.Query.Page)))
		if err != nil || u.Path != "/list" || u.Host != "" {
			t.Fatalf("%v %v", u, err)
		}
		again, err := parseTable(r, &list, u.Query())
		if err != nil || again.Query != x.Query {
			t.Fatalf("%+v read back as %+v: %v", x.Query, again, err)
		}
	})
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/c/AC-03?tab=x#y": "/c/AC-03?tab=x#y", "/": "/", "": "/", "c/AC-03": "/", "//evil.example": "/", "///evil.example": "/", "/\\evil.example": "/",
		"https://evil.example/": "/", "javascript:alert(1)": "/", "/%2fevil.example": "/", "/a\nb": "/", "/a\tb": "/", "/%5cevil": "/",
		"/sign-in": "/", "/sign-in?next=/sign-in": "/", "/sign-out": "/", "/controls?q=%0a": "/controls?q=%0a", "/" + strings.Repeat("x", 3000): "/",
	} {
		if got := LocalPath(in); got != want {
			t.Errorf("%q leads to %q, expected %q", in, got, want)
		}
	}
}

// FuzzLocalPath: nothing leads away from this program, in the eyes of a URL parser or of a browser, which takes a backslash
// for a slash and drops tabs and newlines.
func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/\t/x", "http:x", "/..//x", "/%09/x", "/a?b#c", "\x00/", "/ /x"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "tickmark.example", Path: "/sign-in"}
	f.Fuzz(func(t *testing.T, s string) {
		got := LocalPath(s)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil {
			t.Fatalf("%q leads to %v: %v", s, u, err)
		}
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(got)
		if !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Fatalf("a browser takes %q for %q", s, seen)
		}
	})
}

func TestTokenOfForms(t *testing.T) {
	t.Parallel()
	r, _ := request(t, "/")
	r.Grant.Session = "one"
	a, b := r.CSRF(), r.CSRF()
	if a == b {
		t.Error("the token is not masked anew")
	}
	other, _ := request(t, "/")
	other.Grant.Session = "two"
	for token, good := range map[string]bool{a: true, b: true, "": false, "x": false, a[:len(a)-2]: false, a + "AA": false, other.CSRF(): false} {
		if r.GoodCSRF(token) != good {
			t.Errorf("token %q: good is %v", token, !good)
		}
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	r, _ := request(t, "/")
	s := r.Seal("one", []byte("text"))
	if got, ok := r.Open("one", s); !ok || string(got) != "text" {
		t.Errorf("%q %v", got, ok)
	}
	if _, ok := r.Open("two", s); ok {
		t.Error("opened for another purpose")
	}
	for _, bad := range []string{"", ".", s + "x", "x" + s, strings.Replace(s, ".", "", 1), encode([]byte("other")) + s[strings.Index(s, "."):]} {
		if _, ok := r.Open("one", bad); ok {
			t.Errorf("%q was opened", bad)
		}
	}
}

func exported(t *testing.T, as string, rows [][]any) []byte {
	t.Helper()
	r, w := request(t, "/list?as="+as)
	x, err := r.Table(&list)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Export(x, "rows of =evil", []string{"Ref", "Name", "Value"}, func(q paging.Query) ([][]any, int, error) {
		from := min(q.Offset(), len(rows))
		return rows[from:min(from+q.Size, len(rows))], len(rows), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.Header().Get("Content-Disposition"), `attachment; filename=rows-of--evil-20260305.`+as; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
	return w.Body.Bytes()
}

func TestExport(t *testing.T) {
	t.Parallel()
	rows := [][]any{
		{"A-1", "=HYPERLINK(\"http://evil.example\")", 5}, {"A-2", "+1", -5}, {"A-3", "@x", 1.5}, {"A-4", "-1", true}, {"A-5", "\t=1", now}, {"A-6", "  =1", nil},
		{"A-7", "plain, with \"quotes\"\nand lines", time.Time{}}, {"A-8", "", int64(9)}, {"A-9", "＝1", "x"},
	}
	got, err := csv.NewReader(bytes.NewReader(exported(t, "csv", rows))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Ref Name Value", "A-1 '=HYPERLINK(\"http://evil.example\") 5", "A-2 '+1 -5", "A-3 '@x 1.5", "A-4 '-1 true", "A-5 '\t=1 2026-03-05T09:30:00Z", "A-6 '  =1 ",
		"A-7 plain, with \"quotes\"\nand lines ", "A-8  9", "A-9 '＝1 x"}
	for i, row := range got {
		if s := strings.Join(row, " "); s != want[i] {
			t.Errorf("line %d: %q, expected %q", i, s, want[i])
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(exported(t, "xlsx", rows)))
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{"B2": `=HYPERLINK("http://evil.example")`, "C2": "5", "C3": "-5", "C6": "2026-03-05T09:30:00Z", "A10": "A-9"} {
		v, err := f.GetCellValue("Sheet1", cell)
		if err != nil || v != want {
			t.Errorf("%s is %q, expected %q: %v", cell, v, want, err)
		}
		if formula, err := f.GetCellFormula("Sheet1", cell); err != nil || formula != "" {
			t.Errorf("%s is a formula: %q %v", cell, formula, err)
		}
	}
}

// TestExportOfManyPages: the file has every row, whatever page the screen was on.
func TestExportOfManyPages(t *testing.T) {
	t.Parallel()
	var rows [][]any
	for i := range 2*paging.MaxSize + 7 {
		rows = append(rows, []any{i, "x", nil})
	}
	got, err := csv.NewReader(bytes.NewReader(exported(t, "csv", rows))).ReadAll()
	if err != nil || len(got) != len(rows)+1 {
		t.Errorf("%d lines, expected %d: %v", len(got), len(rows)+1, err)
	}
}

func TestFormTakesErrors(t *testing.T) {
	t.Parallel()
	f := NewForm("name", "x")
	if f.Take(nil) || f.Take(errors.New("bare")) || f.Take(errs.New(errs.Denied, "no")) || !f.OK() {
		t.Error("took what the writer cannot mend")
	}
	if !f.Take(errs.New(errs.Invalid, "the name is empty").At("name").WithHint("Write one.")) || f.Errors["name"] != "The name is empty. Write one." {
		t.Errorf("%v", f.Errors)
	}
	if !f.Take(errs.New(errs.Conflict, "somebody changed it")) || f.Problem != "Somebody changed it." || f.Status() != http.StatusUnprocessableEntity {
		t.Errorf("%q", f.Problem)
	}
}

// TestFailuresTellNothing: what other libraries said about a fault of ours stays in the log.
func TestFailuresTellNothing(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.7:5432: password=hunter2")
	for _, c := range []struct {
		err    error
		status int
	}{
		{secret, 500}, {errs.As(errs.Internal, secret, "read the list"), 500}, {errs.As(errs.Unavailable, secret, "the database does not answer"), 503},
		{errs.As(errs.NotFound, secret, "no control X"), 404}, {errs.As(errs.Exhausted, secret, "too much"), 429}, {errs.As(errs.Conflict, secret, "changed"), 409},
		{fmt.Errorf("x: %w", contextError{}), 500},
	} {
		r, w := request(t, "/x")
		r.Fail(c.err)
		body, _ := io.ReadAll(w.Body)
		if w.Code != c.status || strings.Contains(string(body), "hunter2") || !strings.Contains(string(body), "<code>ref</code>") {
			t.Errorf("%v: %d %s", c.err, w.Code, body)
		}
	}
}

type contextError struct{}

func (contextError) Error() string { return "password=hunter2" }

func TestFormats(t *testing.T) {
	t.Parallel()
	day := period.Make
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1204), "1,204"}, {Count(-1234567), "−1,234,567"},
		{Plural(1, "control", "controls"), "1 control"}, {Plural(0, "control", "controls"), "0 controls"},
		{Bytes(999), "999 B"}, {Bytes(37_400), "37.4 kB"}, {Bytes(2_000_000), "2.0 MB"},
		{PeriodText(period.Closed(day(2026, 7, 29), day(2026, 7, 31))), "29 – 31 Jul 2026"},
		{PeriodText(period.Closed(day(2025, 10, 28), day(2025, 11, 5))), "28 Oct – 5 Nov 2025"},
		{PeriodText(period.Closed(day(2025, 12, 28), day(2026, 1, 5))), "28 Dec 2025 – 5 Jan 2026"},
		{PeriodText(period.Closed(day(2026, 1, 1), day(2026, 1, 1))), "1 Jan 2026"}, {PeriodText(period.Period{}), "no days"},
		{TimeText(now), "5 Mar 2026, 09:30 UTC"}, {Ago(now, now.Add(-59*time.Second)), "just now"}, {Ago(now, now.Add(-90*time.Minute)), "1 h ago"},
		{Ago(now, now.Add(-72*time.Hour)), "3 days ago"}, {Ago(now, now.Add(time.Hour)), "5 Mar 2026, 10:30 UTC"},
		{Span(90 * time.Second), "1 min"}, {Span(120 * time.Millisecond), "120 ms"}, {Span(100 * time.Hour), "4 d"},
		{ShortHash("9f3a51c07e1db2a4c5d6"), "9f3a 51c0 7e1d b2a4"}, {ShortHash("ab"), "ab"}, {ShortHash(""), ""},
		{Initials("Dana Whitfield"), "DW"}, {Initials("Ägir"), "Ä"}, {Initials(" "), "?"}, {Initials("Jean-Luc van der Berg"), "JB"},
		{FileName("../../etc/passwd"), "-..-etc-passwd"}, {FileName("..."), "file"}, {FileName("ä b\".pdf"), "---b-.pdf"}, {clip("äöü", 3), "ä"},
	} {
		if c.got != c.want {
			t.Errorf("%q, expected %q", c.got, c.want)
		}
	}
}

// TestEndless: a list that is too long to count goes from page to page by its last row, and any other change begins again.
func TestEndless(t *testing.T) {
	t.Parallel()
	spec := TableSpec{Filters: []Filter{{Key: "actor", Title: "Actor", Kind: Text}}, One: "event", Many: "events", Endless: true}
	r, _ := request(t, "/list?actor=ada&after=e7&tab=x")
	x, err := r.Table(&spec)
	if err != nil || x.After != "e7" || x.Filter("actor") != "ada" {
		t.Fatalf("%+v %v", x, err)
	}
	x.Total, x.Next = 50, "e3"
	for _, c := range []struct{ got, want string }{
		{x.URL("after", x.Next), "/list?actor=ada&after=e3&tab=x"},
		{x.URL("actor", "ole"), "/list?actor=ole&tab=x"},
		{x.URL("as", "csv"), "/list?actor=ada&as=csv&tab=x"},
		{x.Range(), "50 events, and there are more"},
		{fmt.Sprint(x.kept()), "[[tab x]]"},
	} {
		if c.got != c.want {
			t.Errorf("%q, expected %q", c.got, c.want)
		}
	}
	for query, field := range map[string]string{"after=%00": "after", "after=" + strings.Repeat("x", 201): "after", "actor=" + strings.Repeat("x", 201): "actor"} {
		r, _ := request(t, "/list?"+query)
		if _, err := r.Table(&spec); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v", query, err)
		}
	}
	r, _ = request(t, "/list")
	if x, err = r.Table(&spec); err != nil {
		t.Fatal(err)
	}
	if x.Total = 3; x.Range() != "3 events" {
		t.Error(x.Range())
	}
}

func TestCapital(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "a": "A", "élan": "Élan", "ßa": "ßa", "1 a": "1 a", "OK": "OK", "per event": "Per event"} {
		if got := Capital(in); got != want {
			t.Errorf("Capital(%q) = %q, want %q", in, got, want)
		}
	}
}
