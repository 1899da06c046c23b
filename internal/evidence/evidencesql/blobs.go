package evidencesql

import (
	"bytes"
	"io"

	"github.com/tickmark/tickmark/internal/platform/blob"
)

// Blobs implements evidence.Blobs on a content-addressed directory.
type Blobs struct{ Dir blob.Dir }

// maxBlob bounds one stored document: a frozen dossier of a large engagement is the largest.
const maxBlob = 4 << 30

// Store keeps a document.
func (b Blobs) Store(content []byte) (string, error) {
	sum, _, err := b.Dir.Put(bytes.NewReader(content), maxBlob)
	return sum, err
}

// Keep stores a document as it comes.
func (b Blobs) Keep(r io.Reader, most int64) (string, int64, error) {
	return b.Dir.Put(r, min(most, maxBlob))
}

// Content reads a document back, checked against its name.
func (b Blobs) Content(sha256 string) ([]byte, error) { return b.Dir.Read(sha256) }
