package event_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	e := event.Event{Actor: event.Actor{ID: "u1"}, Credential: "k1", Issued: []string{"k2"}, From: event.Endpoint{IP: "192.0.2.1"}}
	want := []event.Key{{Kind: event.KeyCredential, Value: "k1"}, {Kind: event.KeyCredential, Value: "k2"}, {Kind: event.KeyPrincipal, Value: "u1"}, {Kind: event.KeyIP, Value: "192.0.2.1"}}
	if got := e.Keys(); !slices.Equal(got, want) {
		t.Errorf("keys are %v, want %v", got, want)
	}
	if got := (&event.Event{}).Keys(); len(got) != 0 {
		t.Errorf("an empty event has keys %v", got)
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	arrived := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := event.Event{Received: arrived}
	if !e.When().Equal(arrived) {
		t.Errorf("an undated event is of %v, want its arrival", e.When())
	}
	e.At = arrived.Add(-time.Hour)
	if !e.When().Equal(e.At) {
		t.Errorf("a dated event is of %v, want what it says", e.When())
	}
}
