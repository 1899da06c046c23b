package pdfsign_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/pdfsign"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

var at = time.Date(2026, 7, 3, 9, 30, 0, 0, time.UTC)

func key(t *testing.T) pdfsign.Key {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Northwind"}, NotBefore: at.Add(-time.Hour), NotAfter: at.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pdfsign.Key{Signer: k, Certificate: c}
}

func paper(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := pdf.Render(&out, report.Build(reporttest.Small()), pdf.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A signed file keeps its first bytes, is the same twice, is found good by our check and by poppler's where that is installed, and
// bad after any change.
func TestSign(t *testing.T) {
	t.Parallel()
	k, was := key(t), paper(t)
	s := pdfsign.Statement{Name: "Dana Whitfield (CEO) \\ ✓", Reason: "Management’s assertion", At: at}
	file, err := pdfsign.Sign(was, k, s)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := pdfsign.Sign(was, k, s); err != nil || !bytes.Equal(again, file) || !bytes.HasPrefix(file, was) {
		t.Fatalf("%v: other bytes the second time, or the file before the signature changed", err)
	}
	found, err := pdfsign.Check(file)
	if err != nil || found.Statement != s || found.Fingerprint != pdfsign.Fingerprint(k.Certificate) {
		t.Fatalf("%v %+v", err, found)
	}
	for name, change := range map[string]func([]byte) []byte{
		"a byte of the text":     func(b []byte) []byte { b[len(was)/2] ^= 1; return b },
		"the time":               func(b []byte) []byte { return bytes.Replace(b, []byte("D:20260703"), []byte("D:20260704"), 1) },
		"something after it":     func(b []byte) []byte { return append(b, "% more\n"...) },
		"the signature":          func(b []byte) []byte { i := bytes.LastIndex(b, []byte("/Contents <")); b[i+700] ^= 1; return b },
		"no signature":           func([]byte) []byte { return was },
		"another range":          func(b []byte) []byte { i := bytes.LastIndex(b, []byte("/ByteRange [0 ")); b[i+20] ^= 1; return b },
		"nothing":                func([]byte) []byte { return nil },
		"another key's contents": func(b []byte) []byte { return swapped(t, b, was, s) },
	} {
		if f, err := pdfsign.Check(change(bytes.Clone(file))); err == nil {
			t.Errorf("%s: found %+v", name, f)
		}
	}
	if _, err := pdfsign.Sign(file, k, s); err == nil {
		t.Error("a signed file was signed again over its form")
	}
	for _, bad := range []string{"", "%PDF-1.3", "startxref\n99\n%%EOF", "xref\n0 1\ntrailer << /Size 1 >>\nstartxref\n0\n%%EOF"} {
		if _, err := pdfsign.Sign([]byte(bad), k, s); err == nil {
			t.Errorf("%q was signed", bad)
		}
	}
	poppler(t, file)
}

// swapped puts another signer's certificate and signature, over other bytes, into the file.
func swapped(t *testing.T, file, was []byte, s pdfsign.Statement) []byte {
	t.Helper()
	s.Name = strings.Replace(s.Name, "Dana", "Dina", 1)
	other, err := pdfsign.Sign(was, key(t), s)
	if err != nil {
		t.Fatal(err)
	}
	i, j := bytes.LastIndex(file, []byte("/Contents <")), bytes.LastIndex(other, []byte("/Contents <"))
	copy(file[i:i+4000], other[j:j+4000])
	return file
}

// poppler asks pdfsig, where it is installed.
func poppler(t *testing.T, file []byte) {
	t.Helper()
	if _, err := exec.LookPath("pdfsig"); err != nil {
		t.Log("pdfsig is not installed: only our own check was made")
		return
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "a.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "pdfsig", name)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	said, err := cmd.CombinedOutput()
	t.Logf("%v\n%s", err, said)
	for _, want := range []string{"Signature is Valid", "Total document signed", "ETSI.CAdES.detached", "Northwind"} {
		if !bytes.Contains(said, []byte(want)) {
			t.Errorf("pdfsig does not say %q", want)
		}
	}
}
