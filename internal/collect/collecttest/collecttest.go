// Package collecttest holds what the tests of all connectors share: a sink in memory and the laws every connector keeps.
package collecttest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Total is what a connector said a source counts.
type Total struct {
	N   int64
	How string
}

// Sink keeps everything in memory. The zero value is ready. EmitErr, if set, is what Emit answers.
type Sink struct {
	EmitErr error

	mu       sync.Mutex
	facts    map[string][]collect.Fact
	pages    map[string]map[string]int
	totals   map[string][]Total
	failures map[string][]error
	notes    map[string][]string
	marks    map[string]collect.Mark
}

var _ collect.Sink = (*Sink)(nil)

func put[V any](m *map[string][]V, k string, v V) {
	if *m == nil {
		*m = map[string][]V{}
	}
	(*m)[k] = append((*m)[k], v)
}

// Emit keeps a fact. Emit, Page, Total, Failed and Note are those of collect.Sink.
func (s *Sink) Emit(f collect.Fact) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.EmitErr != nil {
		return s.EmitErr
	}
	put(&s.facts, f.Resource(), f)
	return nil
}

// Page counts an answered request.
func (s *Sink) Page(resource, endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages == nil {
		s.pages = map[string]map[string]int{}
	}
	if s.pages[resource] == nil {
		s.pages[resource] = map[string]int{}
	}
	s.pages[resource][endpoint]++
}

// Total keeps a source's own count.
func (s *Sink) Total(resource string, n int64, how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	put(&s.totals, resource, Total{n, how})
}

// Failed keeps a failure.
func (s *Sink) Failed(resource string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	put(&s.failures, resource, err)
}

// Note keeps a remark.
func (s *Sink) Note(resource, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	put(&s.notes, resource, text)
}

// Mark keeps up to where a stream was read.
func (s *Sink) Mark(m collect.Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks == nil {
		s.marks = map[string]collect.Mark{}
	}
	s.marks[m.Stream] = m
}

// Marks are up to where streams were read.
func (s *Sink) Marks() map[string]collect.Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.marks)
}

// Facts are the rows of a resource in the order of their keys.
func (s *Sink) Facts(resource string) []collect.Fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.facts[resource])
	slices.SortStableFunc(out, func(a, b collect.Fact) int { return strings.Compare(a.Key(), b.Key()) })
	return out
}

// Count is how many rows of all resources came.
func (s *Sink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, f := range s.facts {
		n += len(f)
	}
	return n
}

// Of are the rows of T's resource in the order of their keys.
func Of[T collect.Fact](s *Sink) []T {
	var zero T
	var out []T
	for _, f := range s.Facts(zero.Resource()) {
		out = append(out, f.(T)) //nolint:forcetypeassert // the resource's type
	}
	return out
}

// ByKey is the row of T's resource with the key; the test fails without it.
func ByKey[T collect.Fact](t testing.TB, s *Sink, key string) T {
	t.Helper()
	for _, f := range Of[T](s) {
		if f.Key() == key {
			return f
		}
	}
	var zero T
	t.Fatalf("no %s with the key %q", zero.Resource(), key)
	return zero
}

// Same fails the test where the rows of T's resource are not exactly those wanted. Raw does not count.
func Same[T collect.Fact](t testing.TB, s *Sink, want []T) {
	t.Helper()
	var zero T
	plain := func(list []T) map[string]string {
		out := map[string]string{}
		for _, f := range list {
			v := reflect.New(reflect.TypeOf(f).Elem())
			v.Elem().Set(reflect.ValueOf(f).Elem())
			v.Elem().FieldByName("Meta").SetZero()
			b, err := json.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := out[f.Key()]; twice {
				t.Errorf("%s %s comes twice", zero.Resource(), f.Key())
			}
			out[f.Key()] = string(b)
		}
		return out
	}
	got, wanted := plain(Of[T](s)), plain(want)
	wrong := 0
	for _, k := range slices.Sorted(maps.Keys(wanted)) {
		if g, ok := got[k]; !ok || g != wanted[k] {
			if wrong++; wrong <= 5 {
				t.Errorf("%s %s is\n  %s\nwant\n  %s", zero.Resource(), k, g, wanted[k])
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := wanted[k]; !ok {
			if wrong++; wrong <= 5 {
				t.Errorf("%s %s was not wanted: %s", zero.Resource(), k, got[k])
			}
		}
	}
	if wrong > 5 {
		t.Errorf("%s: %d rows are wrong in all, of %d wanted", zero.Resource(), wrong, len(wanted))
	}
}

// Client is an HTTP client as connectors get it that may reach the servers and never really waits: its clock runs from
// that of the options, or from the beginning of 2026, and goes on by the waits alone. Options that bring their own Sleep
// keep both.
func Client(o httpx.Options, servers ...*httptest.Server) *http.Client {
	for _, s := range servers {
		o.AllowPrivate = append(o.AllowPrivate, s.Listener.Addr().String())
	}
	if o.Sleep == nil {
		var slept atomic.Int64
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if o.Now != nil {
			start = o.Now()
		}
		o.Now = func() time.Time { return start.Add(time.Duration(slept.Load())) }
		o.Sleep = func(ctx context.Context, d time.Duration) error {
			slept.Add(int64(d))
			return ctx.Err()
		}
	}
	return httpx.New(o)
}

// Totals are what the source said it has. Totals, Failures, Notes and Pages are what was said of a resource.
func (s *Sink) Totals(resource string) []Total {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.totals[resource])
}

// Failures are the errors of a resource.
func (s *Sink) Failures(resource string) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures[resource])
}

