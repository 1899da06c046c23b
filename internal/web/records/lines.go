package records

import (
	"bufio"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// trailFilter is what the trail shows: what people did, as far as the address narrows it.
func (s Services) trailFilter(r *page.Request, t *page.Table) (f view.EntryFilter, about string, err error) {
	f = entryFilter(t)
	f.People, f.Subject = true, r.Query("subject")
	if f.Subject == "" || len(f.Subject) > 100 {
		f.Subject = ""
		return f, "", nil
	}
	one, err := s.View.Entries(r.Context(), r.Read(), view.EntryFilter{Subject: f.Subject}, paging.Query{Size: 1})
	about = f.Subject
	if err == nil && len(one.Rows) > 0 && one.Rows[0].About != "" {
		about = one.Rows[0].About
	}
	return f, about, err
}

func (s Services) trailPage(r *page.Request) error {
	t, err := r.Table(&trailTable)
	if err != nil {
		return err
	}
	f, about, err := s.trailFilter(r, t)
	if err != nil {
		return err
	}
	rows, done, err := s.entriesOf(r, t, f, "audit-trail")
	if done || err != nil {
		return err
	}
	return r.Render(http.StatusOK, trailView(r, t, rows, about), page.Part(t.ID(), trailRows(r, t, rows)))
}

// linesURL is the address of what the trail shows now, as JSON lines.
func linesURL(r *page.Request) string {
	v := url.Values{}
	for k, x := range r.HTTP.URL.Query() {
		if k != "page" && k != "size" && k != "as" {
			v[k] = x
		}
	}
	if len(v) == 0 {
		return "/trail/lines"
	}
	return "/trail/lines?" + v.Encode()
}

// trailLine is an entry as a line of JSON.
type trailLine struct {
	Entry   int64           `json:"entry"`
	Time    time.Time       `json:"time"`
	Actor   string          `json:"actor"`
	Who     string          `json:"who"`
	From    string          `json:"from,omitempty"`
	Kind    string          `json:"kind"`
	Subject string          `json:"subject"`
	About   string          `json:"about,omitempty"`
	Payload json.RawMessage `json:"payload"` // null once erased
	Erased  bool            `json:"erased,omitempty"`
	Hash    string          `json:"hash"`
	InLog   bool            `json:"in_log"`
}

// trailLines sends what the trail shows as JSON lines, as it is read: a trail of any length. What is written meanwhile is
// not in it, so that pages do not shift.
func (s Services) trailLines(r *page.Request) error {
	t, err := r.Table(&trailTable)
	if err != nil {
		return err
	}
	f, _, err := s.trailFilter(r, t)
	if err != nil {
		return err
	}
	head, err := s.View.LedgerHead(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f.Last = max(1, head.Seq)
	q := t.Query
	q.Page, q.Size = 1, paging.MaxSize
	res, err := s.View.Entries(r.Context(), r.Read(), f, q)
	if err != nil {
		return err
	}
	h := r.Header()
	h.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": page.FileName("audit-trail-" + r.Now.UTC().Format("20060102") + ".jsonl")}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if r.HTTP.Method == http.MethodHead {
		return nil
	}
	w := bufio.NewWriter(r.Writer())
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		for _, e := range res.Rows {
			if err := enc.Encode(lineOf(e)); err != nil {
				return nil //nolint:nilerr // the reader is gone
			}
		}
		if q.Page*q.Size >= res.Total || len(res.Rows) == 0 {
			break
		}
		q.Page++
		if res, err = s.View.Entries(r.Context(), r.Read(), f, q); err != nil {
			panic(http.ErrAbortHandler) // nobody may take a part for the whole: the connection is cut
		}
	}
	_ = w.Flush() // a reader who is gone needs no answer
	return nil
}

func lineOf(e view.EntryRow) trailLine {
	payload := json.RawMessage("null")
	if e.Payload != "" {
		payload = json.RawMessage(e.Payload)
	}
	return trailLine{e.Seq, e.At.UTC(), e.Actor, actorName(e.Actor, e.Who), e.From, e.Kind, e.Subject, e.About, payload, e.Erased, e.Hash, e.Sealed}
}

// kindWords are the kinds of entries as the choices of a filter: what a person would look for.
func kindWords(kind string) string {
	area, what, _ := strings.Cut(kind, ".")
	return area + ": " + strings.ReplaceAll(what, "_", " ")
}
