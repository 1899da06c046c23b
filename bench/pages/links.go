package main

import (
	"compress/gzip"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	anchor = regexp.MustCompile(`<a\s[^>]*?href="([^"#]+)`)
	asset  = regexp.MustCompile(`(?:href|src)="(/[^"]+\.(?:css|js|svg|ico))"`)
	word   = regexp.MustCompile(`^[a-z.-]+$`)
)

// walk finds the pages by their links and asks for each several times.
func (b *browser) walk(w *walked, shapes, times int) error {
	count, seen := map[string]int{}, map[string]bool{}
	assets := map[string]bool{}
	for todo := []string{"/"}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		if seen[at] || count[shape(at)] >= shapes {
			continue
		}
		seen[at] = true
		count[shape(at)]++
		p, res, err := b.get(at)
		if err != nil {
			return err
		}
		if w.First == 0 {
			w.First = p.Took[0]
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s, and a page links to it", at, res.Status)
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			continue
		}
		text, err := plain(res)
		if err != nil {
			return err
		}
		p.Took = nil
		w.Pages = append(w.Pages, p)
		for _, m := range asset.FindAllStringSubmatch(text, -1) {
			assets[m[1]] = true
		}
		todo = append(todo, links(at, text)...)
	}
	for a := range assets {
		p, _, err := b.get(a)
		if err != nil {
			return err
		}
		w.Assets += p.Bytes
	}
	// Round after round, so that no page has the caches to itself.
	for range times {
		for i := range w.Pages {
			p, res, err := b.get(w.Pages[i].Path)
			if err != nil {
				return err
			}
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("%s answers %s now", w.Pages[i].Path, res.Status)
			}
			w.Pages[i].Took = append(w.Pages[i].Took, p.Took...)
		}
	}
	return nil
}

// plain is the text of an answer, unpacked.
func plain(res *http.Response) (string, error) {
	body := io.Reader(res.Body)
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return "", err
		}
		body = z
	}
	text, err := io.ReadAll(body)
	return string(text), err
}

// links are the addresses of this program that a page leads to; exports are files, not pages.
func links(at, text string) []string {
	base := &url.URL{Scheme: "http", Host: "here", Path: "/"}
	if u, err := base.Parse(at); err == nil {
		base = u
	}
	var out []string
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		u, err := base.Parse(html.UnescapeString(m[1]))
		if err == nil && u.Host == "here" && !u.Query().Has("as") {
			out = append(out, u.RequestURI())
		}
	}
	return out
}

// shape is an address without its names and numbers: two lists in another order are the same page.
func shape(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at
	}
	words := strings.Split(u.Path, "/")
	for i, x := range words {
		if i > 1 && !word.MatchString(x) {
			words[i] = "*"
		}
	}
	keys := []string{}
	for k := range u.Query() {
		if k != "tab" {
			keys = append(keys, k[strings.LastIndex(k, "-")+1:])
		}
	}
	slices.Sort(keys)
	return strings.Join(words, "/") + " " + u.Query().Get("tab") + " " + strings.Join(keys, ",")
}
