package errs_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	for k, want := range map[errs.Kind]struct {
		label        string
		status, exit int
	}{
		errs.Internal: {"internal", 500, 1}, errs.Invalid: {"invalid", 400, 2}, errs.NotFound: {"not_found", 404, 1}, errs.Conflict: {"conflict", 409, 1},
		errs.Denied: {"denied", 403, 5}, errs.Unavailable: {"unavailable", 503, 1}, errs.Exhausted: {"exhausted", 429, 1},
	} {
		if k.String() != want.label || k.HTTPStatus() != want.status || k.ExitCode() != want.exit {
			t.Errorf("%v: %s %d %d", k, k, k.HTTPStatus(), k.ExitCode())
		}
	}
}

func TestWrapping(t *testing.T) {
	t.Parallel()
	inner := errs.New(errs.Denied, "no %s", "entry").WithHint("ask %s", "her").At("door")
	err := errs.Wrap(fmt.Errorf("between: %w", inner), "open the house")
	if err.Error() != "open the house: between: no entry" || !errs.Is(err, errs.Denied) || errs.HintOf(err) != "ask her" || errs.FieldOf(err) != "door" {
		t.Errorf("%v, %v, %q, %q", err, errs.KindOf(err), errs.HintOf(err), errs.FieldOf(err))
	}
	if !errors.Is(errs.As(errs.Unavailable, io.EOF, "read"), io.EOF) {
		t.Error("the cause is lost")
	}
	if errs.Wrap(nil, "x") != nil || errs.As(errs.Invalid, nil, "x") != nil {
		t.Error("nil became an error")
	}
	if errs.KindOf(io.EOF) != errs.Internal || errs.Is(nil, errs.Internal) || errs.HintOf(nil) != "" {
		t.Error("an unlabelled error")
	}
	at := errs.AtField(fmt.Errorf("between: %w", inner), "window")
	if at.Error() != "between: no entry" || !errs.Is(at, errs.Denied) || errs.HintOf(at) != "ask her" || errs.FieldOf(at) != "window" || errs.AtField(nil, "x") != nil {
		t.Errorf("%v, %v, %q, %q", at, errs.KindOf(at), errs.HintOf(at), errs.FieldOf(at))
	}
	base := errs.New(errs.Invalid, "x")
	if _ = base.WithHint("h"); base.Hint != "" {
		t.Error("WithHint changed its receiver")
	}
}
