package evidence

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Seen is what the content of a file says about itself.
type Seen struct {
	MediaType string // by its bytes, never as claimed
	Remark    string // what is odd about it, in a sentence; empty when nothing is
}

// headBytes is how much of a file is looked at.
const headBytes = 64 << 10

// look reads the beginning of a file.
func look(f File) (Seen, error) {
	body, err := f.Open()
	if err != nil {
		return Seen{}, err
	}
	defer body.Close()
	head, err := io.ReadAll(io.LimitReader(body, headBytes))
	if err != nil {
		return Seen{}, errs.As(errs.Unavailable, err, "read %s", f.Name)
	}
	return Look(f.Name, head), nil
}

// Look judges the first bytes of a file and its name. It decides how the file is labelled; that nothing is ever run from it is
// the business of those who show it.
func Look(name string, head []byte) Seen {
	m := mimetype.Detect(head)
	media, _, _ := strings.Cut(m.String(), ";")
	said := strings.ToLower(path.Ext(name))
	if m.Is("text/plain") {
		switch said {
		case ".csv", ".tsv":
			media = "text/csv"
		case ".json":
			if b := bytes.TrimSpace(head); len(b) > 0 && (b[0] == '{' || b[0] == '[') {
				media = "application/json"
			}
		}
	}
	var odd []string
	if !fits(m, said) {
		odd = append(odd, "The name ends in "+shown(said)+", but the content is "+Label(media)+".")
	}
	if what := active(media, head); what != "" {
		odd = append(odd, what+" Nothing in it is run here; be careful when you open a copy.")
	}
	if strings.HasPrefix(media, "text/") && !utf8.Valid(trimmed(head)) && !strings.Contains(m.String(), "utf-16") {
		odd = append(odd, "Its text is not UTF-8.")
	}
	return Seen{media, strings.Join(odd, " ")}
}

// trimmed leaves out a character that the end of the head cuts in two.
func trimmed(b []byte) []byte {
	if len(b) < headBytes {
		return b
	}
	for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.RuneStart(b[len(b)-1]); i++ {
		b = b[:len(b)-1]
	}
	return b[:max(0, len(b)-1)]
}

// fits reports whether an ending may stand for a content: the detected type's own or one of its parents', or any ending of
// text for text.
func fits(m *mimetype.MIME, said string) bool {
	if said == "" || m.Is("application/octet-stream") && !executable[said] && !pictures[said] && said != ".pdf" {
		return true
	}
	for x := m; x != nil; x = x.Parent() {
		if x.Extension() == said {
			return true
		}
		if x.Is("text/plain") {
			return !pictures[said] && said != ".pdf" && !office[said] && !executable[said]
		}
		if x.Is("application/zip") && (office[said] || said == ".zip" || said == ".jar") {
			return m.Is("application/zip") || office[said]
		}
	}
	return m.Is("image/jpeg") && said == ".jpeg" || m.Is("image/tiff") && said == ".tif" || m.Is("text/html") && said == ".htm" || m.Is("application/gzip") && said == ".tgz" ||
		m.Is("application/x-ole-storage") && office[said]
}

var (
	pictures   = map[string]bool{".png": true, ".jpg": true, ".jpeg": true, ".gif": true, ".webp": true, ".bmp": true, ".tif": true, ".tiff": true}
	office     = map[string]bool{".doc": true, ".docx": true, ".docm": true, ".xls": true, ".xlsx": true, ".xlsm": true, ".ppt": true, ".pptx": true, ".pptm": true, ".odt": true, ".ods": true, ".odp": true, ".vsdx": true}
	executable = map[string]bool{".exe": true, ".dll": true, ".com": true, ".scr": true, ".msi": true}
)

var scripted = regexp.MustCompile(`(?i)/(JavaScript|JS|OpenAction|AA|Launch|EmbeddedFile|RichMedia)\b`)

// active says in a sentence what in a file could act when somebody opens it elsewhere.
func active(media string, head []byte) string {
	lower := bytes.ToLower(head)
	switch {
	case media == "text/html" || media == "application/xhtml+xml":
		return "A web page may hold scripts."
	case media == "image/svg+xml":
		return "A drawing may hold scripts."
	case media == "application/pdf" && scripted.Match(head):
		return "It holds actions or scripts of PDF."
	case bytes.Contains(lower, []byte("vbaproject.bin")) || strings.Contains(media, "macroenabled"):
		return "It holds macros."
	case strings.Contains(media, "executable") || media == "application/vnd.microsoft.portable-executable" || media == "application/x-elf" || media == "application/x-mach-binary" || bytes.HasPrefix(head, []byte("#!")):
		return "It is a program."
	case strings.HasPrefix(media, "image/") && (bytes.Contains(lower, []byte("<script")) || bytes.Contains(lower, []byte("<html"))):
		return "A web page is hidden inside the picture."
	}
	return ""
}

// Label is a media type as people call it.
func Label(media string) string {
	switch {
	case media == "application/pdf":
		return "PDF"
	case media == "text/html":
		return "a web page"
	case media == "text/csv":
		return "CSV"
	case media == "application/json":
		return "JSON"
	case media == "image/svg+xml":
		return "an SVG drawing"
	case strings.HasPrefix(media, "image/"):
		return "a picture (" + strings.ToUpper(strings.TrimPrefix(media, "image/")) + ")"
	case strings.HasPrefix(media, "text/"):
		return "text"
	case strings.Contains(media, "wordprocessing"), media == "application/msword":
		return "a Word document"
	case strings.Contains(media, "spreadsheet"), media == "application/vnd.ms-excel":
		return "a spreadsheet"
	case strings.Contains(media, "presentation"):
		return "a presentation"
	case media == "application/zip":
		return "a ZIP archive"
	case strings.Contains(media, "executable"), media == "application/x-elf":
		return "a program"
	case media == "application/octet-stream":
		return "of no type we know"
	case media == "application/vnd.apache.parquet", media == "application/x-parquet":
		return "a Parquet file"
	}
	return media
}

func shown(ending string) string {
	if r := []rune(ending); len(r) > 12 {
		return string(r[:12]) + "…"
	}
	return ending
}
