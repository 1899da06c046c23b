package web_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// selectors are compiled once: the tests look at some thousand pages.
var selectors sync.Map

// all finds elements by a CSS selector.
func all(n *html.Node, selector string) []*html.Node {
	s, ok := selectors.Load(selector)
	if !ok {
		s = cascadia.MustCompile(selector)
		selectors.Store(selector, s)
	}
	return cascadia.QueryAll(n, s.(cascadia.Matcher))
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// text is what a reader sees of an element.
func text(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// sane checks what every page must be: one h1, unique identifiers, a label for each field, nothing inline, the token in
// each form that changes something.
func sane(t *testing.T, path string, doc *html.Node) {
	t.Helper()
	if n := len(all(doc, "h1")); n != 1 {
		t.Errorf("%s: %d h1", path, n)
	}
	if n := len(all(doc, "main#main")); n != 1 {
		t.Errorf("%s: %d main", path, n)
	}
	if n := all(doc, "title"); len(n) == 0 || text(n[0]) == "" {
		t.Errorf("%s: no title", path)
	}
	seen := map[string]bool{}
	for _, n := range all(doc, "[id]") {
		if id := attr(n, "id"); seen[id] {
			t.Errorf("%s: two elements are called %q", path, id)
		} else {
			seen[id] = true
		}
	}
	for _, ref := range []string{"aria-labelledby", "aria-describedby", "for"} {
		for _, n := range all(doc, "["+ref+"]") {
			for id := range strings.FieldsSeq(attr(n, ref)) {
				if !seen[id] {
					t.Errorf("%s: %s of <%s> points to %q, which is not there", path, ref, n.Data, id)
				}
			}
		}
	}
	for _, n := range all(doc, "*") {
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: <%s %s=%q> is inline", path, n.Data, a.Key, a.Val)
			}
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
		}
	}
	for _, n := range all(doc, "style, script:not([src]), iframe, object, embed, base, [autofocus] ~ [autofocus]") {
		t.Errorf("%s: <%s> does not belong on a page", path, n.Data)
	}
	for _, n := range all(doc, "script") {
		if !strings.HasPrefix(attr(n, "src"), "/static/") {
			t.Errorf("%s: script from %q", path, attr(n, "src"))
		}
	}
	labels := map[string]bool{}
	for _, n := range all(doc, "label[for]") {
		labels[attr(n, "for")] = true
	}
	inLabel := map[*html.Node]bool{}
	for _, n := range all(doc, "label input, label select, label textarea") {
		inLabel[n] = true
	}
	for _, n := range all(doc, "input:not([type=hidden]), select, textarea") {
		if !labels[attr(n, "id")] && !inLabel[n] && attr(n, "aria-label") == "" {
			t.Errorf("%s: field %q has no label", path, attr(n, "name"))
		}
	}
	for _, f := range all(doc, "form") {
		if strings.EqualFold(attr(f, "method"), "post") && len(all(f, "input[name=csrf]")) != 1 {
			t.Errorf("%s: the form to %s carries no token", path, attr(f, "action"))
		}
	}
	for _, n := range all(doc, "img") {
		if !has(n, "alt") {
			t.Errorf("%s: image without alt", path)
		}
	}
	for _, n := range all(doc, "button, a[href], summary") {
		if text(n) == "" && attr(n, "aria-label") == "" && len(all(n, "img[alt]:not([alt=''])")) == 0 {
			t.Errorf("%s: <%s class=%q> has no name", path, n.Data, attr(n, "class"))
		}
	}
	for _, n := range all(doc, "td, th") {
		if p := n.Parent; p == nil || p.Data != "tr" {
			t.Errorf("%s: a cell outside a row", path)
		}
	}
}
