package otlp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Bounds of a request, beside those of batches.
const (
	MaxBody    = 16 << 20 // unpacked
	most       = 32 << 20 // of its records
	atOnce     = 4        // read at the same time
	placeWait  = 5 * time.Second
	lotBytes   = 6 << 20 // kept at once
	lotRecords = 20_000
)

// places are of all doors together: what is being read is in memory whole.
var places = make(chan struct{}, atOnce)

// Take takes one request for export, over HTTP or gRPC: body reads it, and is asked only once it is known who sends and that there is
// room. What cannot be read is put aside and counted in the answer. The same bytes sent again are the same request if key names it, or
// if every record in them has a time.
func Take(ctx context.Context, in *event.Intake, token, key string, isJSON bool, now time.Time, body func() ([]byte, error)) (event.Receipt, error) {
	var sum event.Receipt
	if err := in.Known(ctx, token, now); err != nil { // before anything is unpacked
		return sum, err
	}
	late := time.NewTimer(placeWait)
	defer late.Stop()
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-late.C:
		return sum, event.BusyFor(time.Second, "too many requests for export at once")
	case <-ctx.Done():
		return sum, ctx.Err()
	}
	text, err := body()
	if err != nil {
		return sum, err
	}
	logs, err := Read(text, isJSON, most)
	if err != nil || len(logs.Records) == 0 {
		return sum, err
	}
	if hash := sha256.Sum256(text); key == "" && logs.Dated {
		key = "otlp " + hex.EncodeToString(hash[:])
	}
	for part, rest := 0, logs.Records; len(rest) > 0; part++ {
		var lot bytes.Buffer
		n := 0
		for n < len(rest) && n < lotRecords && (n == 0 || lot.Len()+len(rest[n]) < lotBytes) {
			lot.Write(rest[n])
			lot.WriteByte('\n')
			n++
		}
		rest = rest[n:]
		mine := key
		if key != "" && part > 0 {
			mine += "/" + strconv.Itoa(part)
		}
		got, err := in.Accept(ctx, token, mine, &lot, now)
		if err != nil {
			return sum, err
		}
		sum.Accepted, sum.Duplicates, sum.Refused = sum.Accepted+got.Accepted, sum.Duplicates+got.Duplicates, sum.Refused+got.Refused
	}
	return sum, nil
}

// Partial says in words that records were put aside; empty if none was.
func Partial(r event.Receipt) string {
	if r.Refused == 0 {
		return ""
	}
	return strconv.FormatInt(r.Refused, 10) + " records could not be read and are kept apart: tickmark event quarantine list"
}
