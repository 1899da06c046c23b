package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report/pdfsign"
)

// isPDF tells by the first bytes, not by the name.
func isPDF(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 5)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == "%PDF-"
}

// verifiedPDF says whether the organisation's signature in a document holds, and by which certificate.
func (s *session) verifiedPDF(name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return errs.As(errs.Unavailable, err, "%s", name)
	}
	f, err := pdfsign.Check(raw)
	if err != nil {
		if errs.Is(err, errs.NotFound) {
			return err
		}
		fmt.Fprintf(s.Out, "%s %s: %s. Do not rely on this file.\n", s.paint(red, "✗"), name, printable(err.Error()))
		return verdict(exitTampered)
	}
	if s.json {
		return s.object(map[string]any{"signed_by": f.Name, "reason": f.Reason, "at": f.At.Format(time.RFC3339), "certificate_of": f.Certificate.Subject.CommonName, "certificate_sha256": f.Fingerprint})
	}
	fmt.Fprintf(s.Out, "%s %s holds: signed by %s, %s.\n  %s\n", s.paint(green, "✓"), name, printable(f.Name), f.At.Format("2006-01-02 15:04:05 UTC"), printable(f.Reason))
	fmt.Fprintf(s.Out, "  Certificate of %s, made by itself, SHA-256 %s: compare it with the one the organisation gave you.\n", printable(f.Certificate.Subject.CommonName), f.Fingerprint)
	return nil
}
