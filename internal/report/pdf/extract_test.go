package pdf

import (
	"bytes"
	"compress/zlib"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/tickmark/tickmark/internal/report"
)

// shown is a piece of text on a page as the file shows it.
type shown struct {
	text       string
	x, y, size float64 // y grows upwards from the foot of the page
	font       string
}

// extracted is what a reader finds in a file, read back without the code that wrote it.
type extracted struct {
	pages [][]shown
	text  []string // of each page, in the order of drawing
	links []int    // number of links of each page
}

var (
	pageContents = regexp.MustCompile(`/Contents (\d+) 0 R`)
	fontOp       = regexp.MustCompile(`BT /(\S+) ([\d.]+) Tf ET`)
	textOp       = regexp.MustCompile(`BT (-?[\d.]+) (-?[\d.]+) Td \(`)
)

// extract reads pages, texts and links.
func extract(t testing.TB, file []byte) extracted {
	t.Helper()
	var out extracted
	objects := map[int][]byte{}
	starts := regexp.MustCompile(`(?m)^(\d+) 0 obj\n`).FindAllSubmatchIndex(file, -1)
	for i, m := range starts {
		n, _ := strconv.Atoi(string(file[m[2]:m[3]]))
		end := len(file)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		objects[n] = file[m[1]:end]
	}
	for n := 3; ; n += 2 { // fpdf: pages are objects 3, 5, 7 ..., each with its contents after it
		page, ok := objects[n]
		if !ok || !bytes.Contains(page, []byte("/Type /Page\n")) {
			break
		}
		c := pageContents.FindSubmatch(page)
		if c == nil {
			t.Fatalf("page object %d has no contents", n)
		}
		k, _ := strconv.Atoi(string(c[1]))
		list := texts(t, inflate(t, objects[k]))
		var all strings.Builder
		for _, s := range list {
			all.WriteString(s.text + " ")
		}
		out.pages, out.text = append(out.pages, list), append(out.text, all.String())
		out.links = append(out.links, bytes.Count(page, []byte("/Subtype /Link")))
	}
	return out
}

func inflate(t testing.TB, object []byte) []byte {
	t.Helper()
	i := bytes.Index(object, []byte("stream\n"))
	if i < 0 {
		t.Fatal("no stream")
	}
	r, err := zlib.NewReader(bytes.NewReader(object[i+7:]))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// texts reads the text operators of a page.
func texts(t testing.TB, content []byte) []shown {
	t.Helper()
	var out []shown
	font, size := "", 0.0
	for len(content) > 0 {
		f, m := fontOp.FindSubmatchIndex(content), textOp.FindSubmatchIndex(content)
		if m == nil {
			break
		}
		if f != nil && f[0] < m[0] {
			font = string(content[f[2]:f[3]])
			size, _ = strconv.ParseFloat(string(content[f[4]:f[5]]), 64)
			content = content[f[1]:]
			continue
		}
		s := shown{font: font, size: size}
		s.x, _ = strconv.ParseFloat(string(content[m[2]:m[3]]), 64)
		s.y, _ = strconv.ParseFloat(string(content[m[4]:m[5]]), 64)
		raw, rest := literal(content[m[1]:])
		var units []uint16
		for i := 0; i+1 < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		s.text = string(utf16.Decode(units))
		out, content = append(out, s), rest
	}
	return out
}

// literal reads a PDF string up to its closing parenthesis.
func literal(b []byte) (raw, rest []byte) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case ')':
			return raw, b[i+1:]
		case '\\':
			i++
			if b[i] == 'r' {
				raw = append(raw, '\r')
				continue
			}
		}
		raw = append(raw, b[i])
	}
	return raw, nil
}

// squeezed is text without spaces: lines and cells break it differently from its source.
func squeezed(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), "")
}

// render writes a document and reads it back.
func render(t testing.TB, doc *report.Document, opt Options) (Result, []byte, extracted) {
	t.Helper()
	var b bytes.Buffer
	r, err := Render(&b, doc, opt)
	if err != nil {
		t.Fatal(err)
	}
	x := extract(t, b.Bytes())
	if len(x.pages) != r.Pages || r.Pages == 0 {
		t.Fatalf("%d pages announced, %d found", r.Pages, len(x.pages))
	}
	if int64(b.Len()) != r.Bytes {
		t.Fatalf("%d bytes announced, %d written", r.Bytes, b.Len())
	}
	return r, b.Bytes(), x
}

// near reports whether two places are the same for the eye.
func near(a, b float64) bool { return math.Abs(a-b) < .6 }
