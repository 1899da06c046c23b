package records

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif"  // one of the pictures that are drawn again
	_ "image/jpeg" // another one
	"image/png"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/draw"

	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Bounds of previews. A picture is decoded only if its own header says that it is not larger than mostPixels.
const (
	previewText  = 256 << 10
	previewRows  = 200
	previewCols  = 30
	previewCell  = 200
	previewHex   = 4 << 10
	mostPreview  = 32 << 20 // bytes of a file
	mostPixels   = 24_000_000
	previewWidth = 1600
)

// preview is a document as it is shown: drawn by us from its bytes, never handed to the browser as what it is.
type preview struct {
	piece
	Text    string
	Columns []string
	Table   [][]string
	Picture string // address of our own copy
	Size    string // of the picture
	Cut     string // what is left out
	Why     string // why there is no preview
	Raw     string
}

// pictures are the types of pictures that are drawn again.
var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true}

// decoding bounds how many pictures are in memory at once.
var decoding = make(chan struct{}, 2)

func (s Services) document(r *page.Request, p piece, raw bool) error {
	v := preview{piece: p}
	if p.Bytes > mostPreview {
		v.Why = "It has " + page.Bytes(p.Bytes) + "; what is larger than " + page.Bytes(mostPreview) + " is not drawn."
		return r.Render(http.StatusOK, documentPage(r, v, raw))
	}
	content, err := s.Content(p.Item)
	if err != nil {
		return err
	}
	if raw {
		v.Raw, v.Cut = rawView(p.MediaType, content)
		return r.Render(http.StatusOK, documentPage(r, v, true))
	}
	v.draw(content)
	return r.Render(http.StatusOK, documentPage(r, v, false))
}

// draw fills in what can be shown of a document.
func (v *preview) draw(content []byte) {
	switch {
	case pictures[v.MediaType]:
		conf, _, err := image.DecodeConfig(bytes.NewReader(content))
		switch {
		case err != nil:
			v.Why = "The picture cannot be read: its header is damaged."
		case conf.Width <= 0 || conf.Height <= 0 || conf.Width > mostPixels/conf.Height:
			v.Why = fmt.Sprintf("The picture claims %s × %s points, more than is drawn.", page.Count(conf.Width), page.Count(conf.Height))
		default:
			v.Picture, v.Size = "/e/"+v.Ref+"/picture", fmt.Sprintf("%s × %s points", page.Count(conf.Width), page.Count(conf.Height))
		}
	case v.MediaType == "text/csv":
		v.csv(content)
	case v.MediaType == "application/json":
		v.Text, v.Cut = clipped(content)
		if v.Cut == "" {
			if json.Valid(content) {
				v.Text = visible(indented(string(content)))
			} else {
				v.Cut = "This is no valid JSON; it is shown as it is."
			}
		}
	case v.MediaType == "text/plain":
		v.Text, v.Cut = clipped(content)
	default:
		v.Why = page.Capital(evidence.Label(v.MediaType)) + " is not drawn here, because it could act or hide something when it is. Keep a copy and open it with care; the hash tells whether your copy is the one that was sealed."
	}
}

// csv reads the first rows of a table.
func (v *preview) csv(content []byte) {
	in := csv.NewReader(strings.NewReader(strings.ToValidUTF8(string(content), "\ufffd")))
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	if first, _, _ := bytes.Cut(content, []byte("\n")); bytes.Count(first, []byte("\t")) > bytes.Count(first, []byte(",")) {
		in.Comma = '\t'
	} else if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		in.Comma = ';'
	}
	var cut []string
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			cut = append(cut, "The table cannot be read beyond row "+page.Count(len(v.Table)+1)+".")
			break
		}
		if len(v.Table) == previewRows {
			cut = append(cut, "Only the first "+page.Count(previewRows)+" rows are shown.")
			break
		}
		if len(row) > previewCols {
			if len(cut) == 0 {
				cut = append(cut, "Only the first "+strconv.Itoa(previewCols)+" columns are shown.")
			}
			row = row[:previewCols]
		}
		for i := range row {
			row[i] = visible(short200(row[i]))
		}
		if v.Columns == nil {
			v.Columns = row
			continue
		}
		v.Table = append(v.Table, row)
	}
	v.Cut = strings.Join(cut, " ")
}

func short200(s string) string {
	if utf8.RuneCountInString(s) <= previewCell {
		return s
	}
	return string([]rune(s)[:previewCell]) + "…"
}

// clipped is the beginning of a text.
func clipped(b []byte) (string, string) {
	if len(b) <= previewText {
		return visible(string(b)), ""
	}
	return visible(string(b[:previewText])), "Only the first " + page.Bytes(previewText) + " of " + page.Bytes(int64(len(b))) + " are shown."
}

// visible shows what would hide: characters that turn the direction of a text, and control characters.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\r':
			return -1
		case c < ' ':
			return c + 0x2400 // the sign for it
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c) && c != '\u200d':
			return '\u25af'
		}
		return c
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// rawView is the content as it is: text as text, everything else as bytes.
func rawView(media string, b []byte) (string, string) {
	if strings.HasPrefix(media, "text/") || media == "application/json" || media == "image/svg+xml" {
		return clipped(b)
	}
	cut := ""
	if len(b) > previewHex {
		cut = "The first " + page.Bytes(previewHex) + " of " + page.Bytes(int64(len(b))) + "."
		b = b[:previewHex]
	}
	return hex.Dump(b), cut
}

// picture sends our own drawing of a picture: decoded, made smaller and encoded again, so that nothing else in the file
// arrives at the browser.
func (s Services) picture(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	if !pictures[p.MediaType] || p.Bytes > mostPreview {
		return errs.New(errs.NotFound, "%s has no picture to show", p.Ref)
	}
	select {
	case decoding <- struct{}{}:
		defer func() { <-decoding }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	content, err := s.Content(p.Item)
	if err != nil {
		return err
	}
	conf, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || conf.Width <= 0 || conf.Height <= 0 || conf.Width > mostPixels/conf.Height {
		return errs.New(errs.NotFound, "%s has no picture to show", p.Ref)
	}
	img, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return errs.New(errs.NotFound, "the picture of %s is damaged", p.Ref)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, smaller(img)); err != nil {
		return errs.As(errs.Internal, err, "draw %s", p.Ref)
	}
	h := r.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Disposition", `inline; filename="`+p.Ref+`.png"`)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	_, _ = r.Writer().Write(out.Bytes()) // a reader who is gone needs no answer
	return nil
}

// smaller is a picture not wider than a page.
func smaller(img image.Image) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > previewWidth {
		w, h = previewWidth, max(1, h*previewWidth/w)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

func tabOf(raw bool) string {
	if raw {
		return "raw"
	}
	return "document"
}

// drawnBy says what the reader looks at.
func drawnBy(v preview) string {
	switch {
	case v.Why != "":
		return ""
	case v.Picture != "":
		return v.Size + ", drawn again by the program"
	case v.Cut != "":
		return v.Cut
	}
	return "all of it"
}
