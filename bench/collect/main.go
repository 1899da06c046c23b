// Command collect measures how fast facts are collected: the program's connectors read the simulated company over HTTP on
// this machine, and a bare HTTP client reads the very same pages as the limit.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/simco"
)

// hour is when the simulated company is read on its last day, as in the demo: the day's work is done.
const hour = 23*time.Hour + 30*time.Minute

// systems are those of the company, in the order of the output.
var systems = []string{simco.GitHub, simco.Okta, simco.BambooHR}

type size struct {
	people, repositories, days, rounds int
}

func main() {
	measure.Serve(map[string]measure.Part{"connectors": measure.Typed(connectorsPart), "client": measure.Typed(clientPart)})
	var s size
	flag.IntVar(&s.people, "people", 400, "people of the company")
	flag.IntVar(&s.repositories, "repositories", 40, "repositories")
	flag.IntVar(&s.days, "days", 365, "days of its life; all of them are collected")
	flag.IntVar(&s.rounds, "rounds", 3, "first readings, each by an installation of its own")
	dir := flag.String("dir", "", "folder for the data (default: a temporary one)")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		s = size{people: 60, repositories: 10, days: 60, rounds: 1}
	}
	measure.Fatal(run(s, *dir))
}

func run(s size, parent string) error {
	dir, err := os.MkdirTemp(parent, "tickmark-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	measure.Header("collect")
	start := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	at := start.AddDate(0, 0, s.days-1).Add(hour)
	company, err := simco.New(simco.Config{Seed: 2026, People: s.people, Repositories: s.repositories, Start: start, Days: s.days, Planted: true})
	if err != nil {
		return err
	}
	company.SetClock(at)
	t := task{At: at, Days: s.days, Address: map[string]string{}, Tokens: company.Tokens()}
	recorders := map[string]*recorder{}
	for name, h := range company.Handlers() {
		recorders[name] = &recorder{next: h}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		srv := &http.Server{Handler: recorders[name], ReadHeaderTimeout: 10 * time.Second}
		defer srv.Close() //nolint:errcheck // the process ends
		go func() {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
		t.Address[name] = l.Addr().String()
	}
	var total, limit outcome
	for n := range s.rounds {
		t.Dir = filepath.Join(dir, fmt.Sprint("round-", n))
		for _, r := range recorders {
			r.keep(true)
		}
		x, err := measure.Run[outcome]("connectors", t)
		if err != nil {
			return err
		}
		total.add(x)
		c := replay{Address: t.Address, Requests: map[string][]request{}}
		for name, r := range recorders {
			c.Requests[name] = r.keep(false)
		}
		y, err := measure.Run[outcome]("client", c)
		if err != nil {
			return err
		}
		if x.Requests != y.Requests {
			return fmt.Errorf("the client made %d requests, the connectors %d", y.Requests, x.Requests)
		}
		limit.add(y)
	}
	print(s, total, limit)
	return nil
}

func print(s size, ours, limit outcome) {
	f, rounds := measure.Figure, float64(s.rounds)
	f("collect.people", float64(s.people), "people")
	f("collect.repositories", float64(s.repositories), "repositories")
	f("collect.days", float64(s.days), "days")
	f("collect.rounds", rounds, "readings")
	f("collect.facts", float64(ours.Facts)/rounds, "facts")
	f("collect.incomplete_resources", float64(ours.Incomplete), "resources")
	f("collect.requests", float64(ours.Requests)/rounds, "requests")
	f("collect.answers", float64(limit.Bytes)/rounds/(1<<20), "MiB")
	f("collect.tickmark.wall_a_reading", ours.Seconds/rounds, "s")
	f("collect.tickmark.cpu_a_reading", ours.CPU/rounds, "cpu-s")
	f("collect.tickmark.rate", float64(ours.Facts)/ours.Seconds, "facts/s")
	f("collect.tickmark.rate_per_cpu", float64(ours.Facts)/ours.CPU, "facts/cpu-s")
	f("collect.tickmark.peak_memory", float64(ours.Peak)/(1<<20), "MiB")
	f("collect.bare_client.wall_a_reading", limit.Seconds/rounds, "s")
	f("collect.bare_client.cpu_a_reading", limit.CPU/rounds, "cpu-s")
	f("collect.bare_client.peak_memory", float64(limit.Peak)/(1<<20), "MiB")
	// Both share the machine with the simulated systems, which use most of it.
	f("collect.tickmark_over_bare_client_wall", ours.Seconds/limit.Seconds, "ratio")
	f("collect.tickmark_over_bare_client_cpu", ours.CPU/limit.CPU, "ratio")
}