// Notes are the remarks on a resource.
func (s *Sink) Notes(resource string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes[resource])
}

// Pages counts the requests of a resource by endpoint.
func (s *Sink) Pages(resource string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, v := range s.pages[resource] {
		out[k] = v
	}
	return out
}

// NoFailures fails the test for each failure of any resource.
func (s *Sink) NoFailures(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for r, list := range s.failures {
		for _, err := range list {
			t.Errorf("%s failed: %v", r, err)
		}
	}
}

// Reconciled fails the test for each total that differs from the rows, and for each resource named without a total.
func (s *Sink) Reconciled(t testing.TB, must ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for r, totals := range s.totals {
		for _, total := range totals {
			if int64(len(s.facts[r])) != total.N {
				t.Errorf("%s: %d rows, but the source says %d (%s)", r, len(s.facts[r]), total.N, total.How)
			}
		}
	}
	for _, r := range must {
		if len(s.totals[r]) == 0 {
			t.Errorf("%s has no total", r)
		}
	}
}

// Laws fails the test where what was emitted breaks a law of connectors: rows of declared resources with unique keys,
// the source's record kept, times in UTC microseconds, nothing that the run stamps filled in, no secret anywhere.
func (s *Sink) Laws(t testing.TB, d collect.Description, secrets ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for resource, facts := range s.facts {
		if !slices.Contains(d.Resources, resource) {
			t.Errorf("%s is not among the resources of %s", resource, d.Kind)
		}
		seen := map[string]bool{}
		for _, f := range facts {
			if f.Key() == "" || seen[f.Key()] {
				t.Errorf("%s: key %q is empty or comes twice", resource, f.Key())
			}
			seen[f.Key()] = true
			lawful(t, f)
		}
	}
	text := s.text()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q shows in what was emitted", secret)
		}
	}
}

// text is everything the sink holds, for searching.
func (s *Sink) text() string {
	var b strings.Builder
	for _, facts := range s.facts {
		for _, f := range facts {
			j, _ := json.Marshal(f) //nolint:errchkjson // what does not marshal is not searched
			b.Write(j)
		}
	}
	for _, list := range s.failures {
		for _, err := range list {
			b.WriteString(err.Error())
		}
	}
	_, _ = fmt.Fprint(&b, s.notes, s.totals, s.pages)
	return b.String()
}

func lawful(t testing.TB, f collect.Fact) {
	t.Helper()
	v := reflect.ValueOf(f).Elem()
	meta, _ := v.FieldByName("Meta").Interface().(collect.Meta)
	if meta.Raw == "" {
		t.Errorf("%s %s has no raw record", f.Resource(), f.Key())
	}
	meta.Raw = ""
	if meta != (collect.Meta{}) {
		t.Errorf("%s %s fills what the run stamps: %+v", f.Resource(), f.Key(), meta)
	}
	for i := range v.NumField() {
		field := v.Field(i)
		if field.Kind() == reflect.Pointer && !field.IsNil() {
			field = field.Elem()
		}
		if at, ok := field.Interface().(time.Time); ok && (at.IsZero() || at.Location() != time.UTC || at.Nanosecond()%1000 != 0) {
			t.Errorf("%s %s: %s is %v, not a UTC microsecond", f.Resource(), f.Key(), v.Type().Field(i).Name, at)
		}
	}
}

// CheckDescription fails the test where a description lacks what a person needs.
func CheckDescription(t testing.TB, d collect.Description) {
	t.Helper()
	if d.Kind == "" || d.Title == "" || d.Doc == "" || d.Version < 1 || len(d.Resources) == 0 {
		t.Errorf("the description of %q is not complete: %+v", d.Kind, d)
	}
	for _, r := range d.Resources {
		if _, ok := collect.ResourceNamed(r); !ok {
			t.Errorf("%s: no resource is called %s", d.Kind, r)
		}
	}
	for _, f := range d.Fields {
		if f.Name == "" || f.Title == "" || f.Hint == "" || f.Secret && f.Default != "" {
			t.Errorf("%s: the field %+v is not explained", d.Kind, f)
		}
	}
	for _, p := range d.Grants {
		if p.Name == "" || p.Why == "" || p.Granted != nil {
			t.Errorf("%s: the grant %+v is not explained", d.Kind, p)
		}
		for _, r := range p.Resources {
			if !slices.Contains(d.Resources, r) {
				t.Errorf("%s: the grant %s names the resource %s, which is not emitted", d.Kind, p.Name, r)
			}
		}
	}
}
