// Package pdfsign puts a digital signature into a PDF file that this program wrote, and checks it: a detached CMS signature over
// the whole file, of the form that PAdES asks for (ETSI EN 319 142-1, level B-B), in an incremental update, so that the bytes
// before it stay what they were. It says that the file was not changed since the holder of the key made it. Who holds the key,
// readers learn from the certificate; one that a program made for itself is trusted only by who compares its fingerprint.
package pdfsign

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Key signs: an ECDSA key on the curve P-256 with its certificate.
type Key struct {
	Signer      crypto.Signer
	Certificate *x509.Certificate
}

// Statement is what stands beside the signature in the file. It is covered by it.
type Statement struct {
	Name   string // who signs
	Reason string
	At     time.Time // as the signer says it
}

// room is the hexadecimal digits that the signature may take in the file.
const room = 8192

// maxFile bounds what Check reads.
const maxFile = 256 << 20

var (
	rootAt  = regexp.MustCompile(`/Root (\d+) 0 R`)
	infoAt  = regexp.MustCompile(`/Info (\d+) 0 R`)
	sizeAt  = regexp.MustCompile(`/Size (\d+)`)
	firstAt = regexp.MustCompile(`/Kids \[(\d+) 0 R`)
	pagesAt = regexp.MustCompile(`/Pages (\d+) 0 R`)
)

// Sign returns the file with a signature. The same file, key and statement give the same bytes.
func Sign(file []byte, k Key, s Statement) ([]byte, error) {
	p, err := read(file)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "sign a PDF")
	}
	out, at, err := p.extended(s)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "sign a PDF")
	}
	rng := [4]int{0, at - 1, at + room + 1, len(out) - at - room - 1}
	i := bytes.LastIndex(out[:at], []byte(blankRange))
	copy(out[i:], fmt.Sprintf("[0 %010d %010d %010d]", rng[1], rng[2], rng[3]))
	h := sha256.New()
	h.Write(out[:rng[1]])
	h.Write(out[rng[2]:])
	der, err := detached(h.Sum(nil), k.Signer, k.Certificate)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "sign a PDF")
	}
	if len(der)*2 > room {
		return nil, errs.New(errs.Internal, "sign a PDF: the signature takes %d digits, of %d", len(der)*2, room)
	}
	hex.Encode(out[at:], der)
	return out, nil
}

// plain is a PDF file as fpdf writes it: one table of references at the end, objects without compression of their own.
type plain struct {
	raw               []byte
	size, start       int
	root, info, first int
	offsets           []int
}

func read(file []byte) (*plain, error) {
	p := &plain{raw: file}
	i := bytes.LastIndex(file, []byte("startxref"))
	if i < 0 {
		return nil, fmt.Errorf("no startxref")
	}
	var err error
	if p.start, err = strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(file[i+len("startxref"):])), "%%EOF"))); err != nil || p.start <= 0 || p.start >= i {
		return nil, fmt.Errorf("no table of references")
	}
	table, trailer, ok := bytes.Cut(file[p.start:i], []byte("trailer"))
	if !ok {
		return nil, fmt.Errorf("no trailer")
	}
	for _, x := range []struct {
		to *int
		re *regexp.Regexp
	}{{&p.root, rootAt}, {&p.info, infoAt}, {&p.size, sizeAt}} {
		if *x.to, err = number(x.re, trailer); err != nil {
			return nil, err
		}
	}
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	if len(lines) != p.size+2 {
		return nil, fmt.Errorf("%d references for %d objects", len(lines)-2, p.size)
	}
	for _, l := range lines[2:] {
		n, err := strconv.Atoi(strings.Fields(l)[0])
		if err != nil || n >= len(file) {
			return nil, fmt.Errorf("reference %q", l)
		}
		p.offsets = append(p.offsets, n)
	}
	root, err := p.object(p.root)
	if err != nil {
		return nil, err
	}
	n, err := number(pagesAt, root)
	if err != nil {
		return nil, err
	}
	pages, err := p.object(n)
	if err != nil {
		return nil, err
	}
	p.first, err = number(firstAt, pages)
	return p, err
}

func number(re *regexp.Regexp, in []byte) (int, error) {
	m := re.FindSubmatch(in)
	if m == nil {
		return 0, fmt.Errorf("nothing like %s", re)
	}
	return strconv.Atoi(string(m[1]))
}

// object is the dictionary of an object, from "<<" to ">>".
func (p *plain) object(n int) ([]byte, error) {
	if n <= 0 || n >= len(p.offsets) {
		return nil, fmt.Errorf("no object %d", n)
	}
	body, _, ok := bytes.Cut(p.raw[p.offsets[n]:], []byte("endobj"))
	head := fmt.Appendf(nil, "%d 0 obj", n)
	if !ok || !bytes.HasPrefix(body, head) {
		return nil, fmt.Errorf("object %d is not where the table says", n)
	}
	body = bytes.TrimSpace(body[len(head):])
	if !bytes.HasPrefix(body, []byte("<<")) || !bytes.HasSuffix(body, []byte(">>")) {
		return nil, fmt.Errorf("object %d is no dictionary", n)
	}
	return body, nil
}

