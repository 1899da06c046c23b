package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// timed is a page with what each request for it took, in milliseconds, and its size as it is sent.
type timed struct {
	Path  string
	Bytes int64
	Took  []float64
}

type walked struct {
	Pages        []timed
	Assets       int64   // of style sheet and scripts, as sent
	First        float64 // ms of the first page after start
	People, Days int
}

// demoPart lives the simulated company's time with the real pipeline.
func demoPart(t task) (measure.Usage, error) {
	ctx := context.Background()
	a, err := open(ctx, t.Data)
	if err != nil {
		return measure.Usage{}, err
	}
	t.Demo.Start = (period.Of(time.Now()) - period.Date(t.Demo.Days)).Time()
	m := measure.Start()
	d, err := a.StartDemo(ctx, t.Demo, func(int, int, string) {})
	u := m.Stop()
	if err != nil {
		return u, err
	}
	return u, errors.Join(d.Stop(ctx), a.Close(ctx))
}

// open opens the installation in a data folder. Its schedule is off: nothing runs beside the pages.
func open(ctx context.Context, data string) (*app.App, error) {
	c := app.Config{Data: data, Database: "sqlite:" + filepath.Join(data, "records.db"), Listen: "127.0.0.1:0", URL: "http://127.0.0.1:0", Every: "0s"}
	return app.Open(ctx, c, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// pagesPart serves the data folder and walks its pages.
func pagesPart(t task) (walked, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	raw, err := os.ReadFile(filepath.Join(t.Data, "demo.json"))
	if err != nil {
		return walked{}, fmt.Errorf("no data folder of a demo: %w", err)
	}
	var demo struct {
		Config app.DemoConfig
		Users  []struct{ Email, Password, Role string }
	}
	if err := json.Unmarshal(raw, &demo); err != nil {
		return walked{}, err
	}
	a, err := open(ctx, t.Data)
	if err != nil {
		return walked{}, err
	}
	now := demo.Config.Start.AddDate(0, 0, demo.Config.Days).Add(time.Hour)
	began := time.Now()
	a.Clock = func() time.Time { return now.Add(time.Since(began)) }
	at, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- a.Serve(ctx, func(address string) { at <- address }) }()
	var b *browser
	select {
	case err := <-done:
		return walked{}, err
	case address := <-at:
		if b, err = newBrowser(address); err != nil {
			return walked{}, err
		}
	}
	w := walked{People: demo.Config.People, Days: demo.Config.Days}
	for _, u := range demo.Users {
		if strings.Contains(u.Role, "owner") && !strings.Contains(u.Role, "control") {
			if err := b.signIn(u.Email, u.Password); err != nil {
				return w, err
			}
		}
	}
	if err := b.walk(&w, t.Shapes, t.Times); err != nil {
		return w, err
	}
	cancel()
	return w, errors.Join(<-done, a.Close(context.Background()))
}

// barePart sends bodies of the same sizes from memory.
func barePart(w walked) (walked, error) {
	sizes := map[string][]byte{}
	for _, p := range w.Pages {
		sizes[p.Path] = bytes.Repeat([]byte("x"), int(p.Bytes))
	}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = rw.Write(sizes[r.URL.RequestURI()]) }))
	defer srv.Close()
	b, err := newBrowser(srv.URL)
	if err != nil {
		return w, err
	}
	for i := range w.Pages {
		times := len(w.Pages[i].Took)
		w.Pages[i].Took = nil
		for range times {
			p, _, err := b.get(w.Pages[i].Path)
			if err != nil {
				return w, err
			}
			w.Pages[i].Took = append(w.Pages[i].Took, p.Took...)
		}
	}
	return w, nil
}

// browser is a client with cookies that asks for gzip, as browsers do, and leaves it packed.
type browser struct {
	at string
	c  *http.Client
}

func newBrowser(at string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	return &browser{at, &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{DisableCompression: true}}}, err
}

// get asks for a page and reads it to its end.
func (b *browser) get(path string) (timed, *http.Response, error) {
	req, err := http.NewRequest(http.MethodGet, b.at+path, nil)
	if err != nil {
		return timed{}, nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	began := time.Now()
	res, err := b.c.Do(req)
	if err != nil {
		return timed{}, nil, err
	}
	body, err := io.ReadAll(res.Body)
	took := time.Since(began)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return timed{}, nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return timed{Path: path, Bytes: int64(len(body)), Took: []float64{milliseconds(took)}}, res, nil
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

func (b *browser) signIn(email, password string) error {
	_, res, err := b.get("/sign-in")
	if err != nil {
		return err
	}
	text, err := plain(res)
	if err != nil {
		return err
	}
	form := url.Values{"email": {email}, "password": {password}}
	for _, m := range hidden.FindAllStringSubmatch(text, -1) {
		form.Set(m[1], m[2])
	}
	answer, err := b.c.PostForm(b.at+"/sign-in", form)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || strings.HasPrefix(answer.Request.URL.Path, "/sign-in") {
		return fmt.Errorf("%s could not sign in: %s at %s", email, answer.Status, answer.Request.URL.Path)
	}
	return nil
}
