package evidence_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/evidence"
)

func TestFreshness(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	for name, c := range map[string]struct {
		need evidence.Need
		now  time.Time
		want evidence.Freshness
		due  time.Time
	}{
		"nothing is asked for":            {evidence.Need{Since: day(0)}, day(900), evidence.NotAsked, time.Time{}},
		"first one not late yet":          {evidence.Need{Every: 30, Since: day(0)}, day(29), evidence.NoneYet, day(30)},
		"first one late to the instant":   {evidence.Need{Every: 30, Since: day(0)}, day(30), evidence.Overdue, day(30)},
		"young":                           {evidence.Need{Every: 92, Since: day(0), Newest: day(10)}, day(20), evidence.Fresh, day(102)},
		"two weeks before":                {evidence.Need{Every: 92, Since: day(0), Newest: day(10)}, day(88), evidence.DueSoon, day(102)},
		"a moment earlier":                {evidence.Need{Every: 92, Since: day(0), Newest: day(10)}, day(88).Add(-time.Microsecond), evidence.Fresh, day(102)},
		"on the day":                      {evidence.Need{Every: 92, Since: day(0), Newest: day(10)}, day(102), evidence.Overdue, day(102)},
		"weekly is due soon for a day":    {evidence.Need{Every: 8, Newest: day(10)}, day(16), evidence.DueSoon, day(18)},
		"weekly is fresh before":          {evidence.Need{Every: 8, Newest: day(10)}, day(15), evidence.Fresh, day(18)},
		"daily has a day's notice":        {evidence.Need{Every: 2, Newest: day(10)}, day(11), evidence.DueSoon, day(12)},
		"evidence older than the control": {evidence.Need{Every: 30, Since: day(100), Newest: day(10)}, day(101), evidence.Overdue, day(40)},
	} {
		if got, due := c.need.Judge(c.now); got != c.want || !due.Equal(c.due) {
			t.Errorf("%s: %s due %s, expected %s due %s", name, got, due, c.want, c.due)
		}
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	for _, c := range []struct {
		name, head, media string
		odd               bool
	}{
		{"minutes.txt", "The committee met.\n", "text/plain", false},
		{"users.csv", "name,role\nDana,owner\n", "text/csv", false},
		{"export.json", `{"users": []}`, "application/json", false},
		{"list.json", "[1, 2,\n 3]", "application/json", false},
		{"picture.png", png, "image/png", false},
		{"picture.PNG", png, "image/png", false},
		{"README", "text\n", "text/plain", false},
		{"notes.md", "# Notes\n", "text/plain", false},
		{"minutes.pdf", "%PDF-1.7\n1 0 obj\n", "application/pdf", false},
		{"minutes.pdf", "%PDF-1.7\n1 0 obj << /OpenAction 3 0 R /JS (app.alert(1)) >>", "application/pdf", true},
		{"picture.png", "<!DOCTYPE html><html><script>alert(1)</script>", "text/html", true},
		{"page.html", "<!DOCTYPE html><html><body>hello", "text/html", true},
		{"logo.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "image/svg+xml", true},
		{"minutes.pdf", "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff", "application/vnd.microsoft.portable-executable", true},
		{"minutes.pdf", "plain words", "text/plain", true},
		{"picture.png", png + "<script>alert(1)</script>", "image/png", true},
		{"run.sh", "#!/bin/sh\nrm -rf /\n", "text/x-shellscript", true},
		{"report.xlsx", "PK\x03\x04\x14\x00\x00\x00\x08\x00", "application/zip", false},
		{"data.bin", "\x00\x01\x02\x03\xfe\xff", "application/octet-stream", false},
		{"old.txt", "Gr\xfc\xdfe\n", "text/plain", true},
	} {
		got := evidence.Look(c.name, []byte(c.head))
		if got.MediaType != c.media || (got.Remark != "") != c.odd {
			t.Errorf("%s: %+v, expected %s, odd %v", c.name, got, c.media, c.odd)
		}
	}
}

// FuzzLook: no content makes it fall over, and text of ours never becomes something active.
func FuzzLook(f *testing.F) {
	f.Add("a.txt", []byte("words"))
	f.Add("a.pdf", []byte("%PDF-1.7 /JS"))
	f.Add("\u202egnp.exe", []byte("MZ"))
	f.Fuzz(func(t *testing.T, name string, head []byte) {
		if evidence.Look(name, head).MediaType == "" {
			t.Error("no type")
		}
	})
}
