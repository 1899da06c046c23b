package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Answer is a whole, successful answer.
type Answer struct {
	Request *http.Request
	Status  int
	Header  http.Header
	Body    []byte
}

// ResponseError is an answer with a status other than 2xx. It is the cause inside the *errs.Error that Fetch returns.
type ResponseError struct {
	Endpoint string // method, host and path
	Status   int
	Code     string // the source's own word for what went wrong, if it has one
	Message  string // what the source said, shortened
	Header   http.Header
}

func (e *ResponseError) Error() string {
	s := fmt.Sprintf("%s answered %d %s", e.Endpoint, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// CodeOf is the source's own word in the answer that caused an error, or "".
func CodeOf(err error) string {
	var e *ResponseError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// StatusOf is the HTTP status of the answer that caused an error, or 0.
func StatusOf(err error) int {
	var e *ResponseError
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// Fetch sends a request and returns its answer, or an *errs.Error: Denied for 401 and 403, NotFound for 404 and 410,
// Exhausted for 429, Unavailable for 5xx and transport faults, Invalid for the rest.
func Fetch(ctx context.Context, client *http.Client, req *http.Request) (*Answer, error) {
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}
		return nil, transportError(ctx, req, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "%s: the answer is cut off", endpoint(req))
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, statusError(req, resp, body)
	}
	return &Answer{Request: req, Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// transportError takes off net/http's wrapping, which prints the whole URL.
func transportError(ctx context.Context, req *http.Request, err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var known *errs.Error
	switch {
	case ctx.Err() != nil:
		return errs.As(errs.Unavailable, ctx.Err(), "%s was given up", endpoint(req))
	case errors.As(err, &known) && error(known) == err: //nolint:errorlint // is it the outermost one?
		return known
	case errors.As(err, &known):
		return errs.Wrap(err, "%s", endpoint(req))
	}
	return errs.As(errs.Unavailable, err, "%s", endpoint(req))
}

func statusError(req *http.Request, resp *http.Response, body []byte) error {
	code, text := said(resp.Header, body)
	e := &ResponseError{Endpoint: endpoint(req), Status: resp.StatusCode, Code: code, Message: text, Header: resp.Header}
	out := &errs.Error{Kind: errs.Invalid, Err: e}
	switch s := resp.StatusCode; {
	case s == http.StatusUnauthorized:
		out.Kind, out.Hint = errs.Denied, "check that the credential is complete and has not expired or been revoked"
	case s == http.StatusForbidden:
		out.Kind, out.Hint = errs.Denied, "give the credential the right to read this"
		if p := resp.Header.Get("X-Accepted-GitHub-Permissions"); p != "" {
			out.Hint = "the source asks for the permission " + p
		}
	case s == http.StatusNotFound, s == http.StatusGone:
		out.Kind = errs.NotFound
	case s == http.StatusTooManyRequests:
		out.Kind, out.Hint = errs.Exhausted, "the source's rate limit is used up; run again later or less often"
	case s >= 500:
		out.Kind, out.Hint = errs.Unavailable, "try again later; if it lasts, look at the source's status page"
	}
	return out
}

// said finds the source's own words in an error document.
func said(h http.Header, body []byte) (code, text string) {
	if m := h.Get("X-BambooHR-Error-Message"); m != "" {
		return "", shorten(m)
	}
	var doc map[string]any
	if json.Unmarshal(body, &doc) != nil {
		return saidInXML(body)
	}
	if inner, ok := doc["error"].(map[string]any); ok { // Google, Microsoft
		doc = inner
	}
	for _, k := range []string{"__type", "status", "code", "errorCode", "error"} {
		if s, ok := doc[k].(string); ok && s != "" {
			code = shorten(s[strings.LastIndexByte(s, '#')+1:]) // AWS may write a name space before it
			break
		}
	}
	for _, k := range []string{"message", "errorSummary", "error_description", "detail", "title", "error"} {
		if s, ok := doc[k].(string); ok && s != "" {
			return code, shorten(s)
		}
	}
	return code, ""
}

// saidInXML is said for AWS's older services.
func saidInXML(body []byte) (code, text string) {
	var doc struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}
	if xml.Unmarshal(body, &doc) != nil {
		return "", ""
	}
	return shorten(doc.Code), shorten(doc.Message)
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const most = 300
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// Decode reads the answer's JSON document, whole and alone, into v.
func (a *Answer) Decode(v any) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return a.unexpected(err)
	}
	return nil
}

func (a *Answer) unexpected(err error) error {
	return errs.As(errs.Invalid, err, "%s: the answer of %d bytes is not the JSON expected", endpoint(a.Request), len(a.Body))
}

// check refuses what encoding/json would quietly pass over: an empty document, null, and text that is not UTF-8.
func (a *Answer) check() error {
	doc := bytes.TrimSpace(a.Body)
	switch {
	case len(doc) == 0:
		return errs.New(errs.Invalid, "%s answered %d without a document", endpoint(a.Request), a.Status)
	case bytes.Equal(doc, []byte("null")):
		return errs.New(errs.Invalid, "%s answered null", endpoint(a.Request))
	case !utf8.Valid(doc):
		return errs.New(errs.Invalid, "%s: the answer is not UTF-8", endpoint(a.Request))
	case doc[0] != '{' && doc[0] != '[':
		return errs.New(errs.Invalid, "%s: the answer is not a JSON document (content type %q)", endpoint(a.Request), a.Header.Get("Content-Type")).
			WithHint("check the address: a sign-in page or a proxy may have answered")
	}
	return nil
}

// Row is one record of a list: decoded, and as it came.
type Row[T any] struct {
	Value T
	Raw   string
}

// UnmarshalJSON decodes the record and keeps its bytes.
func (r *Row[T]) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return errors.New("a record is null")
	}
	r.Raw = string(b)
	return json.Unmarshal(b, &r.Value)
}

// EachRow reads the answer as a JSON array and hands on its records one by one, until each returns false or an error; it
// reports whether it came to the end. The array's form is checked first and whole, the records as they are decoded: this
// is Decode into []Row[T] at half the price, or less where the first few records are enough.
func EachRow[T any](a *Answer, each func(Row[T]) (bool, error)) (bool, error) {
	if err := a.check(); err != nil {
		return false, err
	}
	records, err := splitArray(a.Body)
	if err != nil {
		return false, a.unexpected(err)
	}
	for _, r := range records {
		var row Row[T]
		if err := row.UnmarshalJSON(r); err != nil {
			return false, a.unexpected(err)
		}
		if more, err := each(row); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// Rows reads the answer as a JSON array of records.
func Rows[T any](a *Answer) ([]Row[T], error) {
	var rows []Row[T]
	_, err := EachRow(a, func(r Row[T]) (bool, error) {
		rows = append(rows, r)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// GetJSON sends a request, decodes its answer into v, and returns the headers. For the bytes of a record, decode into
// Row or json.RawMessage.
func GetJSON(ctx context.Context, client *http.Client, req *http.Request, v any) (http.Header, error) {
	a, err := Fetch(ctx, client, req)
	if err != nil {
		return nil, err
	}
	return a.Header, a.Decode(v)
}
