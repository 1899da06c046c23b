package file

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// newText reads text as UTF-8: files in UTF-8, with or without a byte order mark, and in UTF-16 with one. Anything else
// is refused at the first byte that shows it.
func newText(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	start, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errs.As(errs.Unavailable, err, "read the file")
	}
	skip := func(n int) { _, _ = br.Discard(n) } // what was peeked can be discarded
	switch {
	case len(start) >= 3 && string(start[:3]) == "\xef\xbb\xbf":
		skip(3)
		return &utf8Reader{r: br, offset: 3}, nil
	case len(start) >= 4 && (string(start) == "\xff\xfe\x00\x00" || string(start) == "\x00\x00\xfe\xff"):
		return nil, encodingError(0, "UTF-32")
	case len(start) >= 2 && string(start[:2]) == "\xff\xfe":
		skip(2)
		return &utf16Reader{r: br, order: binary.LittleEndian, offset: 2}, nil
	case len(start) >= 2 && string(start[:2]) == "\xfe\xff":
		skip(2)
		return &utf16Reader{r: br, order: binary.BigEndian, offset: 2}, nil
	}
	return &utf8Reader{r: br}, nil
}

func encodingError(offset int64, what string) error {
	return errs.New(errs.Invalid, "the file is not UTF-8 at byte %d: %s", offset, what).WithHint("save it again as CSV UTF-8")
}

// utf8Reader passes UTF-8 through and stops at what is none.
type utf8Reader struct {
	r      io.Reader
	offset int64  // of the next byte in the file
	part   []byte // beginning of a character cut by the end of a read
}

// Read is io.Reader's. p must hold at least one character.
func (u *utf8Reader) Read(p []byte) (int, error) {
	if len(p) < utf8.UTFMax {
		return 0, io.ErrShortBuffer
	}
	n := copy(p, u.part)
	u.part = u.part[:0]
	m, err := u.r.Read(p[n:])
	n += m
	good := 0
	for good < n {
		if p[good] == 0 {
			return good, encodingError(u.offset+int64(good), "a zero byte")
		}
		if p[good] < utf8.RuneSelf {
			good++
			continue
		}
		if !utf8.FullRune(p[good:n]) && err == nil {
			break
		}
		c, size := utf8.DecodeRune(p[good:n])
		if c == utf8.RuneError && size <= 1 {
			u.offset += int64(good)
			return good, encodingError(u.offset, "a byte of another encoding")
		}
		good += size
	}
	u.part = append(u.part, p[good:n]...)
	u.offset += int64(good)
	return good, err
}

// utf16Reader turns UTF-16 into UTF-8.
type utf16Reader struct {
	r      *bufio.Reader
	order  binary.ByteOrder
	offset int64
	out    []byte // decoded, not yet read
	err    error  // that ended the text
}

func (u *utf16Reader) unit() (rune, error) {
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = encodingError(u.offset, "half a character of UTF-16")
		}
		return 0, err
	}
	u.offset += 2
	return rune(u.order.Uint16(b[:])), nil
}

// Read is io.Reader's.
func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) < len(p) && u.err == nil {
		c, err := u.unit()
		if err == nil && utf16.IsSurrogate(c) {
			var low rune
			at := u.offset - 2
			if low, err = u.unit(); err == nil || errors.Is(err, io.EOF) {
				if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
					err = encodingError(at, "half a character of UTF-16")
				}
			}
		}
		if err == nil && c == 0 {
			err = encodingError(u.offset-2, "a zero character")
		}
		if u.err = err; err != nil {
			break // what is decoded comes first
		}
		u.out = utf8.AppendRune(u.out, c)
	}
	if len(u.out) == 0 {
		return 0, u.err
	}
	n := copy(p, u.out)
	u.out = append(u.out[:0], u.out[n:]...)
	return n, nil
}
