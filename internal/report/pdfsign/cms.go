package pdfsign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
)

// The identifiers of a signature in the Cryptographic Message Syntax (RFC 5652, RFC 5035, RFC 5758).
var (
	oidData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47} // signing-certificate-v2
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSA       = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2} // with SHA-256
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated struct{ Type asn1.ObjectIdentifier }
	Certificates asn1.RawValue
	Signers      []signerInfo `asn1:"set"`
}

type signerInfo struct {
	Version    int
	Issuer     issuer
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
}

type issuer struct {
	Name   asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// certificateID is ESSCertIDv2 with its default, SHA-256.
type certificateID struct{ Hash []byte }

type signingCertificate struct{ Certificates []certificateID }

// attributes are what the signature is over besides the digest: they tie it to this certificate, as PAdES asks (ETSI EN 319 142-1).
// The time of signing is not among them: it stands in the file.
func attributes(digest []byte, cert *x509.Certificate) ([]byte, error) {
	id := sha256.Sum256(cert.Raw)
	var list []attribute
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{{oidContentType, oidData}, {oidDigest, digest}, {oidCertificate, signingCertificate{[]certificateID{{id[:]}}}}} {
		der, err := asn1.Marshal(a.value)
		if err != nil {
			return nil, err
		}
		list = append(list, attribute{a.oid, []asn1.RawValue{{FullBytes: der}}})
	}
	return asn1.MarshalWithParams(list, "set")
}

// detached signs a digest. ECDSA without a source of randomness is deterministic (RFC 6979): the same file gives the same signature.
func detached(digest []byte, key crypto.Signer, cert *x509.Certificate) ([]byte, error) {
	attrs, err := attributes(digest, cert)
	if err != nil {
		return nil, err
	}
	over := sha256.Sum256(attrs)
	sig, err := key.Sign(nil, over[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	implicit := bytes.Clone(attrs)
	implicit[0] = 0xA0 // [0] IMPLICIT in place of SET
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	sd := signedData{
		Version: 1, Digests: []pkix.AlgorithmIdentifier{sha}, Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.Raw},
		Signers: []signerInfo{{
			Version: 1, Issuer: issuer{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}, Digest: sha, Attributes: asn1.RawValue{FullBytes: implicit},
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSA}, Signature: sig,
		}},
	}
	sd.Encapsulated.Type = oidData
	body, err := asn1.Marshal(sd)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{oidSignedData, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: body}})
}

// errNotOurs is said of signatures of another form, which other programs may well read.
var errNotOurs = errors.New("the signature has another form than this program writes: ECDSA with SHA-256 and one certificate")

// opened checks a signature of the form that detached writes over a digest, and returns its certificate.
func opened(der, digest []byte) (*x509.Certificate, error) {
	var ci contentInfo
	if _, err := asn1.Unmarshal(der, &ci); err != nil || !ci.Type.Equal(oidSignedData) {
		return nil, errNotOurs
	}
	var sd signedData
	if _, err := asn1.Unmarshal(ci.Content.Bytes, &sd); err != nil || len(sd.Signers) != 1 {
		return nil, errNotOurs
	}
	s := sd.Signers[0]
	cert, err := x509.ParseCertificate(sd.Certificates.Bytes)
	if err != nil || len(s.Attributes.FullBytes) == 0 || !s.Algorithm.Algorithm.Equal(oidECDSA) {
		return nil, errNotOurs
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, errNotOurs
	}
	want, err := attributes(digest, cert)
	if err != nil {
		return nil, err
	}
	got := bytes.Clone(s.Attributes.FullBytes)
	got[0] = want[0]
	if !bytes.Equal(got, want) {
		return cert, errors.New("the file was changed after it was signed")
	}
	if over := sha256.Sum256(want); !ecdsa.VerifyASN1(key, over[:], s.Signature) {
		return cert, errors.New("the signature was not made with the key of its certificate")
	}
	return cert, nil
}
