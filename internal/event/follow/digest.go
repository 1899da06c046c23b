package follow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// DigestFolder is the folder of the digests in CloudTrail's layout. A digest tells of the files of an hour, and of the digest before it:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
const DigestFolder = "CloudTrail-Digest"

// IsDigest says whether a file is a digest, by where it is.
func IsDigest(name string) bool {
	return slices.Contains(strings.Split(name, "/"), DigestFolder)
}

// Digested keeps what a digest lacks.
type Digested func(ctx context.Context, digest string, lacks []event.Lack) error

// Digests holds files against the digests that name them.
type Digests struct {
	*Objects
	Tell Digested
	// Before says that files of a day are not followed, since it was before the first or is long past; nil follows all.
	Before func(key string) bool
	// Over says that nothing late is waited for on the day of a digest, by the name under which its position is kept; nil waits for ever.
	Over func(digest string) bool

	waiting map[string]*digest // by the names under which their positions are kept
}

// digest is one that was read and of which not everything is there.
type digest struct {
	o     Object
	sum   string // as it came
	plain string // unpacked
	doc   digestDoc
	since time.Time
	told  string // what was told last
}

type digestDoc struct {
	Account  string `json:"awsAccountId"`
	Ends     string `json:"digestEndTime"`
	Previous string `json:"previousDigestS3Object"`
	Hash     string `json:"previousDigestHashValue"`
	Files    []struct {
		Object string `json:"s3Object"`
		Hash   string `json:"hashValue"`
	} `json:"logFiles"`
}

const (
	// digestGrace is how long files may come after the digest that names them.
	digestGrace = time.Hour
	// maxDigest bounds a digest, unpacked: one names at most some ten thousand files.
	maxDigest = 32 << 20
)

// New says whether a file is to be read: a digest that waits for its files was.
func (x *Digests) New(name, mark string) bool {
	d := x.waiting[name]
	return x.Objects.New(name, mark) && (d == nil || d.o.Mark != mark)
}

// ReadFile reads a file that is no digest. CloudTrail never changes what it delivered: one that holds something else than when it was
// taken was altered, whether a digest names it or not.
func (x *Digests) ReadFile(ctx context.Context, o Object) (took bool, err error) {
	before := x.Known[o.Name].Plain
	if took, err = x.Objects.Read(ctx, o); err != nil || x.Tell == nil {
		return took, err
	}
	return took, x.altered(ctx, o.Name, before, x.Known[o.Name].Plain)
}

// altered tells of a file that holds something else than before.
func (x *Digests) altered(ctx context.Context, name, before, now string) error {
	if before == "" || before == unreadable || before == now {
		return nil
	}
	// Under a name of its own: what a digest lacks is settled, that it was altered is not.
	return x.Tell(ctx, "content of "+base(name), []event.Lack{{File: base(name), Kind: event.GapAltered}})
}

// Read reads a digest. What it names is looked for by Settle.
func (x *Digests) Read(ctx context.Context, o Object) error {
	h := sha256.New()
	body, err := event.Unpacked(io.TeeReader(o.Body, h))
	if err != nil {
		return x.Refuse(ctx, o, "a digest that cannot be unpacked: "+err.Error())
	}
	text, err := io.ReadAll(io.LimitReader(body, maxDigest+1))
	if err != nil {
		return errs.As(errs.Unavailable, err, "read the digest")
	}
	d, before := &digest{o: Object{Name: o.Name, Mark: o.Mark}, since: x.Clock()}, x.Known[o.Name].Plain
	if len(text) > maxDigest || json.Unmarshal(text, &d.doc) != nil || d.doc.Account == "" || d.doc.Ends == "" {
		if err := x.Refuse(ctx, o, "it is no digest of CloudTrail"); err != nil {
			return err
		}
		return x.altered(ctx, o.Name, before, unreadable)
	}
	if _, err := io.Copy(io.Discard, io.TeeReader(o.Body, h)); err != nil {
		return errs.As(errs.Unavailable, err, "read the digest")
	}
	plain := sha256.Sum256(text)
	d.sum, d.plain = hex.EncodeToString(h.Sum(nil)), hex.EncodeToString(plain[:])
	if err := x.altered(ctx, o.Name, before, d.plain); err != nil {
		return err
	}
	if x.waiting == nil {
		x.waiting = map[string]*digest{}
	}
	x.waiting[o.Name] = d
	return nil
}

