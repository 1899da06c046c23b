package page

import "testing"

// TestLean: what no browser needs is left out, and nothing else changes.
func TestLean(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"a { b: c; }\n/* why\n not */ d:hover > e { f: \"x  y\" }": "a{b: c;}d:hover > e{f: \"x y\"}",
		"@media (max-width: 9px) { a { b: c } }":                   "@media (max-width: 9px){a{b: c}}",
	} {
		if got := string(leanCSS([]byte(given))); got != want {
			t.Errorf("%q becomes %q", given, got)
		}
	}
	for given, want := range map[string]string{
		"// @ts-check\n// Why.\n/**\n * @param {string} a\n */\nfunction f(a) {\n  return a; // said here\n}\n":                                       "// @ts-check\nfunction f(a) {\nreturn a; // said here\n}\n",
		"// @ts-check\n/** @type {Map<string, X>} */ const a = new Map();\nconst b = /** @type {X | null} */ (y.z('a /* b'));\nconst u = 'http://x';": "// @ts-check\nconst a = new Map();\nconst b = (y.z('a /* b'));\nconst u = 'http://x';\n",
		"// @ts-check\n/** One line. */\nlet x = 1;": "// @ts-check\nlet x = 1;\n",
	} {
		if got := string(leanJS([]byte(given))); got != want {
			t.Errorf("%q becomes %q", given, got)
		}
	}
}
