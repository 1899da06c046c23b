package page

import (
	"bytes"
	"regexp"
)

// What style sheets and scripts carry for those who read them, and no browser needs.
var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s+`)
	cssAround  = regexp.MustCompile(` ?([{};]) ?`)
	jsType     = regexp.MustCompile(`/\*\* @type \{[^*]*\} \*/ ?`)
)

// leanCSS leaves out comments and the space between rules. Nothing inside a declaration changes.
func leanCSS(b []byte) []byte {
	b = cssComment.ReplaceAll(b, nil)
	b = cssSpace.ReplaceAll(b, []byte(" "))
	return cssAround.ReplaceAll(b, []byte("$1"))
}

// leanJS leaves out indentation, comments that have lines of their own, and casts. The line that asks for types to be
// checked stays first, so that whoever looks finds it.
func leanJS(b []byte) []byte {
	var out bytes.Buffer
	within := false
	for i, line := range bytes.Split(b, []byte("\n")) {
		line = bytes.TrimSpace(line)
		switch {
		case i == 0:
		case within:
			within = !bytes.HasSuffix(line, []byte("*/"))
			continue
		case bytes.HasPrefix(line, []byte("/**")) && !bytes.Contains(line, []byte("*/")):
			within = true
			continue
		case bytes.HasPrefix(line, []byte("//")), bytes.HasPrefix(line, []byte("/**")) && bytes.HasSuffix(line, []byte("*/")), len(line) == 0:
			continue
		}
		out.Write(jsType.ReplaceAll(line, nil))
		out.WriteByte('\n')
	}
	return out.Bytes()
}
