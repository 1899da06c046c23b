package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

//go:embed static
var static embed.FS

// asset is a file of the pages, compressed once.
type asset struct {
	kind        string
	plain, gzip []byte
	etag        string
}

// assets are all files under one hash: the folder's name changes with any of them, so that modules find each other by
// relative paths and every answer may be kept for ever.
type assets struct {
	prefix  string // "/static/<hash>/"
	files   map[string]asset
	modules []string
}

// AssetPath is where assets are served; it is public.
const AssetPath = "/static/"

func loadAssets() (*assets, error) {
	plain := map[string][]byte{}
	var css bytes.Buffer
	err := fs.WalkDir(static, "static", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := static.ReadFile(p)
		if err != nil {
			return err
		}
		switch name := strings.TrimPrefix(p, "static/"); path.Ext(name) {
		case ".css": // one sheet, in the order of the files' names, and one for each room that has its own
			if room, ok := roomSheet(path.Base(name)); ok {
				plain[room] = leanCSS(b)
				return nil
			}
			css.Write(b)
			css.WriteByte('\n')
		case ".js":
			plain[strings.TrimPrefix(name, "js/")] = leanJS(b)
		default:
			plain[name] = b
		}
		return nil
	})
	if err != nil {
		return nil, errs.As(errs.Internal, err, "read the assets")
	}
	positions(&css)
	plain["tickmark.css"] = leanCSS(css.Bytes())
	return pack(plain)
}

// roomSheet is the name of the sheet that only some pages load: 81-planning.css to 89-….css are planning.css and so on. Routes
// name it in Styles.
func roomSheet(file string) (string, bool) {
	number, room, ok := strings.Cut(file, "-")
	return room, ok && number > "80" && number < "90"
}

// positions writes the rules that place things by attribute, because a page carries no inline style: data-x is a distance
// from the left and data-w a width, both in percent.
func positions(b *bytes.Buffer) {
	b.WriteString("@layer components{")
	for i := range 101 {
		fmt.Fprintf(b, `[data-x="%d"]{left:%d%%}[data-w="%d"]{width:%d%%}`, i, i, i, i)
	}
	b.WriteString("}\n")
}

func pack(plain map[string][]byte) (*assets, error) {
	var names []string
	for n := range plain {
		names = append(names, n)
	}
	slices.Sort(names)
	all := sha256.New()
	a := &assets{files: map[string]asset{}}
	for _, n := range names {
		sum := sha256.Sum256(plain[n])
		fmt.Fprintf(all, "%s %x\n", n, sum)
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(plain[n]); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		kind := mime.TypeByExtension(path.Ext(n))
		switch path.Ext(n) {
		case ".js":
			kind = "text/javascript; charset=utf-8"
			if !laterModule(plain, n) {
				a.modules = append(a.modules, n)
			}
		case ".css":
			kind = "text/css; charset=utf-8"
		case ".svg":
			kind = "image/svg+xml"
		}
		a.files[n] = asset{kind: kind, plain: plain[n], gzip: z.Bytes(), etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	a.prefix = AssetPath + hex.EncodeToString(all.Sum(nil)[:6]) + "/"
	return a, nil
}

// laterModule reports whether a script is loaded only once it is needed: some other one imports it by a call.
func laterModule(files map[string][]byte, name string) bool {
	for n, text := range files {
		if path.Ext(n) == ".js" && bytes.Contains(text, []byte("import('./"+name+"')")) {
			return true
		}
	}
	return false
}

// Sheets are the addresses of the sheets that the page's route names.
func (r *Request) Sheets() []string {
	var out []string
	for s := range strings.FieldsSeq(r.Styles) {
		if _, ok := r.site.assets.files[s+".css"]; ok {
			out = append(out, r.Asset(s+".css"))
		}
	}
	return out
}

// Asset is the address of a file of the pages: Asset("icons.svg").
func (r *Request) Asset(name string) string { return r.site.assets.prefix + name }

// Modules are the addresses of the scripts, loaded side by side.
func (r *Request) Modules() []string {
	var out []string
	for _, m := range r.site.assets.modules {
		out = append(out, r.Asset(m))
	}
	return out
}

// ServeAssets answers for everything under AssetPath.
func (s *Site) ServeAssets(w http.ResponseWriter, h *http.Request) {
	name, ok := strings.CutPrefix(h.URL.Path, s.assets.prefix)
	f, known := s.assets.files[name]
	if !ok || !known {
		// A page of an older build asks for files of that build: it gets today's, which must not be kept under that name.
		_, name, _ = strings.Cut(strings.TrimPrefix(h.URL.Path, AssetPath), "/")
		if f, known = s.assets.files[name]; !known {
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
	} else {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("ETag", f.etag)
	w.Header().Set("Vary", "Accept-Encoding")
	if h.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	if strings.Contains(h.Header.Get("Accept-Encoding"), "gzip") && len(f.gzip) < len(f.plain) {
		w.Header().Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if h.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// CheckAssets names what the style sheet and the scripts hold, for tests: file names and their bytes.
func CheckAssets() (map[string][]byte, error) {
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for n, f := range a.files {
		out[n] = f.plain
	}
	return out, nil
}
