package event

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// TooLong is why a record that is longer than MaxRecord is refused; of such a one only the beginning is given.
const TooLong = "the record is longer than 1024 KiB"

// longShown is how much of a record that is too long is given: enough to see what it is.
const longShown = 4 << 10

// zstdMemory bounds what a zstd window may ask for.
const zstdMemory = 64 << 20

// Each reads records: JSON lines, a JSON array, or CloudTrail's object with the list Records; plain, gzip or zstd. It gives every
// record, or the reason why one cannot be one; give owns the bytes. What ends the reading is an error: the form of an array that is
// broken, a packed file that is cut off.
func Each(in io.Reader, give func(record []byte, fault string) error) error {
	return eachWithin(in, math.MaxInt64, give)
}

// eachWithin is Each of what has at most so many bytes when it is unpacked: what is skipped costs time too.
func eachWithin(in io.Reader, most int64, give func(record []byte, fault string) error) error {
	r, err := unpacked(bufio.NewReaderSize(in, 64<<10))
	if err != nil {
		return errs.As(errs.Invalid, err, "it cannot be unpacked")
	}
	r = bufio.NewReaderSize(&within{r, most}, 64<<10)
	first, err := firstByte(r)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	head, err := r.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if first == '[' || recordsForm(head) {
		return array(r, first != '[', give)
	}
	if eventList(head) {
		return items(r, give)
	}
	return lines(r, give)
}

// Unpacked reads what gzip and zstd hold, and other files as they are.
func Unpacked(in io.Reader) (io.Reader, error) {
	r, err := unpacked(bufio.NewReaderSize(in, 64<<10))
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "it cannot be unpacked")
	}
	return r, nil
}

// within ends the reading of what unpacks to too much.
type within struct {
	r    io.Reader
	left int64
}

func (w *within) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, errs.New(errs.Invalid, "unpacked it is too large").At(TooMuch).WithHint("Send it in several batches.")
	}
	n, err := w.r.Read(p[:min(int64(len(p)), w.left)])
	w.left -= int64(n)
	return n, err
}

// unpacked reads what gzip and zstd hold, and other files as they are.
func unpacked(r *bufio.Reader) (*bufio.Reader, error) {
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z, 64<<10), nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMemory))
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z.IOReadCloser(), 64<<10), nil
	}
	return r, nil
}

// firstByte skips white space, and the mark some programs put before UTF-8.
func firstByte(r *bufio.Reader) (byte, error) {
	if mark, err := r.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		if _, err := r.Discard(3); err != nil {
			return 0, err
		}
	}
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, r.UnreadByte()
		}
	}
}

// recordsForm tells a CloudTrail file, one object with the list Records, from JSON lines.
func recordsForm(head []byte) bool {
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"Records"`))
	rest, colon := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
	return ok && colon && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("["))
}

// eventList tells an EventList of Kubernetes, which its API server posts, from JSON lines.
func eventList(head []byte) bool {
	return listHead.Match(head)
}

var listHead = regexp.MustCompile(`^\{\s*("apiVersion"\s*:\s*"audit\.k8s\.io/[a-z0-9]+"\s*,\s*)?"kind"\s*:\s*"EventList"`)

// items reads the list items of an object; what else it holds is about the list.
func items(r io.Reader, give func([]byte, string) error) error {
	b := &bound{r: r, left: 2 * MaxRecord}
	dec := json.NewDecoder(b)
	if _, err := dec.Token(); err != nil {
		return broken(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return broken(err)
		}
		if name != "items" {
			var other json.RawMessage
			if err := dec.Decode(&other); err != nil {
				return broken(err)
			}
			continue
		}
		start, err := dec.Token()
		if err != nil {
			return broken(err)
		}
		if start == nil { // null: a list of nothing
			continue
		}
		if start != json.Delim('[') {
			return errs.New(errs.Invalid, "the items of the list are no list")
		}
		if err := members(dec, b, give); err != nil {
			return err
		}
		if _, err := dec.Token(); err != nil {
			return broken(err)
		}
	}
	_, err := dec.Token()
	return broken(err)
}

// lines reads JSON lines. A line that is too long is skipped to its end without being held in memory.
func lines(r *bufio.Reader, give func([]byte, string) error) error {
	var line []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > MaxRecord+2 {
			long = true
			line = line[:min(len(line), longShown)]
		} else {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			fault := ""
			if long {
				fault = TooLong
			}
			if err := give(bytes.Clone(text), fault); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
		line, long = line[:0], false
	}
}

// bound ends the reading when one record takes more than its share, so that a file cannot fill the memory.
type bound struct {
	r    io.Reader
	left int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errs.New(errs.Invalid, "%s", TooLong).WithHint("Send records as JSON lines: then one that is too long is put aside alone.")
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// array reads a JSON array, or the one under "Records". What is wrong with the form of an array ends it: the rest cannot be read.
func array(r io.Reader, records bool, give func([]byte, string) error) error {
	b := &bound{r: r, left: 2 * MaxRecord}
	dec := json.NewDecoder(b)
	opening := 1
	if records {
		opening = 3
	}
	for range opening {
		if _, err := dec.Token(); err != nil {
			return broken(err)
		}
	}
	if err := members(dec, b, give); err != nil {
		return err
	}
	_, err := dec.Token()
	return broken(err)
}

// members gives what is left of a list.
func members(dec *json.Decoder, b *bound, give func([]byte, string) error) error {
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return broken(err)
		}
		b.left = 2 * MaxRecord
		fault := ""
		if len(raw) > MaxRecord {
			raw, fault = raw[:longShown], TooLong
		}
		if err := give(bytes.Clone(raw), fault); err != nil {
			return err
		}
	}
	return nil
}

func broken(err error) error {
	if err == nil || errs.KindOf(err) != errs.Internal {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errs.New(errs.Invalid, "the list of records is cut off")
	}
	return errs.As(errs.Invalid, err, "the list of records is no JSON")
}
