package page

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// File is a file that somebody sent with a form. What the browser said about its type is not kept: the content decides.
type File struct {
	Name string // for people to read, without path, control and direction characters; never a path of ours
	Size int64

	header *multipart.FileHeader
}

// Open reads the file from its beginning. The caller closes it.
func (f *File) Open() (io.ReadSeekCloser, error) {
	body, err := f.header.Open()
	return body, errs.As(errs.Unavailable, err, "open the file that was sent")
}

// Content reads the whole file. The size was checked against the limit of Upload.
func (f *File) Content() ([]byte, error) {
	body, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b := bytes.NewBuffer(make([]byte, 0, f.Size))
	_, err = io.Copy(b, io.LimitReader(body, f.Size))
	return b.Bytes(), errs.As(errs.Unavailable, err, "read the file that was sent")
}

// Upload is the file of a field of a form, nil if none was chosen. What is wrong with it stands at the field afterwards:
// more than one, empty, or more than limit bytes. The route must set Body to at least limit and a mebibyte for the rest.
func (r *Request) Upload(f *Form, field string, limit int64) (*File, error) {
	all, err := r.Uploads(f, field, limit, 1)
	if len(all) == 0 {
		return nil, err
	}
	return all[0], err
}

// Uploads are the files of a field, at most count.
func (r *Request) Uploads(f *Form, field string, limit int64, count int) ([]*File, error) {
	if r.HTTP.MultipartForm == nil {
		if r.HTTP.Method != http.MethodPost {
			return nil, errs.New(errs.Internal, "files come with POST")
		}
		return nil, nil // a form that was kept over a sign-in comes back without its files
	}
	var out []*File
	for _, h := range r.HTTP.MultipartForm.File[field] {
		name := CleanName(h.Filename)
		switch {
		case h.Filename == "" && h.Size == 0: // a field without a file
			continue
		case h.Size == 0:
			f.Wrong(field, name+" is empty (0 bytes). Choose a file with something in it.")
		case h.Size > limit:
			f.Wrong(field, name+" has "+Bytes(h.Size)+"; at most "+Bytes(limit)+" are taken. Split it, or keep it where it is and add a link to it.")
		case len(out) == count:
			f.Wrong(field, "Choose at most "+Plural(count, "file", "files")+".")
		default:
			out = append(out, &File{Name: name, Size: h.Size, header: h})
		}
	}
	if f.Errors[field] != "" {
		return nil, nil
	}
	return out, nil
}

// uploadMemory is how much of a form with files is held in memory, in bytes; larger files go to temporary files.
const uploadMemory = 256 << 10

// BodyTime bounds how long the body of a form with files may take to arrive.
const BodyTime = 10 * time.Minute

// ParseBody reads the body of a POST, a form with files or without. What stands on disk afterwards goes with DropBody.
func ParseBody(w http.ResponseWriter, h *http.Request) error {
	kind, _, _ := mime.ParseMediaType(h.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		if err := h.ParseForm(); err != nil {
			return BodyError(err)
		}
		return nil
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(BodyTime)) // where the connection knows deadlines
	err := h.ParseMultipartForm(uploadMemory)                                   //nolint:gosec // the door has put a MaxBytesReader around the body
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errs.Hinted(errs.As(errs.Invalid, err, "the upload broke off before its end"), "Nothing was stored. Send it again.")
	}
	return BodyError(err)
}

// DropBody removes the temporary files of a request.
func DropBody(h *http.Request) {
	if h.MultipartForm != nil {
		_ = h.MultipartForm.RemoveAll() // what is left over goes with the folder of temporary files
	}
}

// DiskFull reports whether an error came from a disk without room.
func DiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// nameLength bounds the name of a file, in characters.
const nameLength = 160

// reserved are names that mean devices on some systems, whatever their ending.
var reserved = []string{"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// CleanName makes the name of a sent file fit to be shown: no folder, nothing that hides or turns characters, not longer
// than 160 characters with its ending kept, and never empty.
func CleanName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(c rune) rune {
		switch {
		case c == unicode.ReplacementChar, unicode.IsControl(c), c == '\u2028', c == '\u2029':
			return -1
		case unicode.Is(unicode.Cf, c) && c != '\u200d': // the joiner holds emoji together
			return -1
		case unicode.IsSpace(c):
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	s = strings.Trim(s, " .")
	ending := path.Ext(s)
	if len([]rune(ending)) > 16 {
		ending = ""
	}
	stem := []rune(strings.TrimSuffix(s, ending))
	if most := nameLength - len([]rune(ending)); len(stem) > most {
		stem = stem[:most]
	}
	if s = string(stem) + ending; s == "" {
		return "file"
	}
	device, _, _ := strings.Cut(strings.ToLower(s), ".")
	if slices.Contains(reserved, strings.TrimSpace(device)) {
		return "_" + s
	}
	return s
}
