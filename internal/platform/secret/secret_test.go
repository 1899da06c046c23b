package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/secret"
)

func TestBox(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "key.json")
	box, err := secret.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", st.Mode(), err)
	}
	sealed, err := box.Seal([]byte("hunter2 hunter2"), "connection c1")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, "hunter2") {
		t.Error("sealed text shows the secret")
	}
	again, err := secret.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := again.Open(sealed, "connection c1"); err != nil || string(p) != "hunter2 hunter2" {
		t.Errorf("%q %v", p, err)
	}
	if !bytes.Equal(box.CSRFKey(), again.CSRFKey()) {
		t.Error("two processes with one key file disagree on the form key")
	}
	t.Run("elsewhere it does not open", func(t *testing.T) {
		t.Parallel()
		for name, try := range map[string]func() error{
			"other context": func() error { _, err := box.Open(sealed, "connection c2"); return err },
			"damaged": func() error {
				_, err := box.Open(sealed[:60]+flip(sealed[60:61])+sealed[61:], "connection c1")
				return err
			},
			"no base64": func() error { _, err := box.Open("%%%", "connection c1"); return err },
			"other key": func() error {
				other, err := secret.Open(filepath.Join(t.TempDir(), "key.json"))
				if err != nil {
					t.Fatal(err)
				}
				_, err = other.Open(sealed, "connection c1")
				return err
			},
		} {
			if err := try(); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestKeyFileRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wide := filepath.Join(dir, "wide.json")
	if _, err := secret.Open(wide); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(wide, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Open(wide); !errs.Is(err, errs.Invalid) || errs.HintOf(err) == "" {
		t.Errorf("a key file others can read was accepted: %v", err)
	}
	empty := filepath.Join(dir, "empty.json")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Open(empty); !errs.Is(err, errs.Invalid) {
		t.Errorf("an empty key file was accepted: %v", err)
	}
}

// TestNeverPrinted tries every common way to print a secret by mistake.
func TestNeverPrinted(t *testing.T) {
	t.Parallel()
	s := secret.Text("hunter2")
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %v %+v %#v %q\n", s, s, s, s, s)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", s, "in", struct{ S secret.Text }{s})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", s, "in", map[string]any{"s": s})
	if err := json.NewEncoder(&out).Encode(map[string]any{"s": s}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("the secret was printed:\n%s", out.String())
	}
}

func flip(c string) string {
	if c == "A" {
		return "B"
	}
	return "A"
}