// Settle looks for the files of the digests that wait. A digest of which everything is there is done; what is not there after a while
// is told, and may still come.
func (x *Digests) Settle(ctx context.Context) error {
	if len(x.waiting) == 0 {
		return ctx.Err()
	}
	files := map[string]event.Position{}
	for name, at := range x.Known {
		files[base(name)] = at
	}
	for name, d := range x.waiting {
		files[base(name)] = event.Position{Name: name, SHA256: d.sum, Plain: d.plain, Identity: d.o.Mark}
	}
	for name, d := range x.waiting {
		lacks := x.lacks(d, files)
		if len(lacks) > 0 && x.Clock().Sub(d.since) < digestGrace && (x.Over == nil || !x.Over(name)) {
			continue
		}
		if told, err := json.Marshal(lacks); err != nil {
			return errs.As(errs.Internal, err, "what the digest %s lacks", name)
		} else if string(told) != d.told {
			if err := x.Tell(ctx, base(name), lacks); err != nil {
				return err
			}
			d.told = string(told)
		}
		if len(lacks) > 0 {
			continue
		}
		if err := x.done(ctx, name, d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// lacks are the files that a digest names and that are not there as it says.
func (x *Digests) lacks(d *digest, files map[string]event.Position) (out []event.Lack) {
	one := func(key, hash string) {
		name := base(key)
		at, there := files[name]
		switch {
		case x.Before != nil && x.Before(key):
		case !there || at.Identity == "": // or it is not whole yet
			out = append(out, event.Lack{File: name, Kind: event.GapFile})
		case at.Plain == "":
		case !strings.EqualFold(at.Plain, hash) && !strings.EqualFold(at.SHA256, hash):
			out = append(out, event.Lack{File: name, Kind: event.GapAltered})
		}
	}
	for _, f := range d.doc.Files {
		one(f.Object, f.Hash)
	}
	if d.doc.Previous != "" && !first(d, files) {
		one(d.doc.Previous, d.doc.Hash)
	}
	return out
}

// first says that a digest is the earliest of its chain that is there: what came before it was never ours.
func first(d *digest, files map[string]event.Position) bool {
	chain, at := chainOf(d.o.Name)
	for name := range files {
		if c, t := chainOf(name); c == chain && t < at {
			return false
		}
	}
	return true
}

// chainOf takes the name of a digest, ACCOUNT_CloudTrail-Digest_REGION_TRAIL_REGION_20260301T090000Z.json.gz, apart: which chain it is of,
// and its time.
func chainOf(name string) (chain, at string) {
	name = base(name)
	if !strings.Contains(name, DigestFolder) {
		return "", ""
	}
	i := strings.LastIndexByte(strings.TrimSuffix(name, "_backfill"), '_')
	if i < 0 {
		return "", ""
	}
	return name[:i], name[i+1:]
}

// base is the name of a file without its folders and without what says how it is packed: it is the same wherever the file is put.
func base(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	for _, s := range []string{".gz", ".zst", ".json"} {
		name = strings.TrimSuffix(name, s)
	}
	return name
}

// Finish is done with the digests of days that are over, although something they name lacks: the gaps stay.
func (x *Digests) Finish(ctx context.Context) error {
	for name, d := range x.waiting {
		if x.Over == nil || !x.Over(name) {
			continue
		}
		if err := x.done(ctx, name, d); err != nil {
			return err
		}
	}
	return nil
}

func (x *Digests) done(ctx context.Context, name string, d *digest) error {
	at := event.Position{Name: name, Identity: d.o.Mark, SHA256: d.sum, Plain: d.plain}
	if err := x.Take(ctx, nil, at); err != nil {
		return err
	}
	x.Known[name] = at
	delete(x.waiting, name)
	return nil
}
