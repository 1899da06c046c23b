package page

import (
	"net/http"
	"strconv"
	"strings"
)

// themes are the choices of appearance; the empty one follows the reader's system.
var themes = []Option{{Value: "system", Label: "As the system"}, {Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}}

func pressed(b bool) string { return strconv.FormatBool(b) }

func (r *Request) documentTitle() string {
	parts := []string{r.Title, r.Grant.Org.Name, "Tickmark"}
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " · ")
}

// crumbs are those the handler gave, or the title alone.
func (r *Request) crumbs() []Crumb {
	if len(r.Crumbs) == 0 && r.Title != "" {
		return []Crumb{{Text: r.Title}}
	}
	return r.Crumbs
}

// again is where a failed page can be tried again: itself, or for a form the page it was on.
func (r *Request) again() string {
	if r.HTTP.Method == http.MethodGet || r.HTTP.Method == http.MethodHead {
		return LocalPath(r.HTTP.URL.RequestURI())
	}
	return "/"
}

func statusLine(code int) string { return strconv.Itoa(code) + " " + http.StatusText(code) }
