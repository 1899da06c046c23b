// Command results writes the figures of a run into RESULTS.md, between its markers: the machine and the commands from the
// comment lines, the figures as tables. Nobody copies a figure by hand.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/tickmark/tickmark/bench/internal/measure"
)

// The part of the page that is replaced.
const (
	begin = "<!-- figures: written by bench/run -->"
	end   = "<!-- end of figures -->"
)

func main() {
	raw := flag.String("raw", "out/figures.txt", "lines of a run")
	page := flag.String("page", "RESULTS.md", "page to write them into")
	flag.Parse()
	measure.Fatal(write(*raw, *page))
}

func write(raw, page string) error {
	f, err := os.Open(raw)
	if err != nil {
		return err
	}
	defer f.Close()
	tables, err := render(bufio.NewScanner(f))
	if err != nil {
		return err
	}
	old, err := os.ReadFile(page) //nolint:gosec // named by who runs it
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	was, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no markers", page)
	}
	return os.WriteFile(page, []byte(before+begin+"\n"+merge(was, tables)+end+after), 0o644) //nolint:gosec // a page to be read
}

// section begins the figures of a bench.
const section = "\n### "

// merge puts the sections of this run in the place of older ones of the same name; benches that did not run keep theirs.
func merge(was, now string) string {
	order, text := []string{}, map[string]string{}
	for _, all := range []string{was, now} {
		for i, s := range strings.Split(all, section) {
			if i == 0 {
				continue // before the first section
			}
			name, _, _ := strings.Cut(s, "\n")
			if _, ok := text[name]; !ok {
				order = append(order, name)
			}
			text[name] = strings.TrimRight(s, "\n") + "\n"
		}
	}
	var b strings.Builder
	for _, name := range order {
		b.WriteString(section + text[name])
	}
	return b.String() + "\n"
}

// render makes a section of each bench: what the figures depend on, then a table.
func render(s *bufio.Scanner) (string, error) {
	var b strings.Builder
	table := false
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if fact, ok := strings.CutPrefix(line, "# "); ok {
			name, value, _ := strings.Cut(fact, " ")
			if name == "bench" {
				fmt.Fprintf(&b, "\n### %s\n\n", value)
				table = false
				continue
			}
			fmt.Fprintf(&b, "- %s: %s\n", strings.ReplaceAll(name, "_", " "), value)
			continue
		}
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return "", fmt.Errorf("%q is no figure", line)
		}
		if !table {
			b.WriteString("\n| figure | value | unit |\n|---|---:|---|\n")
			table = true
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", fields[0], grouped(fields[1]), fields[2])
	}
	b.WriteString("\n")
	return b.String(), s.Err()
}

// grouped puts commas between thousands.
func grouped(v string) string {
	whole, fraction, dot := strings.Cut(v, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		return whole + "." + fraction
	}
	return whole
}