// blankRange is where the bytes that the signature covers are written once they are known.
const blankRange = "[0 0000000000 0000000000 0000000000]"

// extended appends the signature's objects with room for the signature, and says where that begins.
func (p *plain) extended(s Statement) (out []byte, at int, err error) {
	root, err := p.object(p.root)
	if err != nil {
		return nil, 0, err
	}
	first, err := p.object(p.first)
	if err != nil {
		return nil, 0, err
	}
	if bytes.Contains(root, []byte("/AcroForm")) {
		return nil, 0, fmt.Errorf("the file has a form already")
	}
	sig, field := p.size, p.size+1
	link := fmt.Sprintf("%d 0 R ", field)
	if i := bytes.Index(first, []byte("/Annots [")); i >= 0 {
		first = slices.Insert(bytes.Clone(first), i+len("/Annots ["), []byte(link)...)
	} else {
		first = slices.Insert(bytes.Clone(first), 2, []byte("/Annots ["+link+"]\n")...)
	}
	root = slices.Insert(bytes.Clone(root), 2, fmt.Appendf(nil, "/AcroForm << /Fields [%s] /SigFlags 3 >>\n", strings.TrimSpace(link))...)
	b := bytes.NewBuffer(bytes.Clone(p.raw))
	if !bytes.HasSuffix(p.raw, []byte("\n")) {
		b.WriteByte('\n')
	}
	where := map[int]int{}
	put := func(n int, body []byte) {
		where[n] = b.Len()
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	put(p.root, root)
	put(p.first, first)
	put(field, fmt.Appendf(nil, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /Rect [0 0 0 0] /F 132 /P %d 0 R /V %d 0 R >>", p.first, sig))
	where[sig] = b.Len()
	fmt.Fprintf(b, "%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Name %s /Reason %s /M (D:%s+00'00') /ByteRange %s /Contents <", sig, text(s.Name), text(s.Reason), s.At.UTC().Format("20060102150405"), blankRange)
	at = b.Len()
	b.WriteString(strings.Repeat("0", room))
	b.WriteString("> >>\nendobj\n")
	p.table(b, where)
	return b.Bytes(), at, nil
}

// table writes the references of the objects that came or changed, and where the older ones are.
func (p *plain) table(b *bytes.Buffer, where map[int]int) {
	start := b.Len()
	b.WriteString("xref\n")
	var numbers []int
	for n := range where {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		fmt.Fprintf(b, "%d 1\n%010d 00000 n \n", n, where[n])
	}
	fmt.Fprintf(b, "trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n", p.size+2, p.root, p.info, p.start, start)
}

// text is a string of the file: UTF-16 in hexadecimal, which needs no escapes.
func text(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// Found is a signature that holds.
type Found struct {
	Statement
	Certificate *x509.Certificate
	Fingerprint string // SHA-256 of the certificate in hex
}

var signatureAt = regexp.MustCompile(`/Name <FEFF([0-9A-F]*)> /Reason <FEFF([0-9A-F]*)> /M \(D:(\d{14})\+00'00'\) /ByteRange \[0 (\d{10}) (\d{10}) (\d{10})\] /Contents <([0-9a-f]+)>`)

// Check finds the signature that Sign wrote into a file and says whether it holds over the whole of it.
func Check(file []byte) (Found, error) {
	if len(file) > maxFile {
		return Found{}, errs.New(errs.Invalid, "the file has more than %d MiB", maxFile>>20)
	}
	all := signatureAt.FindAllSubmatchIndex(file, -1)
	if len(all) == 0 {
		return Found{}, errs.New(errs.NotFound, "the file has no signature of this program").WithHint("Other signatures are read by PDF viewers and by pdfsig.")
	}
	m := all[len(all)-1]
	part := func(i int) string { return string(file[m[2*i]:m[2*i+1]]) }
	f := Found{Statement: Statement{Name: words(part(1)), Reason: words(part(2))}}
	var err error
	if f.At, err = time.Parse("20060102150405", part(3)); err != nil {
		return f, errs.As(errs.Invalid, err, "the time of the signature")
	}
	end, next, rest := whole(part(4)), whole(part(5)), whole(part(6))
	if end != m[14]-1 || next != m[15]+1 || next+rest != len(file) {
		return f, errs.New(errs.Invalid, "the signature does not cover the whole file: something was added after it")
	}
	h := sha256.New()
	h.Write(file[:end])
	h.Write(file[next:])
	der, err := hex.DecodeString(part(7))
	if err != nil {
		return f, errs.As(errs.Invalid, err, "the signature")
	}
	f.Certificate, err = opened(der, h.Sum(nil))
	if err != nil {
		return f, errs.As(errs.Invalid, err, "the signature does not hold")
	}
	f.Fingerprint = Fingerprint(f.Certificate)
	return f, nil
}

// Fingerprint is the SHA-256 of a certificate in hex, by which people compare it.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func whole(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

func words(s string) string {
	var u []uint16
	for ; len(s) >= 4; s = s[4:] {
		n, err := strconv.ParseUint(s[:4], 16, 16)
		if err != nil {
			return ""
		}
		u = append(u, uint16(n))
	}
	return string(utf16.Decode(u))
}
