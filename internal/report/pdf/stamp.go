package pdf

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/font/sfnt"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

var (
	trailerOf = regexp.MustCompile(`(?s)trailer\s*<<(.*?)>>\s*startxref\s+(\d+)\s+%%EOF\s*$`)
	sizeOf    = regexp.MustCompile(`/Size (\d+)`)
	rootOf    = regexp.MustCompile(`/(?:Root|Info) \d+ 0 R`)
	pageOf    = regexp.MustCompile(`(?s)(?:^|\n)(\d+) 0 obj\n<</Type /Page\n.*?/Contents (\d+) 0 R>>\nendobj`)
)

// Stamp marks every page of a file that Render made with whose copy it is: pale across the page behind its words, and along the outer
// edge. It is an update as the format foresees it: the file as it was is the beginning of the result, byte for byte, so that its hash can
// still be checked. The same file and words give the same bytes.
func Stamp(file []byte, whose string) ([]byte, error) {
	fail := func(what string) error { return errs.New(errs.Internal, "mark a PDF: %s", what) }
	tail := trailerOf.FindSubmatch(file)
	if tail == nil {
		return nil, fail("no trailer at its end")
	}
	size := sizeOf.FindSubmatch(tail[1])
	pages := pageOf.FindAllSubmatchIndex(file, -1)
	if size == nil || len(pages) == 0 {
		return nil, fail("no page")
	}
	next, err := strconv.Atoi(string(size[1]))
	if err != nil {
		return nil, fail("no size")
	}
	behind, edge, err := stamps(whose)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(slices.Clone(file))
	if !bytes.HasSuffix(file, []byte("\n")) {
		out.WriteByte('\n')
	}
	at := map[int]int{}
	object := func(n int, body string) {
		at[n] = out.Len()
		fmt.Fprintf(out, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	for i, s := range []string{behind, edge} {
		object(next+i, fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(s), s))
	}
	for _, p := range pages {
		n, err := strconv.Atoi(string(file[p[2]:p[3]]))
		if err != nil {
			return nil, fail("an object has no number")
		}
		content := file[p[4]:p[5]]
		head := file[p[3]+len(" 0 obj\n") : p[4]-len("/Contents ")]
		object(n, fmt.Sprintf("%s/Contents [%d 0 R %s 0 R %d 0 R]>>", head, next, content, next+1))
	}
	numbers := make([]int, 0, len(at))
	for n := range at {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	start := out.Len()
	out.WriteString("xref\n")
	for i := 0; i < len(numbers); {
		j := i
		for j < len(numbers) && numbers[j] == numbers[i]+j-i {
			j++
		}
		fmt.Fprintf(out, "%d %d\n", numbers[i], j-i)
		for ; i < j; i++ {
			fmt.Fprintf(out, "%010d 00000 n \n", at[numbers[i]])
		}
	}
	fmt.Fprintf(out, "trailer\n<<\n/Size %d\n%s\n/Prev %s\n>>\nstartxref\n%d\n%%%%EOF\n", next+2, bytes.Join(rootOf.FindAll(tail[1], -1), []byte("\n")), tail[2], start)
	return out.Bytes(), nil
}

// stamps are the two drawings of a mark: across the page, and along its outer edge.
func stamps(whose string) (across, edge string, err error) {
	fs, err := typefaces()
	if err != nil {
		return "", "", errs.Wrap(err, "mark a PDF")
	}
	g := geometryOf(A4)
	f := fs[bold].parsed
	line := printable(f, "For "+whose)
	draw := func(text string, most, room, degrees, left, bottom float64, centred bool, r, gr, b uint8) string {
		const unit = 100
		t, _ := traced(f, text, unit)
		scale := most / unit
		if t.width*scale > room {
			scale = room / t.width
		}
		small := t.scaled(scale)
		dx := 0.0
		if centred {
			dx = -small.width / 2
		}
		return fmt.Sprintf("q %.3f %.3f %.3f rg ", float64(r)/255, float64(gr)/255, float64(b)/255) + small.turned(degrees, left, bottom, dx, 0) + " Q"
	}
	across = draw(line, 30, 820, 52, g.width/2, g.height/2, true, 0xea, 0xe7, 0xdf)
	edge = draw(line, 7, g.height-90, 90, 16, 45, false, ink3.R, ink3.G, ink3.B)
	return across, edge, nil
}

// scaled is the text in another size.
func (t trace) scaled(by float64) trace {
	out := trace{width: t.width * by}
	for _, p := range t.parts {
		q := drawn{x: p.x * by}
		for _, s := range p.segments {
			for i := range s.Args {
				s.Args[i].X, s.Args[i].Y = scale26(s.Args[i].X, by), scale26(s.Args[i].Y, by)
			}
			q.segments = append(q.segments, s)
		}
		out.parts = append(out.parts, q)
	}
	return out
}

// printable is a text in characters that the font has; others become a question mark.
func printable(f *sfnt.Font, s string) string {
	var buf sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 {
			return '?'
		}
		return r
	}, s)
}
