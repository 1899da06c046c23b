package pdf_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// TestStamp: a marked copy begins with the file as it was, differs by reader and not by time, and is refused for what is no file of ours.
func TestStamp(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	res, err := pdf.Render(&buf, report.Build(reporttest.Small()), pdf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file := buf.Bytes()
	seen := map[string]bool{}
	for _, whose := range []string{"R. Castellan, Fabrikam · r@fabrikam.example", "Ünal Žák, Øresund", "名前 \u202e)) Q BT (x) Tj ET \x00\n🙂", strings.Repeat("W", 400), ""} {
		one, err := pdf.Stamp(file, whose)
		if err != nil {
			t.Fatalf("%q: %v", whose, err)
		}
		two, err := pdf.Stamp(file, whose)
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%q: not the same twice, %v", whose, err)
		}
		if !bytes.HasPrefix(one, file) || seen[string(one)] || bytes.Contains(one[len(file):], []byte("BT")) {
			t.Errorf("%q: not the file with a mark of its own", whose)
		}
		if n := bytes.Count(one[len(file):], []byte("/Type /Page\n")); n != res.Pages {
			t.Errorf("%q: %d pages marked of %d", whose, n, res.Pages)
		}
		seen[string(one)] = true
	}
	for _, bad := range []string{"", "%PDF-1.3\n", "trailer\n<<\n/Size 3\n>>\nstartxref\n9\n%%EOF\n"} {
		if _, err := pdf.Stamp([]byte(bad), "x"); err == nil {
			t.Errorf("%q was marked", bad)
		}
	}
}
