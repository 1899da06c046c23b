package request

import (
	"strings"
	"testing"
)

// What a request and a name share is told by words that say something, in singular and plural, in any script, never by ones that stand in
// every request.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asked, name, want string }{
		{"List of all leavers in the period", "leaver checklist", "leaver"},
		{"Access reviews of the second quarter", "Access review, Q2", "access review"},
		{"Please provide the policy with evidence", "Policy on evidence", ""},
		{"Backup-restore test 2026", "Restore of a backup", "backup restore"},
		{"Schlüsselwechsel", "Protokoll Schlüsselwechsel", "schlüsselwechsel"},
		{"", "Anything", ""},
		{"<script>alert(1)</script>", "alert", "alert"},
		{"Logs", "Log", ""}, // too short to tell
	} {
		if got := strings.Join(alikeWords(tellingWords(c.asked), c.name), " "); got != c.want {
			t.Errorf("%q and %q share %q, want %q", c.asked, c.name, got, c.want)
		}
	}
}
