package events

import (
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
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

// Codes of google.rpc.Code.
const (
	codeInvalid  = 3
	codeExhaust  = 8
	codeInternal = 13
	codeDenied   = 16
)

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
		answer(http.StatusOK, otlp.Answer(isJSON, receipt.Refused, otlp.Partial(receipt)))
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
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return event.Receipt{}, errs.As(errs.Internal, err, "the time a batch may take")
	}
	token, ok := bearer(r)
	if !ok {
		return event.Receipt{}, errs.New(errs.Denied, "the token of a source is needed").WithHint("Send it as: Authorization: Bearer tmki_…")
	}
	return otlp.Take(r.Context(), h.Intake, token, r.Header.Get("Idempotency-Key"), isJSON, now, func() ([]byte, error) { return logsBody(w, r) })
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
	body, err := io.ReadAll(io.LimitReader(in, otlp.MaxBody+1))
	if err == nil && len(body) > otlp.MaxBody {
		return nil, errs.New(errs.Invalid, "the body is larger than %d MiB", otlp.MaxBody>>20).At(event.TooMuch).WithHint("Send smaller batches.")
	}
	return body, errs.As(errs.Invalid, err, "the body could not be read to its end")
}
