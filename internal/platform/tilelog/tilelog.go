// Package tilelog is the transparency log on a directory: Tessera's POSIX driver, which writes C2SP tlog-tiles and
// signed-note checkpoints that any static file server can publish.
package tilelog

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/verify"
)

// Timing of the log. A batch waits at most batchAge for company; a checkpoint follows within the interval, whose smallest
// value Tessera fixes at 100 ms.
const (
	batchSize          = 256
	batchAge           = 5 * time.Millisecond
	checkpointInterval = 100 * time.Millisecond
	pollInterval       = 10 * time.Millisecond
	addTimeout         = 60 * time.Second
	tileHeight         = 8 // C2SP tiles hold 2^8 hashes
)

// Guard is asked before each signature; see ledger.Sealing.
type Guard func(ctx context.Context, origin string, size int64, root string) error

// Log is an open transparency log. Several processes may have the same directory open: Tessera's file locks order them.
type Log struct {
	appender *tessera.Appender
	reader   tessera.LogReader
	awaiter  *tessera.PublicationAwaiter
	stop     func(context.Context) error
	cancel   context.CancelFunc
	key      string
}

func init() {
	// Tessera logs through klog to standard error; what matters of it reaches us as errors.
	fs := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(fs)
	_ = fs.Set("logtostderr", "false")
	_ = fs.Set("alsologtostderr", "false")
	_ = fs.Set("stderrthreshold", "FATAL")
	klog.SetOutput(io.Discard)
}

// NewKey makes a signing key for an origin and returns it with its verifier key, both in note format.
func NewKey(origin string, random io.Reader) (signer, verifier string, err error) {
	return note.GenerateKey(random, origin)
}

// Open opens or creates the log in dir, signing checkpoints with the key and asking guard before each signature.
func Open(dir, signerKey, verifierKey string, guard Guard) (*Log, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // tiles are made to be published
		return nil, errs.As(errs.Unavailable, err, "create the folder of the log")
	}
	inner, err := note.NewSigner(signerKey)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "signing key of the log")
	}
	// Tessera runs its integration under the context it was opened with.
	ctx, cancel := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		cancel()
		return nil, errs.As(errs.Unavailable, err, "open the log")
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(&guardedSigner{inner, ctx, guard}).
		WithBatching(batchSize, batchAge).WithCheckpointInterval(checkpointInterval)
	a, stop, r, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		cancel()
		return nil, errs.As(errs.Unavailable, err, "open the log")
	}
	return &Log{a, r, tessera.NewPublicationAwaiter(ctx, r.ReadCheckpoint, pollInterval), stop, cancel, verifierKey}, nil
}

// Close waits until everything added is covered by a checkpoint.
func (l *Log) Close(ctx context.Context) error {
	defer l.cancel()
	return l.stop(ctx)
}

// Key is the verifier key.
func (l *Log) Key() string { return l.key }

// Add appends leaves and returns their indexes once the published checkpoint covers them.
func (l *Log) Add(ctx context.Context, leaves [][]byte) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, addTimeout)
	defer cancel()
	futures := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		futures[i] = l.appender.Add(ctx, tessera.NewEntry(leaf))
	}
	at := make([]int64, len(leaves))
	for i, f := range futures {
		index, _, err := l.awaiter.Await(ctx, f)
		if err != nil {
			return nil, errs.As(errs.Unavailable, err, "the log did not publish leaf %d of %d", i+1, len(leaves))
		}
		at[i] = int64(index.Index) //nolint:gosec // a log of 2^63 leaves does not exist
	}
	return at, nil
}

// Checkpoint is the newest signed checkpoint.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	cp, err := l.reader.ReadCheckpoint(ctx)
	return cp, errs.As(errs.Unavailable, err, "read the checkpoint of the log")
}

// Leaves reads leaf hashes from the level-0 tiles.
func (l *Log) Leaves(ctx context.Context, first, end int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, end-first)
	for n := first >> tileHeight; n<<tileHeight < end; n++ {
		width := min(end-n<<tileHeight, 1<<tileHeight)
		data, err := l.tile(ctx, 0, n, int(width))
		if err != nil {
			return nil, err
		}
		for i := int64(0); i < width; i++ {
			if at := n<<tileHeight + i; at >= first && at < end {
				out = append(out, tlog.Hash(data[i*tlog.HashSize:(i+1)*tlog.HashSize]))
			}
		}
	}
	return out, nil
}

// tile reads a tile's first width hashes. A partial tile may have grown since; the shorter prefix is the same.
func (l *Log) tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	p := uint8(0)
	if width < 1<<tileHeight {
		p = uint8(width)
	}
	data, err := l.reader.ReadTile(ctx, uint64(level), uint64(n), p) //nolint:gosec // both come from tlog and are not negative
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "read tile %d/%d of the log", level, n)
	}
	if len(data) < width*tlog.HashSize {
		return nil, errs.New(errs.Internal, "tile %d/%d of the log holds %d bytes, %d hashes are expected", level, n, len(data), width)
	}
	return data[:width*tlog.HashSize], nil
}

// Prove is the inclusion path of a leaf under a checkpoint, checked before it is returned.
func (l *Log) Prove(ctx context.Context, leaf int64, cp verify.Checkpoint) ([]tlog.Hash, error) {
	r := tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, &tiles{ctx, l})
	path, err := tlog.ProveRecord(cp.Size, leaf, r)
	return path, errs.As(errs.Internal, err, "prove leaf %d", leaf)
}

// ProveGrowth is the consistency proof from an older size to a checkpoint.
func (l *Log) ProveGrowth(ctx context.Context, old int64, cp verify.Checkpoint) ([]tlog.Hash, error) {
	r := tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, &tiles{ctx, l})
	path, err := tlog.ProveTree(cp.Size, old, r)
	return path, errs.As(errs.Internal, err, "prove growth from %d to %d", old, cp.Size)
}

// tiles serves tlog's tile reader from the log.
type tiles struct {
	ctx context.Context //nolint:containedctx // tlog.TileReader has no context of its own
	log *Log
}

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, w := range want {
		data, err := t.log.tile(t.ctx, w.L, w.N, w.W)
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// guardedSigner refuses to sign a second history: a restored backup or a second instance must not fork the log.
type guardedSigner struct {
	note.Signer
	ctx   context.Context //nolint:containedctx // note.Signer has no context of its own
	guard Guard
}

func (g *guardedSigner) Sign(msg []byte) ([]byte, error) {
	cp, err := verify.ParseCheckpoint(string(msg))
	if err != nil {
		return nil, err
	}
	if err := g.guard(g.ctx, cp.Origin, cp.Size, hex.EncodeToString(cp.Root[:])); err != nil {
		return nil, err
	}
	return g.Signer.Sign(msg)
}

// KeyID is the short form of a verifier key that people compare: its name and the first 8 hex digits of its hash.
func KeyID(verifierKey string) string {
	parts := strings.SplitN(verifierKey, "+", 3)
	if len(parts) < 3 {
		return verifierKey
	}
	return fmt.Sprintf("%s+%s", parts[0], parts[1])
}

// Fingerprint is the public key inside a verifier key, in hex groups of four.
func Fingerprint(verifierKey string) string {
	parts := strings.SplitN(verifierKey, "+", 3)
	if len(parts) < 3 {
		return ""
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) < 2 {
		return ""
	}
	var b strings.Builder
	for i, c := range raw[1:] { // the first byte names the algorithm
		if i > 0 && i%2 == 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%02x", c)
	}
	return b.String()
}
