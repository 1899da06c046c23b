package letter

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Key is an organisation's own, with which its signed documents are sealed as files. Its certificate is made by itself: readers trust
// it as far as they compare its fingerprint with one they got from the organisation.
type Key struct {
	Certificate []byte // DER
	Sealed      string // the private key, sealed
	Made        time.Time
	MadeBy      string
}

// Fingerprint is the SHA-256 of the certificate in hex.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256(k.Certificate)
	return hex.EncodeToString(sum[:])
}

// documentSigning is the purpose of the certificate (RFC 9336).
var documentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}

// years is how long a certificate says that it holds: longer than reports are kept.
const years = 15

func sealContext(s access.ReadScope) string { return "letter key " + string(s.Org()) }

// key is the organisation's, made if there is none: called within the transaction of a signature.
func (s *Service) key(ctx context.Context, scope access.Scope, now time.Time) error {
	if s.Sealer == nil {
		return nil
	}
	if _, err := s.Store.Key(ctx, scope.ReadScope); !errs.Is(err, errs.NotFound) {
		return err
	}
	o, err := s.Access.Org(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	name := o.Settings.LegalName
	if name == "" {
		name = o.Name
	}
	k := Key{Made: now, MadeBy: scope.Actor()}
	var plain []byte
	if k.Certificate, plain, err = makeKey(name, now); err != nil {
		return errs.As(errs.Internal, err, "make a key for documents")
	}
	if k.Sealed, err = s.Sealer.Seal(plain, sealContext(scope.ReadScope)); err != nil {
		return err
	}
	if err := s.Store.AddKey(ctx, scope, k); err != nil {
		return err
	}
	_, err = s.Ledger.Append(ctx, scope, now, "letter.key_made", string(scope.Org()), map[string]any{"certificate_sha256": k.Fingerprint(), "algorithm": "ECDSA P-256"})
	return err
}

func makeKey(org string, now time.Time) (certificate, plain []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	from := now.UTC().Truncate(time.Second)
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: short(org), Organization: []string{short(org)}, OrganizationalUnit: []string{"Documents"}},
		NotBefore: from, NotAfter: from.AddDate(years, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, UnknownExtKeyUsage: []asn1.ObjectIdentifier{documentSigning},
	}
	if certificate, err = x509.CreateCertificate(rand.Reader, c, c, key.Public(), key); err != nil {
		return nil, nil, err
	}
	plain, err = x509.MarshalPKCS8PrivateKey(key)
	return certificate, plain, err
}

// short is a name as certificates hold it: at most 64 characters (RFC 5280).
func short(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64])
	}
	return s
}

// Seal is the key that a signed version's file is sealed with. False: there was none yet when it was signed.
func (s *Service) Seal(ctx context.Context, scope access.ReadScope, l Letter) (crypto.Signer, *x509.Certificate, bool, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, nil, false, err
	}
	if l.Signed == nil || s.Sealer == nil {
		return nil, nil, false, nil
	}
	k, err := s.Store.Key(ctx, scope)
	if errs.Is(err, errs.NotFound) || err == nil && l.Signed.Before(k.Made) {
		return nil, nil, false, nil
	}
	if err != nil {
		return nil, nil, false, err
	}
	plain, err := s.Sealer.Open(k.Sealed, sealContext(scope))
	if err != nil {
		return nil, nil, false, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	key, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, nil, false, errs.New(errs.Internal, "the key for documents is damaged")
	}
	c, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return nil, nil, false, errs.As(errs.Internal, err, "the certificate for documents")
	}
	return key, c, true, nil
}
