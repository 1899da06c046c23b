package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
)

// Size of a batch of a file: well below what a server takes at once.
const (
	cutBytes   = 6 << 20
	cutRecords = 20_000
)

// Cut cuts a file of events into batches of JSON lines, and gives what became of all of them. left is told of each record that cannot
// be one; it is not sent, since the file still has it, and counts as refused.
func Cut(in io.Reader, take func(batch []byte) (Receipt, error), left func(number int64, fault string) error) (total Receipt, err error) {
	var body bytes.Buffer
	var n, number int64
	flush := func() error {
		if n == 0 {
			return nil
		}
		r, err := take(bytes.Clone(body.Bytes()))
		total.Accepted, total.Duplicates, total.Refused = total.Accepted+r.Accepted, total.Duplicates+r.Duplicates, total.Refused+r.Refused
		body.Reset()
		n = 0
		return err
	}
	err = Each(in, func(record []byte, fault string) error {
		number++
		if fault != "" {
			total.Refused++
			return left(number, fault)
		}
		// A list may hold records over several lines; a batch is of one a line. Nothing else of them is changed.
		if bytes.ContainsAny(record, "\r\n") {
			var flat bytes.Buffer
			if json.Compact(&flat, record) == nil {
				record = flat.Bytes()
			}
		}
		body.Write(record)
		body.WriteByte('\n')
		if n++; n >= cutRecords || body.Len() >= cutBytes {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return total, err
}

// FileKey names a batch of a file by what is in it, so that one sent twice is known.
func FileKey(batch []byte) string {
	sum := sha256.Sum256(batch)
	return "file " + hex.EncodeToString(sum[:])
}
