package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Argon2id parameters: 19 MiB, 2 passes, 1 lane, the second recommended setting of the OWASP Password Storage Cheat Sheet.
// They are written into each hash, so that they can be raised later.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

// Length limits of a password, in characters and bytes. Twelve is the floor because NIST SP 800-63B allows no composition
// rules to make up for a short one; the ceiling keeps hashing cheap for a hostile input.
const (
	minPassword = 12
	maxPassword = 256
)

// hashPassword returns the PHC string of an Argon2id hash.
func hashPassword(password string) string {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// checkPassword compares in constant time. A hash it cannot read matches nothing.
func checkPassword(phc, password string) bool {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > maxPassword {
		return false
	}
	var version int
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// nobodyHash is compared against when no such user exists, so that the answer takes as long as for one who does.
var nobodyHash = hashPassword("nobody has this password")

func validPassword(p string) error {
	switch n := utf8.RuneCountInString(p); {
	case n < minPassword:
		return errs.New(errs.Invalid, "the password has %d characters; it needs at least %d", n, minPassword).At("password")
	case len(p) > maxPassword:
		return errs.New(errs.Invalid, "the password is longer than %d bytes", maxPassword).At("password")
	}
	return nil
}

// digest is what is stored of a bearer secret: 256 random bits need no slow hash.
func digest(secret string) string {
	s := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(s[:])
}
