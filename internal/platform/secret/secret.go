// Package secret encrypts small secrets, such as connector credentials, with a key that lives outside the database: a
// Tink keyset in a file that only the program's user can read. Each secret is sealed under a fresh data key (envelope
// encryption), so that the key file can later be replaced by a key service without touching what is sealed.
package secret

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Box seals and opens secrets. It is safe for concurrent use.
type Box struct {
	aead tink.AEAD
	csrf []byte
}

// Open reads the key file, or makes one with mode 0600 when there is none. A file that others can read is refused: the
// secrets in the database are then only as safe as the file was.
func Open(path string) (*Box, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = create(path)
	}
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "key file %s", path)
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "key file %s", path)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, errs.New(errs.Invalid, "key file %s can be read by others (mode %04o)", path, st.Mode().Perm()).
			WithHint("chmod 600 %s, and replace the credentials it protects if somebody may have read it.", path)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, errs.Hinted(errs.As(errs.Invalid, err, "key file %s holds no keyset", path), "Restore it from a backup; a new one cannot open what the old one sealed.")
	}
	kek, err := aead.New(h)
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "key file %s", path)
	}
	csrf, err := hkdf.Key(sha256.New, raw, nil, "tickmark csrf", 32)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "derive the form key")
	}
	return &Box{aead: aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), kek), csrf: csrf}, nil
}

// create writes a new keyset beside the target and links it there, so that two starting processes agree on one key.
func create(path string) ([]byte, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&buf)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // CreateTemp makes mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // a stray copy is as closed as the key itself
	_, err = tmp.Write(buf.Bytes())
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// Seal encrypts a secret for a context, such as "totp usr_...": a sealed text copied to another row does not open there.
func (b *Box) Seal(plain []byte, context string) (string, error) {
	c, err := b.aead.Encrypt(plain, []byte(context))
	if err != nil {
		return "", errs.As(errs.Internal, err, "seal a secret")
	}
	return base64.StdEncoding.EncodeToString(c), nil
}

// Open decrypts what Seal returned for the same context.
func (b *Box) Open(sealed, context string) ([]byte, error) {
	c, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "a sealed secret is damaged")
	}
	p, err := b.aead.Decrypt(c, []byte(context))
	if err != nil {
		return nil, errs.Hinted(errs.As(errs.Invalid, err, "a sealed secret does not open with this key file"), "Was the key file replaced? Enter the secret again.")
	}
	return p, nil
}

// CSRFKey is a key for form tokens, the same in every process that has the key file.
func (b *Box) CSRFKey() []byte { return b.csrf }

// Text is a secret on its way through the program. It prints and logs as a placeholder.
type Text string

// String hides the secret.
func (Text) String() string { return "[secret]" }

// GoString hides the secret.
func (Text) GoString() string { return "[secret]" }

// LogValue hides the secret.
func (Text) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the secret.
func (Text) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
