// Package events is the door for programs that send events: the token of a source, a batch, an answer in JSON. No session, no
// cookie and no form comes through it.
package events

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Path is where batches are posted.
const Path = "/intake/v1/events"

// bodyTime is how long a batch may take to arrive: 16 MiB at 1 Mbit/s, and some.
const bodyTime = 3 * time.Minute

// Handler takes batches.
type Handler struct {
	Intake *event.Intake
	Clock  func() time.Time
	Log    *slog.Logger
}

// ServeHTTP takes one batch.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now, ref := h.Clock(), id.Secret(10)
	w.Header().Set("Request-Id", ref)
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		h.fail(w, ref, errs.As(errs.Internal, err, "the time a batch may take"))
		return
	}
	token, ok := bearer(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Tickmark intake"`)
		h.answer(w, http.StatusUnauthorized, problem{Error: "the token of a source is needed", Hint: "Send it as: Authorization: Bearer tmki_…", Request: ref})
		return
	}
	body := http.MaxBytesReader(w, r.Body, event.MaxBody+1)
	receipt, err := h.Intake.Accept(r.Context(), token, r.Header.Get("Idempotency-Key"), body, now)
	if err != nil {
		h.fail(w, ref, err)
		return
	}
	h.answer(w, http.StatusOK, receipt)
}

func bearer(r *http.Request) (string, bool) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(kind, "Bearer") && token != ""
}

// problem is how a sender is told what is wrong.
type problem struct {
	Error   string `json:"error"`
	Hint    string `json:"hint,omitempty"`
	Field   string `json:"field,omitempty"`
	Request string `json:"request"`
}

// fail answers with an error. What is the program's own fault is not described to a sender; the log has it under the reference.
func (h *Handler) fail(w http.ResponseWriter, ref string, err error) {
	status, p := h.judge(w, ref, err)
	h.answer(w, status, p)
}

// judge says what a sender is answered, and sets the headers that go with it.
func (h *Handler) judge(w http.ResponseWriter, ref string, err error) (int, problem) {
	p := problem{err.Error(), errs.HintOf(err), errs.FieldOf(err), ref}
	status := errs.KindOf(err).HTTPStatus()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), p.Field == event.TooMuch:
		status = http.StatusRequestEntityTooLarge
	case p.Field == event.DiskFull:
		status = http.StatusInsufficientStorage
		w.Header().Set("Retry-After", "60")
		p.Error, p.Hint = "the disk of this installation is full; nothing of the batch was kept", "Send the same batch again later, under the same Idempotency-Key."
	case errs.KindOf(err) == errs.Denied && !strings.Contains(p.Error, "paused"):
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="Tickmark intake"`)
	}
	if after := event.RetryAfter(err); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
	if status >= http.StatusInternalServerError {
		h.Log.Error("a batch of events was not taken", "request", ref, "error", err)
		if status == http.StatusInternalServerError {
			p.Error, p.Hint = "a fault of the program", "Send the same batch again under the same Idempotency-Key; the log has the fault under the request."
		}
	}
	return status, p
}

func (h *Handler) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		h.Log.Warn("a sender did not hear the answer", "error", err)
	}
}
