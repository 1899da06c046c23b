// Package bench holds benches beside peers; its test runs each of them small, so that none rots.
package bench

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var figure = regexp.MustCompile(`^[a-z0-9_.]+ -?[0-9]+(\.[0-9]+)? [A-Za-z/-]+$`)

// Each program runs, ends well and prints nothing but figures and comment lines. The evaluation checks by itself that all
// contenders give the same verdicts, the bundle that it verifies.
func TestSmall(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", bin+"/", "./baseline", "./collect", "./evaluate", "./ledger", "./bundle", "./pages", "./rooms", "./detect", "./intake", "./whole", "./hunt", "./forensics", "./report", "./rough", "./results")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for bench, want := range map[string]string{
		"collect": "collect.tickmark_over_bare_client_wall", "evaluate": "evaluate.tickmark_over_opa",
		"ledger": "ledger.proofs_verified.tickmark_over_tessera", "bundle": "bundle.verify_over_sha256",
		"pages": "pages.p50_over_bare_server", "rooms": "rooms.campaign_5000.close_over_limit_300_ms",
		"detect": "detect.cloudtrail_x_all.tickmark_over_fastjson_and_flatten",
		"report": "report.oscal.same_bytes_twice", "baseline": "baseline.events_a_cpu_second",
		"forensics": "forensics.events_precision.mean", "intake": "intake.kills.lost",
		"whole": "whole.event_to_alert_p99_over_limit_5_s", "hunt": "hunt.text_one_day.tickmark_over_duckdb",
		"rough": "rough.other_in_flood_p99", "whole -kills 2": "whole_kills.alerts_twice", "hunt -compaction": "compaction.after.text_one_day",
	} {
		t.Run(bench, func(t *testing.T) {
			if (bench == "bundle" || bench == "pages" || bench == "rooms") && testing.Short() {
				t.Skip("takes longer than the others: it lives two months of the simulated company, or builds the tests of the pages")
			}
			t.Parallel()
			var said, errors bytes.Buffer
			words := strings.Fields(bench)
			cmd := exec.CommandContext(t.Context(), filepath.Join(bin, words[0]), append(words[1:], "-small", "-dir", t.TempDir())...)
			cmd.Stdout, cmd.Stderr = &said, &errors
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, errors.String())
			}
			if !strings.Contains(said.String(), "\n"+want+" ") {
				t.Errorf("no figure %s in\n%s", want, said.String())
			}
			for line := range strings.Lines(said.String()) {
				line = strings.TrimSuffix(line, "\n")
				if !strings.HasPrefix(line, "# ") && !figure.MatchString(line) {
					t.Errorf("%q is no figure", line)
				}
			}
		})
	}
}

// The page takes the figures of a run, only between its markers, and keeps those of benches that did not run.
func TestResults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	raw, page := filepath.Join(dir, "raw"), filepath.Join(dir, "page")
	const text = "# Results\n\n<!-- figures: written by bench/run -->\n\n### w\n\nkept\n\n### x\n\nold\n\n<!-- end of figures -->\nafter\n"
	for name, content := range map[string]string{raw: "# bench x\n# cores 2\nx.rate 1234567 facts/s\n", page: text} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "run", "./results", "-raw", raw, "-page", page).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := os.ReadFile(page) //nolint:gosec // made above
	if err != nil {
		t.Fatal(err)
	}
	const want = "# Results\n\n<!-- figures: written by bench/run -->\n\n### w\n\nkept\n\n### x\n\n- cores: 2\n\n| figure | value | unit |\n|---|---:|---|\n| `x.rate` | 1,234,567 | facts/s |\n\n<!-- end of figures -->\nafter\n"
	if string(got) != want {
		t.Errorf("got\n%s", got)
	}
}
