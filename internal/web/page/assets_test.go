package page

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestAssets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	get := func(path string, header ...string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeAssets(w, r)
		return w.Result()
	}
	path := s.assets.prefix + "app.js"
	res := get(path)
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || res.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	plain, _ := io.ReadAll(res.Body)
	zipped := get(path, "Accept-Encoding", "gzip, br")
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := io.ReadAll(z); err != nil || string(same) != string(plain) || zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("compressed: %v", err)
	}
	if res := get(path, "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("ETag: %d", res.StatusCode)
	}
	if res := get("/static/000000000000/app.js"); res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("of an older build: %d %v", res.StatusCode, res.Header)
	}
	for _, bad := range []string{"/static/", "/static/x", s.assets.prefix, s.assets.prefix + "../page.go", s.assets.prefix + "none.js"} {
		if res := get(bad); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", bad, res.StatusCode)
		}
	}
}

// TestIconsExist: each symbol that is asked for by name is in the sprite, and the sprite carries no style of its own.
func TestIconsExist(t *testing.T) {
	t.Parallel()
	files, err := CheckAssets()
	if err != nil {
		t.Fatal(err)
	}
	icons := string(files["icons.svg"])
	for _, n := range strings.Fields("pass fail risk err na prog exm home frame control test evidence clock chain eye audit policy plug gear search menu x sun copy chevron people lock") {
		if !strings.Contains(icons, ` id="`+n+`"`) {
			t.Errorf("no icon %s", n)
		}
	}
	for name, b := range files {
		if strings.HasSuffix(name, ".svg") && (strings.Contains(string(b), "<style") || strings.Contains(string(b), "style=")) {
			t.Errorf("%s carries a style", name)
		}
		if strings.HasSuffix(name, ".js") && !strings.HasPrefix(string(b), "// @ts-check\n") {
			t.Errorf("%s is not checked for types", name)
		}
	}
}

// TestTransferSize holds what a page loads besides itself, in bytes on the wire, so that growth is noticed: 40,000 are to do for a
// first page with its text.
func TestTransferSize(t *testing.T) {
	t.Parallel()
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	const every, room = 25_000, 4_000
	sum := 0
	for n, f := range a.files {
		size := min(len(f.gzip), len(f.plain))
		t.Logf("%-16s %6d %6d", n, len(f.plain), len(f.gzip))
		switch {
		case path.Ext(n) == ".css" && n != "tickmark.css":
			if size > room {
				t.Errorf("the sheet %s weighs %d bytes compressed, at most %d are wanted", n, size, room)
			}
		case path.Ext(n) == ".js" && !slices.Contains(a.modules, n): // loaded when something needs it
		default:
			sum += size
		}
	}
	if sum > every {
		t.Errorf("style, scripts and icons of every page weigh %d bytes compressed, at most %d are wanted", sum, every)
	}
	t.Logf("every page: %d", sum)
}

var token = regexp.MustCompile(`--([a-z0-9-]+):\s*(?:light-dark\((#[0-9a-f]{3,8}), (#[0-9a-f]{3,8})\)|(#[0-9a-f]{6}))`)

// TestContrast: text on its ground has a contrast of at least 4.5, and graphics and edges of at least 3, in both themes
// (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	files, err := CheckAssets()
	if err != nil {
		t.Fatal(err)
	}
	themes := [2]map[string]string{{}, {}}
	for _, m := range token.FindAllStringSubmatch(string(files["tickmark.css"]), -1) {
		themes[0][m[1]], themes[1][m[1]] = m[2]+m[4], m[3]+m[4]
	}
	if len(themes[0]) < 40 {
		t.Fatalf("only %d colours found", len(themes[0]))
	}
	var pairs [][3]string // colour, ground, least contrast
	for _, ground := range []string{"paper", "sheet", "sunken", "raised", "hover"} {
		for _, ink := range []string{"ink", "ink-2", "ink-3", "accent"} {
			pairs = append(pairs, [3]string{ink, ground, "4.5"})
		}
	}
	for _, st := range []string{"pass", "fail", "risk", "err", "na", "prog", "exm"} {
		for _, ground := range []string{st + "-b", "sheet", "paper", "hover"} {
			pairs = append(pairs, [3]string{st + "-t", ground, "4.5"})
		}
		pairs = append(pairs, [3]string{st + "-s", "sheet", "3"}, [3]string{"ink", st + "-b", "4.5"}, [3]string{"ink-2", st + "-b", "4.5"})
	}
	pairs = append(pairs, [][3]string{
		{"on-accent", "accent-solid", "4.5"}, {"on-accent", "accent-hover", "4.5"}, {"on-accent", "danger-solid", "4.5"}, {"on-accent", "danger-hover", "4.5"},
		{"ink", "chosen", "4.5"}, {"ink-2", "chosen", "4.5"}, {"ink", "accent-soft", "4.5"}, {"accent", "accent-soft", "4.5"}, {"paper", "ink", "4.5"},
		{"edge", "sheet", "3"}, {"edge", "paper", "3"}, {"focus", "sheet", "3"}, {"focus", "paper", "3"}, {"accent", "chosen", "3"},
	}...)
	for i, name := range []string{"light", "dark"} {
		for _, p := range pairs {
			least, err := strconv.ParseFloat(p[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			if got := contrast(t, themes[i][p[0]], themes[i][p[1]]); got < least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, at least %s is needed", name, p[0], p[1], got, p[2])
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// luminance is the relative luminance of WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var r, g, b int
	if n, err := fmt.Sscanf(hex, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
		t.Fatalf("%q is no colour: %v", hex, err)
	}
	line := func(c int) float64 {
		v := float64(c) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*line(r) + .7152*line(g) + .0722*line(b)
}
