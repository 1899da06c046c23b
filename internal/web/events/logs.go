package events

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/otlp"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// LogsPaths are where OpenTelemetry posts logs. Exporters put /v1/logs behind the endpoint they are told: the address of the server,
// or that with /intake where a proxy lets nothing else through.
var LogsPaths = []string{"/v1/logs", "/intake/v1/logs"}

// Bounds of a request, beside those of batches.
const (
	logsUnpacked = 16 << 20 // of the body
	logsMost     = 32 << 20 // of its records
	logsAtOnce   = 4        // read at the same time
	logsWait     = 5 * time.Second
	lotBytes     = 6 << 20 // kept at once
	lotRecords   = 20_000
	codeInvalid  = 3 // of google.rpc.Code
	codeExhaust  = 8
	codeInternal = 13
	codeDenied   = 16
)

var logsPlaces = make(chan struct{}, logsAtOnce)

// ServeLogs takes one ExportLogsServiceRequest (OTLP/HTTP). What cannot be read is put aside and told as a partial success, which the
// sender must not send again.
func (h *Handler) ServeLogs(w http.ResponseWriter, r *http.Request) {
	now, ref := h.Clock(), id.Secret(10)
	w.Header().Set("Request-Id", ref)
	w.Header().Set("Cache-Control", "no-store")
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isJSON := kind == "application/json"
	answer := func(status int, body []byte) {
		w.Header().Set("Content-Type", map[bool]string{true: "application/json", false: "application/x-protobuf"}[isJSON])
		w.WriteHeader(status)
		if _, err := w.Write(body); err != nil { //nolint:gosec // JSON or protobuf by its type, for a program
			h.Log.Warn("a sender did not hear the answer", "error", err)
		}
	}
	if err != nil || !isJSON && kind != "application/x-protobuf" {
		isJSON = true
		answer(http.StatusUnsupportedMediaType, otlp.Fault(true, codeInvalid, "send application/x-protobuf or application/json"))
		return
	}
	receipt, err := h.takeLogs(w, r, isJSON, now)
	if err == nil {
		why := ""
		if receipt.Refused > 0 {
			why = strconv.FormatInt(receipt.Refused, 10) + " records could not be read and are kept apart: tickmark event quarantine list"
		}
		answer(http.StatusOK, otlp.Answer(isJSON, receipt.Refused, why))
		return
	}
	status, p := h.judge(w, ref, err)
	code := int32(codeInvalid)
	switch {
	case status == http.StatusInsufficientStorage: // exporters try again after 503, not after 507
		status, code = http.StatusServiceUnavailable, codeExhaust
	case status == http.StatusTooManyRequests:
		code = codeExhaust
	case status == http.StatusInternalServerError: // the same
		status, code = http.StatusServiceUnavailable, codeInternal
	case status >= http.StatusInternalServerError:
		code = codeInternal
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		code = codeDenied
	}
	answer(status, otlp.Fault(isJSON, code, strings.TrimSpace(p.Error+". "+p.Hint)+" Request "+ref))
}

func (h *Handler) takeLogs(w http.ResponseWriter, r *http.Request, isJSON bool, now time.Time) (event.Receipt, error) {
	var sum event.Receipt
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return sum, errs.As(errs.Internal, err, "the time a batch may take")
	}
	token, ok := bearer(r)
	if !ok {
		return sum, errs.New(errs.Denied, "the token of a source is needed").WithHint("Send it as: Authorization: Bearer tmki_…")
	}
	if err := h.Intake.Known(r.Context(), token, now); err != nil { // before anything is unpacked
		return sum, err
	}
	late := time.NewTimer(logsWait)
	defer late.Stop()
	select {
	case logsPlaces <- struct{}{}:
		defer func() { <-logsPlaces }()
	case <-late.C:
		return sum, event.BusyFor(time.Second, "too many requests for export at once")
	case <-r.Context().Done():
		return sum, r.Context().Err()
	}
	body, err := logsBody(w, r)
	if err != nil {
		return sum, err
	}
	logs, err := otlp.Read(body, isJSON, logsMost)
	if err != nil || len(logs.Records) == 0 {
		return sum, err
	}
	key := r.Header.Get("Idempotency-Key")
	if hash := sha256.Sum256(body); key == "" && logs.Dated {
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
		got, err := h.Intake.Accept(r.Context(), token, mine, &lot, now)
		if err != nil {
			return sum, err
		}
		sum.Accepted, sum.Duplicates, sum.Refused = sum.Accepted+got.Accepted, sum.Duplicates+got.Duplicates, sum.Refused+got.Refused
	}
	return sum, nil
}

// logsBody reads a body, plain or packed with gzip.
func logsBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var in io.Reader = http.MaxBytesReader(w, r.Body, event.MaxBody)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "the body cannot be unpacked")
		}
		in = z
	default:
		return nil, errs.New(errs.Invalid, "the encoding %q is not known", encoding).WithHint("Send gzip or none.")
	}
	body, err := io.ReadAll(io.LimitReader(in, logsUnpacked+1))
	if err == nil && len(body) > logsUnpacked {
		return nil, errs.New(errs.Invalid, "the body is larger than %d MiB", logsUnpacked>>20).At(event.TooMuch).WithHint("Send smaller batches.")
	}
	return body, errs.As(errs.Invalid, err, "the body could not be read to its end")
}
