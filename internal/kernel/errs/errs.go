// Package errs is the program's one error type: a kind that decides HTTP status, exit code and metric label, a
// message for a human, and a hint that names the next step.
package errs

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind says what sort of failure happened, from the point of view of whoever has to act on it.
type Kind uint8

// The seven kinds. The zero value is Internal so that an unlabelled failure is never mistaken for the caller's fault.
const (
	Internal    Kind = iota // a fault of the program
	Invalid                 // the input is wrong; the caller can mend it
	NotFound                // the thing named does not exist in this organisation
	Conflict                // the thing changed meanwhile, or exists already
	Denied                  // not signed in, or no right
	Unavailable             // something we depend on does not answer; try again later
	Exhausted               // a limit is reached: rate, size, memory, disk, time
)

// kinds holds everything that follows from a kind, so that web, command line and metrics can never disagree.
var kinds = [...]struct {
	label  string
	status int
	exit   int
}{
	Internal:    {"internal", http.StatusInternalServerError, 1},
	Invalid:     {"invalid", http.StatusBadRequest, 2},
	NotFound:    {"not_found", http.StatusNotFound, 1},
	Conflict:    {"conflict", http.StatusConflict, 1},
	Denied:      {"denied", http.StatusForbidden, 5},
	Unavailable: {"unavailable", http.StatusServiceUnavailable, 1},
	Exhausted:   {"exhausted", http.StatusTooManyRequests, 1},
}

// String is the metric label of the kind.
func (k Kind) String() string { return kinds[k].label }

// HTTPStatus is the response status a failure of this kind maps to.
func (k Kind) HTTPStatus() int { return kinds[k].status }

// ExitCode is the process exit code a failure of this kind maps to.
func (k Kind) ExitCode() int { return kinds[k].exit }

// Error is a failure with a kind, a message that names the thing and the place, and optionally a hint and a cause.
type Error struct {
	Kind  Kind
	Msg   string
	Hint  string
	Field string // the form field or argument at fault, if the failure belongs to one
	Err   error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	if e.Msg == "" {
		return e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// WithHint returns the error with the next step for whoever reads it.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Hinted adds the next step to any error; nil stays nil.
func Hinted(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Err: err}
	} else if outer := error(e); outer != err { //nolint:errorlint // is it the outermost one?
		e = &Error{Kind: e.Kind, Field: e.Field, Err: err}
	}
	return e.WithHint(format, args...)
}

// At returns the error tied to a field of a form or an argument of a command.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// New makes an error of the given kind.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// Changed is the Conflict of a form that was written over a version that is not the newest any more. The cause holds what is kept
// now, for a page to show both texts.
func Changed(ref string, theirs error) error {
	e := New(Conflict, "%s was changed meanwhile", ref).WithHint("Compare with what is saved now, and send again to overwrite it.")
	e.Err = theirs
	return e
}

// Wrap adds a message to a cause and keeps the cause's kind, hint and field; a cause without a kind becomes Internal.
// It returns nil for a nil cause.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Msg: fmt.Sprintf(format, args...), Hint: HintOf(err), Field: FieldOf(err), Err: err}
}

// As gives a cause a kind and a message. It returns nil for a nil cause.
func As(k Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), Hint: HintOf(err), Field: FieldOf(err), Err: err}
}

// AtField names the field of a form that an error is about, and keeps everything else of it. It returns nil for nil.
func AtField(err error, field string) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Hint: HintOf(err), Field: field, Err: err}
}

// KindOf is the kind of the outermost *Error in err's chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err has the kind.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// HintOf is the first hint in err's chain, or "".
func HintOf(err error) string { return first(err, func(e *Error) string { return e.Hint }) }

// FieldOf is the first field named in err's chain, or "".
func FieldOf(err error) string { return first(err, func(e *Error) string { return e.Field }) }

func first(err error, get func(*Error) string) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if s := get(e); s != "" {
			return s
		}
		err = e.Err
	}
	return ""
}
