package view_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/view"
)

func TestRank(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, ref, title string
		rank              int // -1: it does not fit
	}{
		{"IAM-01", "IAM-01", "Access is granted on request", 0},
		{"iam-01", "IAM-01", "Access is granted on request", 0},
		{"IAM", "IAM-01", "Access is granted on request", 1},
		{"access", "IAM-01", "Access is granted on request", 2},
		{"granted", "IAM-01", "Access is granted on request", 3},
		{"request access", "IAM-01", "Access is granted on request", 3},
		{"iam granted", "IAM-01", "Access is granted on request", 3},
		{"ccess", "IAM-01", "Access is granted on request", 4},
		{"access removed", "IAM-01", "Access is granted on request", -1},
		{"", "IAM-01", "Access", -1},
		{"   ", "IAM-01", "Access", -1},
		{"zugriff", "", "Über Zugriff", 3},
		{"über", "", "Über Zugriff", 2},
		{"مراجعة", "", "مراجعة الوصول", 2},
		{"%", "IAM-01", "Access", -1},
		{"_", "a_b", "", 4},
	} {
		rank, ok := view.Rank(c.query, c.ref, c.title)
		if ok != (c.rank >= 0) || ok && rank != c.rank {
			t.Errorf("%q in %q %q: %d %v, expected %d", c.query, c.ref, c.title, rank, ok, c.rank)
		}
	}
}

func FuzzRank(f *testing.F) {
	for _, s := range []string{"", "a", "IAM-01", "% _ !", "\x00", "\xff\xfe", "🔥 فشل", strings.Repeat("ab ", 70)} {
		f.Add(s, "IAM-01", "Access is granted on request")
		f.Add("a", s, s)
	}
	f.Fuzz(func(t *testing.T, query, ref, title string) {
		rank, ok := view.Rank(query, ref, title)
		if ok && (rank < 0 || rank > 4) {
			t.Errorf("rank %d", rank)
		}
		if q := strings.ToLower(strings.TrimSpace(query)); ok && q == "" {
			t.Error("nothing fits everything")
		} else if !ok && q != "" && strings.ToLower(ref) == q {
			t.Error("a reference does not fit itself")
		}
	})
}
