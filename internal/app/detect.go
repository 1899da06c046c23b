package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/detectsql"
	"github.com/tickmark/tickmark/internal/event"
)

// wireDetect makes rules and baselines. Where events are stored and who sends them is set where those are made.
func (a *App) wireDetect() {
	store := &detectsql.Store{DB: a.DB}
	begun := time.Now()
	a.Detect = &detect.Service{Feeds: feeds{a}, Store: store, Counted: store, Tuning: store, Tx: a.DB, Ledger: a.Ledger.Store, Clock: func() int64 { return int64(time.Since(begun)) }}
}

// feeds are the sources of events that are not paused.
type feeds struct{ *App }

// Feeds implements detect.Feeds.
func (a feeds) Feeds(ctx context.Context, s access.ReadScope) ([]detect.Feed, error) {
	all, err := a.Sources.Store.Sources(ctx, s)
	var out []detect.Feed
	for _, x := range all {
		if a.Intake != nil {
			x = a.Intake.Live(x)
		}
		if x.State == event.Active {
			out = append(out, detect.Feed{Log: x.Log, Name: x.Name, Last: x.LastArrival})
		}
	}
	return out, err
}
