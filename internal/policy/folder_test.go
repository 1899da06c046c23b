package policy_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/policy"
)

const guests = "---\nslug: guests\ntitle: Guests\ncontrols: [PHY-01]\n---\n\n## Purpose\n\nGuests sign in.\n"

func TestParseFile(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"no front matter", "# Guests\n", 1, "does not begin with ---"},
		{"front matter without an end", "---\ntitle: A\n\ntext\n", 1, "a line with --- is missing"},
		{"unknown field", "---\ntitle: A\nwhat: b\n---\n\nx\n", 3, `unknown field "what"`},
		{"twice", "---\ntitle: A\nslug: a\ntitle: B\n---\n\nx\n", 4, "given twice"},
		{"text for a number", "---\ntitle: A\nreview_months: often\n---\n\nx\n", 3, "not a number"},
		{"anchor", "---\ntitle: &a A\nsummary: *a\n---\n\nx\n", 2, "anchors"},
		{"no title", "---\nslug: a\n---\n\nx\n", 2, "has no title"},
		{"no text", "---\ntitle: A\nslug: a\n---\n\n", 5, "has no text"},
		{"path as slug", "---\ntitle: A\nslug: ../a\n---\n\nx\n", 2, "other characters"},
		{"Latin 1", "---\ntitle: A\n---\n\nGr\xfc\xdfe\n", 5, "not UTF-8"},
		{"UTF-16", "\xff\xfe-\x00-\x00", 0, "UTF-16"},
		{"zero byte", "---\ntitle: A\n---\n\na\x00b\n", 5, "zero byte"},
		{"huge", guests + strings.Repeat("x", policy.MaxFile), 0, "larger than 512 KiB"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			_, problems := policy.ParseFile("a.md", []byte(x.text))
			if len(problems) == 0 || problems[0].Line != x.line || !strings.Contains(problems[0].Text, x.want) {
				t.Errorf("%v, want line %d: %s", problems, x.line, x.want)
			}
		})
	}
	f, problems := policy.ParseFile("Visitors at Work.md", []byte("\ufeff---\r\ntitle: 'Guests: all of them'\r\naudience: [\"R&D, Lisbon\", no]\r\n---\r\n\r\n---\r\n\r\ntext\r\n"))
	if len(problems) > 0 || f.Slug != "visitors-at-work" || f.Text.Title != "Guests: all of them" || f.Text.Body != "---\n\ntext" || len(f.Text.Audience) != 2 {
		t.Errorf("%+v %v", f, problems)
	}
	again, problems := policy.ParseFile("x.md", f.Format())
	if len(problems) > 0 || !again.Text.Equal(f.Text) || !bytes.Equal(again.Format(), f.Format()) {
		t.Errorf("%s\n%+v %v", f.Format(), again, problems)
	}
}

func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		h := &zip.FileHeader{Name: files[i], Method: zip.Deflate}
		if strings.HasPrefix(files[i], "link") {
			h.SetMode(0o777 | 1<<27) // a symbolic link
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(files[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadZip(t *testing.T) {
	t.Parallel()
	raw := zipped(t, "p/guests.md", guests, "p/README.md", "no", "notes.txt", "no", "__MACOSX/p/._guests.md", "no", ".hidden.md", "no", "../../etc/out.md", guests, `..\win.md`, guests, "/abs.md", guests, "C:/x.md", guests,
		"link.md", "/etc/passwd", "bomb.md", strings.Repeat("0", policy.MaxFile+1))
	got, err := policy.ReadZip(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"guests.md": "", "../../etc/out.md": "leads out", `..\win.md`: "leads out", "/abs.md": "leads out", "C:/x.md": "leads out", "link.md": "no plain file", "bomb.md": "larger than"}
	if len(got) != len(want) {
		t.Errorf("%d files", len(got))
	}
	for _, f := range got {
		part, ok := want[f.Name]
		if !ok || part == "" && (f.Bad != "" || string(f.Body) != guests) || part != "" && (!strings.Contains(f.Bad, part) || f.Body != nil) {
			t.Errorf("%s: %q", f.Name, f.Bad)
		}
	}
	if _, err := policy.ReadZip(strings.NewReader("no archive"), 10); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
	var many []string
	for range policy.MaxFiles + 1 {
		many = append(many, "a/guests.md", guests)
	}
	raw = zipped(t, many...)
	if _, err := policy.ReadZip(bytes.NewReader(raw), int64(len(raw))); !errs.Is(err, errs.Exhausted) {
		t.Error(err)
	}
}

// FuzzFile: what was read can be written, and then is read as the same and written as the same bytes.
func FuzzFile(f *testing.F) {
	f.Add(guests)
	f.Add("---\ntitle: \"a: b #c\"\nowner: x@northwind.example\nreview_months: 7\naudience: [true, \"- x\", 'it''s']\n---\n\n---\n")
	f.Fuzz(func(t *testing.T, s string) {
		x, problems := policy.ParseFile("a.md", []byte(s))
		if len(problems) > 0 {
			return
		}
		first := x.Format()
		again, problems := policy.ParseFile("a.md", first)
		if len(problems) > 0 || !again.Text.Equal(x.Text) || again.Owner != x.Owner || again.Months != x.Months && x.Months > 0 || !bytes.Equal(again.Format(), first) {
			t.Errorf("%q\n%q\n%+v %v", s, first, again, problems)
		}
	})
}
