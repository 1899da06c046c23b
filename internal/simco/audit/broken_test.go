package audit_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/simco/audit"
)

// TestBreak: nobody can read what a broken sender makes of a record, and the record itself stays as it is.
func TestBreak(t *testing.T) {
	t.Parallel()
	const whole = `{"uuid":"u1","actor":{"displayName":"Ada Lind"}}`
	for _, f := range []audit.Fault{audit.CutOff, audit.Latin1, audit.ErrorDoc} {
		r := audit.Record{Log: audit.Okta, Raw: []byte(whole)}
		x := audit.Break(r, f)
		if json.Valid(x.Raw) && utf8.Valid(x.Raw) || strings.Contains(string(x.Raw), "\n") || string(r.Raw) != whole {
			t.Errorf("%s: %q", f, x.Raw)
		}
	}
}
