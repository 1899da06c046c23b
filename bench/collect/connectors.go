package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/simco"
)

// task is one first reading of the company.
type task struct {
	Dir     string
	At      time.Time
	Days    int
	Address map[string]string
	Tokens  simco.Tokens
}

// outcome is what a reading brought and used.
type outcome struct {
	measure.Usage
	Facts, Requests, Bytes int64
	Incomplete             int
}

func (o *outcome) add(x outcome) {
	o.Seconds += x.Seconds
	o.CPU += x.CPU
	o.Peak = max(o.Peak, x.Peak)
	o.Facts += x.Facts
	o.Requests += x.Requests
	o.Bytes += x.Bytes
	o.Incomplete += x.Incomplete
}

// settings are those of the connection to a system: everything the year holds.
func (t task) settings(kind string) (settings, secrets map[string]string) {
	base, days := "http://"+t.Address[kind], strconv.Itoa(t.Days+1)
	switch kind {
	case simco.GitHub:
		return map[string]string{"org": t.Tokens.GitHubOrg, "base_url": base, "first_days": days}, map[string]string{"token": t.Tokens.GitHubToken}
	case simco.Okta:
		return map[string]string{"base_url": base, "first_days": days}, map[string]string{"token": t.Tokens.OktaToken}
	default:
		return map[string]string{"company": t.Tokens.BambooHRCompany, "base_url": base}, map[string]string{"api_key": t.Tokens.BambooHRKey}
	}
}

// connectorsPart reads all three systems at once with collect.Service.Run, as the scheduler does: connectors, the client
// with its retries and limits, Parquet files with the raw records, manifests, evidence and ledger entries, all durable.
func connectorsPart(t task) (outcome, error) {
	ctx := context.Background()
	var allowed []string
	for _, a := range t.Address {
		allowed = append(allowed, a)
	}
	a, err := app.Open(ctx, app.Config{Data: t.Dir, Database: "sqlite:" + filepath.Join(t.Dir, "records.db"), AllowPrivate: strings.Join(allowed, ",")}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return outcome{}, err
	}
	defer a.Close(ctx) //nolint:errcheck // the process ends
	a.Clock = func() time.Time { return t.At }
	_, scope, err := a.CreateOrg(ctx, "bench", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Owner"}, false)
	if err != nil {
		return outcome{}, err
	}
	var conns []collect.Connection
	for _, kind := range systems {
		settings, secrets := t.settings(kind)
		c, err := a.Collect.Connect(ctx, scope, t.At, collect.NewConnection{Kind: kind, Name: kind + "-main", Settings: settings, Secrets: secrets})
		if err != nil {
			return outcome{}, err
		}
		conns = append(conns, c)
	}
	// What the client counts is in the manifests; asking it here spares reading them again.
	var mu sync.Mutex
	var out outcome
	client := a.Collect.HTTP
	a.Collect.HTTP = counted(client, &mu, &out.Requests)
	runs, failed := make([]collect.Run, len(conns)), make([]error, len(conns))
	m := measure.Start()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			runs[i], failed[i] = a.Collect.Run(ctx, scope, collect.Request{Connection: c, Trigger: "bench", Now: t.At, Clock: func() time.Time { return t.At }})
		})
	}
	wg.Wait()
	out.Usage = m.Stop()
	if err := errors.Join(failed...); err != nil {
		return out, err
	}
	for _, r := range runs {
		if r.Error != "" {
			return out, fmt.Errorf("%s: %s", r.Name, r.Error)
		}
		out.Facts += r.Facts()
		for _, x := range r.Results {
			if x.Completeness == evidence.Incomplete {
				out.Incomplete++
			}
		}
	}
	return out, nil
}

type clientMaker = func(collect.Connection) (*http.Client, func() (int64, int64))

// counted adds up the requests of all runs, retries among them.
func counted(next clientMaker, mu *sync.Mutex, requests *int64) clientMaker {
	return func(c collect.Connection) (*http.Client, func() (int64, int64)) {
		client, stats := next(c)
		return client, func() (int64, int64) {
			n, retries := stats()
			mu.Lock()
			defer mu.Unlock()
			*requests += n
			return n, retries
		}
	}
}
