package okta

import (
	"testing"
)

func values(m map[string]string) func(string) (string, bool) {
	return func(a string) (string, bool) { v, ok := m[a]; return v, ok }
}

func TestFilter(t *testing.T) {
	t.Parallel()
	u := values(map[string]string{"status": "ACTIVE", "lastUpdated": "2026-01-05T10:00:00.000Z", "profile.login": "ana.x@northwind.example",
		"profile.department": ""})
	for text, want := range map[string]bool{
		`status eq "ACTIVE"`: true, `status eq "active"`: true, `status ne "ACTIVE"`: false, `status eq "STAGED"`: false,
		`lastUpdated gt "2026-01-05T09:59:59.000Z"`: true, `lastUpdated lt "2026-01-05T09:59:59.000Z"`: false,
		`status eq "STAGED" or status eq "ACTIVE"`: true, `status eq "STAGED" and status eq "ACTIVE"`: false,
		`(status eq "STAGED" or status eq "ACTIVE") and lastUpdated ge "2026-01-05T10:00:00.000Z"`: true,
		`not (status eq "STAGED")`: true, `profile.login sw "ANA"`: true, `profile.login co "north"`: true, `profile.login ew ".com"`: false,
		`profile.department pr`: false, `profile.login pr`: true,
		`status eq "STAGED" or status eq "ACTIVE" and status eq "LOCKED_OUT"`: false,
	} {
		f, err := parseFilter(text, userAttribute)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if f(u) != want {
			t.Errorf("%s is not %v", text, want)
		}
	}
	for _, text := range []string{"", "status", `status eq`, `status eq ACTIVE`, `status eq "ACTIVE`, `status is "ACTIVE"`, `color eq "red"`,
		`(status eq "ACTIVE"`, `status eq "ACTIVE")`, `status eq "ACTIVE" status eq "ACTIVE"`, `not`, `status eq "A" or`} {
		if _, err := parseFilter(text, userAttribute); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`status eq "ACTIVE" and (id pr or not profile.login sw "a")`, `((((`, `not not not`, `"`, `status eq ""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if keep, err := parseFilter(text, userAttribute); err == nil {
			keep(values(map[string]string{"status": "ACTIVE", "id": "x"}))
		}
	})
}
