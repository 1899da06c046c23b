package markdown

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, text, want string }{
		{"paragraphs", "One\ntwo.\n\nThree  \nfour.", "<p>One two.</p>\n<p>Three<br>four.</p>\n"},
		{"headings begin at h2", "## Purpose\n\n### Why\n\n## Purpose\n", "<h2 id=\"s-purpose\">Purpose</h2>\n<h3 id=\"s-why\">Why</h3>\n<h2 id=\"s-purpose--2\">Purpose</h2>\n"},
		{"a title as well", "# A\n## B\n", "<h2 id=\"s-a\">A</h2>\n<h3 id=\"s-b\">B</h3>\n"},
		{"looks", "**b** *i* ~~s~~ `c<d` **b *bi***", "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c&lt;d</code> <strong>b </strong><strong><em>bi</em></strong></p>\n"},
		{"list", "- a\n- b\n  - c\n", "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>\n"},
		{"numbers", "3. a\n4. b\n", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		{"quote", "> a\n> b\n", "<blockquote>\n<p>a b</p>\n</blockquote>\n"},
		{"code", "```go\na < b\n```\n", "<pre tabindex=\"0\"><code>a &lt; b\n</code></pre>\n"},
		{"rule", "a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"},
		{"table", "| a | b |\n|---|--:|\n| **1** | 2 |\n", "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>\n<thead><tr><th scope=\"col\">a</th><th scope=\"col\" class=\"right\">b</th></tr></thead>\n<tbody>\n<tr><td><strong>1</strong></td><td class=\"right\">2</td></tr>\n</tbody></table></div>\n"},
		{"links", "[a](https://northwind.example/x?y=1&z=2) [b](/policies/POL-01) [c](#s-a) <mailto:a@northwind.example>",
			"<p><a href=\"https://northwind.example/x?y=1&amp;z=2\" rel=\"noopener noreferrer nofollow\">a</a> <a href=\"/policies/POL-01\">b</a> <a href=\"#s-a\">c</a> <a href=\"mailto:a@northwind.example\" rel=\"noopener noreferrer nofollow\">mailto:a@northwind.example</a></p>\n"},
		{"reference", "[a][1]\n\n[1]: https://northwind.example/\n", "<p><a href=\"https://northwind.example/\" rel=\"noopener noreferrer nofollow\">a</a></p>\n"},
		{"entities and escapes", "&amp; &#60;b&#62; \\*a\\*", "<p>&amp; &lt;b&gt; *a*</p>\n"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			if got := Parse(x.text).HTML(); got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
}

// hostile are texts that want to be more than text.
var hostile = []string{
	"<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "<div onclick=x>\n\nb\n</div>", "<!-- x --> <?php ?> <![CDATA[x]]>",
	"[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a](  javascript:alert(1))", "[a](java\tscript:alert(1))", "[a](&#106;avascript:alert(1))", "[a](data:text/html,<script>)",
	"[a](vbscript:x)", "[a](//evil.example/x)", "[a](/\\evil.example)", "[a](\\\\evil.example)", "[a](file:///etc/passwd)", "[a](https:///x)",
	"![a](https://evil.example/pixel.png)", "![a](javascript:alert(1) \"x\\\" onerror=\\\"y\")", "[![a](x)](javascript:x)", "<javascript:alert(1)>", "<a href=\"javascript:x\">y</a>",
	"[a]: javascript:alert(1)\n\n[a]", "[a](https://northwind.example/\"onclick=alert(1))", "# <script>x</script> {#id onclick=x}", "| <b> |\n|---|\n| <script> |",
	"`</code><script>`", "```\n</code></pre><script>\n```", "\x00\xff\u202e<script>", "&lt;script&gt;", "&#x3c;script&#x3e;", "\u2028<svg/onload=x>",
}

var tags = map[string]string{"p": "", "h2": "id", "h3": "id", "h4": "id", "h5": "id", "h6": "id", "ul": "", "ol": "start", "li": "", "pre": "tabindex", "code": "", "blockquote": "",
	"div": "class tabindex role aria-label", "table": "", "thead": "", "tbody": "", "tr": "", "th": "scope class", "td": "class", "hr": "", "br": "", "strong": "", "em": "", "s": "", "a": "href rel"}

// harmless reads what was written as a browser does and holds it to the elements and addresses that are allowed.
func harmless(t *testing.T, source, out string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		k := z.Token()
		if kind == html.TextToken {
			continue
		}
		allowed, ok := tags[k.Data]
		if !ok || kind == html.CommentToken || kind == html.DoctypeToken {
			t.Fatalf("%q became %s: %q", source, k.String(), out)
		}
		for _, a := range k.Attr {
			if !strings.Contains(" "+allowed+" ", " "+a.Key+" ") {
				t.Fatalf("%q has the attribute %s: %q", source, a.Key, out)
			}
			if a.Key == "href" && Href(a.Val) != a.Val {
				t.Fatalf("%q leads to %q", source, a.Val)
			}
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	for _, s := range hostile {
		harmless(t, s, Parse(s).HTML())
	}
	for _, s := range []string{"javascript:x", "JAVASCRIPT:x", "//x", "/\\x", "http:", "https://", "mailto:", "data:x", "", "#", "x", "../x", "ftp://x", "https://a b"} {
		if got := Href(s); got != "" {
			t.Errorf("%q may be followed as %q", s, got)
		}
	}
}

// TestBusy: texts that were made to keep a parser busy end in reasonable time (the limit of the whole test run is theirs) and stay harmless.
func TestBusy(t *testing.T) {
	t.Parallel()
	const n = 40_000
	for name, s := range map[string]string{
		"quotes": strings.Repeat(">", n) + "a", "quotes over lines": strings.Repeat("> ", 500) + "a\n" + strings.Repeat(strings.Repeat(">", 400)+"a\n", 200),
		"lists": strings.Repeat("- ", n) + "a", "numbers": strings.Repeat("1. ", n) + "a", "stairs": stairs(600), "brackets": strings.Repeat("[", n), "brackets closed": strings.Repeat("[a](", n),
		"stars": strings.Repeat("*a ", n), "pairs": strings.Repeat("*a **b ", n), "backticks": ticks(600), "strikes": strings.Repeat("~~a ", n), "angles": strings.Repeat("<a", n),
		"images": strings.Repeat("![", n), "many lines of brackets": strings.Repeat(strings.Repeat("[", 150)+"\n", 1000), "many lines of stars": strings.Repeat(strings.Repeat("*a ", 60)+"\n", 1000),
		"table": "|" + strings.Repeat("a|", 3000) + "\n|" + strings.Repeat("-|", 3000) + "\n" + strings.Repeat("|a|\n", 2000), "headings": strings.Repeat("# a\n", n), "entities": strings.Repeat("&amp", n),
		"definitions": strings.Repeat("[a]: b\n", 5000) + strings.Repeat("[a]", 5000), "spaces": strings.Repeat(" ", n) + "a", "setext": strings.Repeat("a\n", 5000) + "===",
	} {
		t.Run(name, func(t *testing.T) {
			harmless(t, name, Parse(s).HTML())
		})
	}
}

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	return b.String()
}

func ticks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("`", i) + "a")
	}
	return b.String()
}

func TestSections(t *testing.T) {
	t.Parallel()
	d := Parse("## A *b*\n\ntext of four words\n\n#### C\n\n- one\n- two\n\n## A b\n")
	s := d.Sections()
	if len(s) != 3 || s[0] != (Section{1, "s-a-b", "A b"}) || s[1] != (Section{3, "s-c", "C"}) || s[2].ID != "s-a-b--2" {
		t.Errorf("%+v", s)
	}
	if n := d.Words(); n != 11 {
		t.Errorf("%d words", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("# a\n\n- b\n  1. c\n\n> d\n\n| a |\n|---|\n| b |\n")
	f.Fuzz(func(t *testing.T, s string) { harmless(t, s, Parse(s).HTML()) })
}
