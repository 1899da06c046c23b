package syslog

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// MaxMessage is the longest message that is taken. RFC 5425 asks for 8 KiB at least; with its header and the form of a record it
// stays below what a record may have.
const MaxMessage = 128 << 10

// errFrame ends a connection whose messages cannot be told apart any more.
var errFrame = errs.New(errs.Invalid, "the lengths of messages cannot be read any more")

// errLong is a message that is longer than MaxMessage; what comes after it can be read.
var errLong = errs.New(errs.Invalid, "a message is longer than 128 KiB")

// frames tells the messages of a stream apart: by their length before them, or by line breaks (RFC 6587). Which of the two it is, is
// decided by how the first begins, and holds for the connection.
type frames struct {
	r       *bufio.Reader
	began   bool
	counted bool
}

// maxDigits is how long the length of a message may be.
const maxDigits = 7

// next gives the next message; it is valid until the next call. io.EOF is the end; a last line without its break is a message.
func (f *frames) next() ([]byte, error) {
	if !f.began {
		var err error
		if f.counted, err = f.begins(); err != nil {
			return nil, err
		}
		f.began = true
	}
	if f.counted {
		return f.byLength()
	}
	return f.byLine()
}

// begins says whether a number, a space and the beginning of a message come first.
func (f *frames) begins() (counted bool, err error) {
	for n := 1; n <= maxDigits+2; n++ {
		head, err := f.r.Peek(n)
		if err != nil && len(head) < n {
			if errors.Is(err, io.EOF) && len(head) > 0 {
				return false, nil
			}
			return false, err
		}
		switch c := head[n-1]; {
		case c >= '0' && c <= '9' && n <= maxDigits && (n > 1 || c != '0'):
			continue
		case c == ' ' && n > 1:
			continue
		default:
			return c == '<' && n > 2 && head[n-2] == ' ', nil
		}
	}
	return false, nil
}

func (f *frames) byLength() ([]byte, error) {
	n := 0
	for i := 0; ; i++ {
		c, err := f.r.ReadByte()
		switch {
		case err != nil && i == 0:
			return nil, err
		case err != nil:
			return nil, io.ErrUnexpectedEOF
		case i == 0 && (c == '\n' || c == '\r'): // some put a line break behind each all the same
			i--
			continue
		case c >= '0' && c <= '9' && i < maxDigits && (i > 0 || c != '0'):
			n = n*10 + int(c-'0')
			continue
		case c != ' ' || i == 0:
			return nil, errFrame
		}
		break
	}
	if n > MaxMessage {
		if _, err := f.r.Discard(n); err != nil {
			return nil, err
		}
		return nil, errLong
	}
	out := make([]byte, n)
	if _, err := io.ReadFull(f.r, out); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return out, nil
}

func (f *frames) byLine() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := f.r.ReadSlice('\n')
		if long = long || len(line)+len(part) > MaxMessage+2; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long) {
			return nil, err
		}
		if long {
			return nil, errLong
		}
		return bytes.TrimRight(line, "\r\n\x00"), nil
	}
}
