package web_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/web/page"
)

func dot(w, h int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.Bytes()
}

// huge is a picture that says it has more points than anybody has memory for.
func huge() []byte {
	b := dot(1, 1)
	binary.BigEndian.PutUint32(b[16:], 60_000)
	binary.BigEndian.PutUint32(b[20:], 60_000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// papers are what the documents of the installation hold, by their titles.
var papers = map[string]struct{ name, content string }{
	"Minutes of the board":   {"minutes.txt", "We met.\n\u202eevil\u202c <script>alert(1)</script>\n"},
	"List of administrators": {"admins.csv", "name,role\nDana,\"=cmd|' /C calc'!A0\"\n<b>x</b>,y\n"},
	"Settings of the tenant": {"settings.json", `{"mfa":true,"note":"<img src=x onerror=alert(1)>"}`},
	"Picture of the lock":    {"lock.png", string(dot(30, 20))},
	"Picture that explodes":  {"bomb.png", string(huge())},
	"Page somebody saved":    {"page.html", evil + `<!DOCTYPE html><html><script>alert(document.cookie)</script></html>`},
	"Drawing":                {"drawing.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>`},
	"Contract":               {"contract.pdf", "%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>\n"},
}

// documents adds some by hand.
func (in *installation) documents(ctx context.Context, scope access.Scope) error {
	for _, title := range sortedKeys(papers) {
		_, err := in.app.Evidence.Add(ctx, scope, in.now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
			Title: title, Kind: evidence.Document, Files: []evidence.File{evidence.Bytes(papers[title].name, []byte(papers[title].content))}, Obtained: "Board portal, exported by Dana",
			Shows: evil, From: in.now.AddDate(0, 0, -40), To: in.now.AddDate(0, 0, -30), Controls: []string{"GOV-02"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sent posts a form with files.
func (in *installation) sent(t *testing.T, path, cookie string, fields url.Values, files ...[2]string) *http.Response {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fields.Set("csrf", in.token(t, cookie))
	for k, x := range fields {
		for _, v := range x {
			if err := w.WriteField(k, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range files {
		part, err := w.CreateFormFile("file", f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return in.raw(path, cookie, w.FormDataContentType(), &b)
}

func (in *installation) raw(path, cookie, kind string, body io.Reader) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "http://tickmark.example"+path, body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "tickmark", Value: cookie})
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
	return w.Result()
}

// filled is a good form of new evidence.
func (in *installation) filled(title string) url.Values {
	day := func(n int) string { return in.now.AddDate(0, 0, n).Format(time.DateOnly) }
	return url.Values{"title": {title}, "kind": {"document"}, "class": {"internal"}, "obtained": {"Board portal, exported by Dana"}, "from": {day(-20)}, "to": {day(-10)}, "received": {day(0)}}
}

// pathOfTitle finds a document of the installation.
func (in *installation) pathOfTitle(t *testing.T, title string) string {
	t.Helper()
	doc := in.get(t, "/evidence?q="+url.QueryEscape(title), in.cookie[access.Owner], http.StatusOK)
	found := all(doc, "#rows tbody td a.ref")
	if len(found) == 0 {
		t.Fatalf("no %s", title)
	}
	return attr(found[0], "href")
}

func TestUpload(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	f := in.filled("Alpha upload <b>x</b> שלום 📎")
	f["controls"] = []string{"GOV-02", "RSK-02"}
	f.Set("effective", in.now.AddDate(0, 0, -300).Format(time.DateOnly))
	res := in.sent(t, "/evidence/new", owner, f, [2]string{`..\..\evil` + "\u202e" + `gpj.txt`, "Words for the upload.\n"})
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/e/EV-") {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%d %q %.2000s", res.StatusCode, to, body)
	}
	doc := in.get(t, to, owner, http.StatusOK)
	sane(t, to, doc)
	all := text(doc)
	for _, want := range []string{f.Get("title"), "evilgpj.txt", "GOV-02", "RSK-02", "Internal", "Board portal", "Effective", "Received", "Recorded here", "text/plain"} {
		if !strings.Contains(all, want) {
			t.Errorf("%s does not say %q", to, want)
		}
	}
	if strings.Contains(all, "..") || strings.Contains(all, "\u202e") {
		t.Error("the name of the file was not cleaned")
	}
	// The same content again is known, and offered to be filed for the controls.
	res = in.sent(t, "/evidence/new", owner, in.filled("Another name"), [2]string{"copy.txt", "Words for the upload.\n"})
	again, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(again), strings.TrimPrefix(to, "/e/")+"/link") || !strings.Contains(string(again), "Another name") {
		t.Errorf("%d %.300s", res.StatusCode, again)
	}
	// Another organisation sees none of it.
	in.get(t, to, in.other, http.StatusNotFound)
	if res := in.do("GET", to+"/content", in.other, nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation reads the content: %d", res.StatusCode)
	}
}

// TestUploadRefused: what is wrong stands at its field, everything written is kept, and nothing is stored.
func TestUploadRefused(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	future := in.now.AddDate(0, 0, 3).Format(time.DateOnly)
	for name, c := range map[string]struct {
		field, value, at string
		file             [2]string
	}{
		"no file":             {"title", "Alpha refused", "file", [2]string{}},
		"empty file":          {"title", "Alpha refused", "file", [2]string{"empty.txt", ""}},
		"no title":            {"title", "", "title", [2]string{"a.txt", "1"}},
		"long title":          {"title", strings.Repeat("é", 201), "title", [2]string{"a.txt", "2"}},
		"no day":              {"from", "yesterday", "from", [2]string{"a.txt", "3"}},
		"ends ahead":          {"to", future, "to", [2]string{"a.txt", "4"}},
		"received ahead":      {"received", future, "received", [2]string{"a.txt", "5"}},
		"strange effective":   {"effective", "0001-01-01", "effective", [2]string{"a.txt", "6"}},
		"no such control":     {"controls", "NIX-99", "controls", [2]string{"a.txt", "7"}},
		"obtained too short":  {"obtained", "me", "obtained", [2]string{"a.txt", "8"}},
		"strange kind":        {"kind", "snapshot", "kind", [2]string{"a.txt", "9"}},
		"script as address":   {"link", "javascript:alert(1)", "link", [2]string{}},
		"file and statement":  {"statement", "also words", "statement", [2]string{"a.txt", "10"}},
		"statement too long":  {"statement", strings.Repeat("x", 20_001), "statement", [2]string{}},
		"bytes that are none": {"shows", "a\xff\xfe", "shows", [2]string{"a.txt", "11"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := in.filled("Alpha refused")
			f.Set(c.field, c.value)
			var files [][2]string
			if c.file[0] != "" {
				files = append(files, c.file)
			}
			res := in.sent(t, "/evidence/new", owner, f, files...)
			doc := parse(t, res)
			if res.StatusCode != http.StatusUnprocessableEntity {
				t.Fatalf("%d", res.StatusCode)
			}
			if c.at != "kind" && c.at != "controls" && len(all(doc, "#f-"+c.at+"-err")) != 1 {
				t.Errorf("nothing stands at %s: %v", c.at, texts(doc, ".err"))
			}
			if len(all(doc, ".err")) == 0 {
				t.Error("nothing says what is wrong")
			}
			if c.field != "title" && attr(all(doc, "#f-title")[0], "value") != "Alpha refused" {
				t.Error("the title was lost")
			}
		})
	}
}

// TestBrokenBodies: no body makes more of a fault than a page that says what to do.
func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	for name, c := range map[string]struct {
		kind, body string
		want       int
	}{
		"broke off":         {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf", http.StatusBadRequest},
		"no boundary":       {"multipart/form-data", "--x--", http.StatusBadRequest},
		"nothing":           {"multipart/form-data; boundary=x", "", http.StatusBadRequest},
		"no token":          {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na\r\n--x--\r\n", http.StatusForbidden},
		"another language":  {"application/json", `{"title":"x"}`, http.StatusForbidden},
		"thousands of them": {"multipart/form-data; boundary=x", strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n", 2000) + "--x--\r\n", http.StatusBadRequest},
	} {
		res := in.raw("/evidence/new", owner, c.kind, strings.NewReader(c.body))
		doc := parse(t, res)
		if res.StatusCode != c.want || len(all(doc, "h1")) != 1 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	small := in.sent(t, "/theme", owner, url.Values{"theme": {"dark"}}, [2]string{"a.bin", strings.Repeat("x", 2<<20)})
	if small.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a file where none is expected: %d", small.StatusCode)
	}
}

// TestHostileDocuments: whatever a document holds, no page of ours runs it, and the copy comes as a file to keep.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	for title, p := range papers {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			path := in.pathOfTitle(t, title)
			for _, tab := range []string{"", "?tab=document", "?tab=raw"} {
				doc := in.get(t, path+tab, owner, http.StatusOK)
				sane(t, path+tab, doc)
				if strings.ContainsAny(text(doc), "\u202e") {
					t.Errorf("%s turns its text round", path+tab)
				}
			}
			res := in.do("GET", path+"/content", owner, nil)
			body, err := io.ReadAll(res.Body)
			if err != nil || string(body) != p.content {
				t.Errorf("the copy differs: %v", err)
			}
			h := res.Header
			if !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("Content-Type") != "application/octet-stream" {
				t.Errorf("%v", h)
			}
		})
	}
	picture := in.do("GET", in.pathOfTitle(t, "Picture of the lock")+"/picture", owner, nil)
	got, err := png.Decode(picture.Body)
	if err != nil || got.Bounds().Dx() != 30 || picture.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
		t.Errorf("%v %v", err, picture.Header)
	}
	for _, title := range []string{"Picture that explodes", "Page somebody saved", "Drawing", "Contract"} {
		if res := in.do("GET", in.pathOfTitle(t, title)+"/picture", owner, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s as a picture: %d", title, res.StatusCode)
		}
	}
	csv := in.get(t, in.pathOfTitle(t, "List of administrators")+"?tab=document", owner, http.StatusOK)
	if n := len(all(csv, "#h-doc, main table.tbl tbody tr")); n != 3 {
		t.Errorf("%d rows and headings", n)
	}
}

func TestWithdrawAndReplace(t *testing.T) {
	t.Parallel()
	in := installed(t)
	owner := in.cookie[access.Owner]
	add := func(title, content string, more url.Values) string {
		f := in.filled(title)
		for k, v := range more {
			f[k] = v
		}
		res := in.sent(t, "/evidence/new", owner, f, [2]string{"x.txt", content})
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d", title, res.StatusCode)
		}
		return res.Header.Get("Location")
	}
	first := add("Alpha chain 1", "chain one", nil)
	form := in.get(t, "/evidence/new?replace="+strings.TrimPrefix(first, "/e/"), owner, http.StatusOK)
	if attr(all(form, "#f-title")[0], "value") != "Alpha chain 1" {
		t.Error("the form of a replacement begins empty")
	}
	second := add("Alpha chain 2", "chain two", url.Values{"replace": {strings.TrimPrefix(first, "/e/")}})
	if doc := in.get(t, first, owner, http.StatusOK); !strings.Contains(text(doc), "Replaced") || len(all(doc, `a[href="`+second+`"]`)) == 0 {
		t.Error("the old piece does not lead to the new one")
	}
	if doc := in.get(t, second, owner, http.StatusOK); len(all(doc, `a[href="`+first+`"]`)) == 0 {
		t.Error("the new piece does not lead to the old one")
	}
	if res := in.send(t, second+"/withdraw", owner, url.Values{"reason": {"short"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("short reason: %d", res.StatusCode)
	}
	if res := in.send(t, second+"/withdraw", owner, url.Values{"reason": {"It was another committee."}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", res.StatusCode)
	}
	if doc := in.get(t, second, owner, http.StatusOK); !strings.Contains(text(doc), "Withdrawn") || len(all(doc, `a[href="`+second+`/withdraw"]`)) != 0 {
		t.Error("it does not say that it is withdrawn")
	}
	if res := in.send(t, second+"/withdraw", owner, url.Values{"reason": {"It was another committee."}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("twice: %d", res.StatusCode)
	}
	if res := in.send(t, second+"/link", owner, url.Values{"controls": {"RSK-02"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("filed after it was withdrawn: %d", res.StatusCode)
	}
}

func TestEvidenceDue(t *testing.T) {
	t.Parallel()
	in := installed(t)
	lead := in.cookie[access.ComplianceLead]
	doc := in.get(t, "/evidence/due", lead, http.StatusOK)
	if n := len(all(doc, "#rows tbody tr")); n < 5 {
		t.Fatalf("%d controls ask for evidence", n)
	}
	if !strings.Contains(text(in.get(t, "/evidence/due?q=GOV-02", lead, http.StatusOK)), "Fresh") {
		t.Error("GOV-02 has young evidence")
	}
	for _, c := range []struct {
		days, note, base string
		want             int
	}{
		{"", "", "0", 422}, {"many", "", "0", 422}, {"-1", "", "0", 422}, {"99999", "", "0", 422}, {"0", "no", "0", 422}, {"30", strings.Repeat("x", 501), "0", 422},
		{"30", "", "7", 422}, {"45", evil, "0", 303}, {"60", "", "0", 409}, {"60", "", "1", 303},
	} {
		res := in.send(t, "/evidence/due/RSK-02", lead, url.Values{"days": {c.days}, "note": {c.note}, "base": {c.base}})
		if res.StatusCode != c.want {
			t.Errorf("%q %q on %s: %d, expected %d", c.days, c.note, c.base, res.StatusCode, c.want)
		}
		if c.want == 409 && c.base == "0" && !strings.Contains(text(parse(t, res)), "45") {
			t.Error("the conflict does not show what is saved")
		}
	}
	if res := in.send(t, "/evidence/due/NIX-01", lead, url.Values{"days": {"1"}, "base": {"0"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("no such control: %d", res.StatusCode)
	}
}

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"minutes.pdf": "minutes.pdf", "../../etc/passwd": "passwd", `C:\temp\x.txt`: "x.txt", "a\x00b\r\n.txt": "ab.txt", "photo\u202egnp.exe": "photognp.exe", "": "file", "..": "file", ".": "file", "///": "file",
		"con": "_con", "CON.txt": "_CON.txt", "lpt1.tar.gz": "_lpt1.tar.gz", "constant.txt": "constant.txt", " spaced . ": "spaced", "👩🏽‍💻.md": "👩🏽‍💻.md", "a\xff.txt": "a.txt", "e\u0301.txt": "e\u0301.txt", ".env": "env",
		strings.Repeat("x", 300) + ".pdf": strings.Repeat("x", 156) + ".pdf", "a." + strings.Repeat("y", 300): "a." + strings.Repeat("y", 158),
	} {
		if got := page.CleanName(in); got != want {
			t.Errorf("%q became %q, expected %q", in, got, want)
		}
	}
}
