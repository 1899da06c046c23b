// Package tilelog is the transparency log on a directory: Tessera's POSIX driver, which writes C2SP tlog-tiles and
// signed-note checkpoints that any static file server can publish.
package tilelog

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api/layout"
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

// Log is a transparency log in a directory. Several processes may use the same one: only one at a time appends, and what
// is published is read without a lock.
type Log struct {
	dir    string
	signer note.Signer
	guard  Guard
	key    string
}

func init() {
	// Tessera logs through klog to standard error; what matters of it reaches us as errors.
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("alsologtostderr", "false")
	_ = flags.Set("stderrthreshold", "FATAL")
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
	signer, err := note.NewSigner(signerKey)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "signing key of the log")
	}
	l := &Log{dir, signer, guard, verifierKey}
	if _, err := os.Stat(filepath.Join(dir, layout.CheckpointPath)); err == nil {
		return l, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), addTimeout)
	defer cancel()
	return l, l.appending(ctx, func(*tessera.Appender, *tessera.PublicationAwaiter) error { return nil })
}

// appending opens Tessera's appender, which signs a first checkpoint where there is none, and closes it again. Tessera's
// own locks belong to a process and not to a thread, and two processes that append at once can look to the kernel as if
// they waited for each other, which ends them; so a lock of ours lets one in at a time.
func (l *Log) appending(ctx context.Context, do func(*tessera.Appender, *tessera.PublicationAwaiter) error) error {
	unlock, err := l.lock(ctx)
	if err != nil {
		return errs.As(errs.Unavailable, err, "lock the log")
	}
	defer unlock()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	driver, err := posix.New(inner, posix.Config{Path: l.dir})
	if err != nil {
		return errs.As(errs.Unavailable, err, "open the log")
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(&guardedSigner{l.signer, inner, l.guard}).
		WithBatching(batchSize, batchAge).WithCheckpointInterval(checkpointInterval)
	a, stop, r, err := tessera.NewAppender(inner, driver, opts)
	if err != nil {
		return errs.As(errs.Unavailable, err, "open the log")
	}
	if err := do(a, tessera.NewPublicationAwaiter(inner, r.ReadCheckpoint, pollInterval)); err != nil {
		return err
	}
	if err := stop(ctx); err != nil {
		return errs.As(errs.Unavailable, err, "close the log")
	}
	return l.published(ctx)
}

// published waits until there is a checkpoint.
func (l *Log) published(ctx context.Context) error {
	t := time.NewTicker(pollInterval)
	defer t.Stop()
	for {
		if _, err := l.Checkpoint(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errs.As(errs.Unavailable, ctx.Err(), "the log did not publish a checkpoint")
		case <-t.C:
		}
	}
}

// lock waits until no other appends. The kernel gives the lock back when a process dies.
func (l *Log) lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(l.dir, "append.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	t := time.NewTicker(pollInterval)
	defer t.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock back
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-t.C:
		}
	}
}

// Key is the verifier key.
func (l *Log) Key() string { return l.key }

// Add appends leaves and returns their indexes once the published checkpoint covers them.
func (l *Log) Add(ctx context.Context, leaves [][]byte) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, addTimeout)
	defer cancel()
	at := make([]int64, len(leaves))
	return at, l.appending(ctx, func(a *tessera.Appender, awaiter *tessera.PublicationAwaiter) error {
		futures := make([]tessera.IndexFuture, len(leaves))
		for i, leaf := range leaves {
			futures[i] = a.Add(ctx, tessera.NewEntry(leaf))
		}
		for i, f := range futures {
			index, _, err := awaiter.Await(ctx, f)
			if err != nil {
				return errs.As(errs.Unavailable, err, "the log did not publish leaf %d of %d", i+1, len(leaves))
			}
			at[i] = int64(index.Index)
		}
		return nil
	})
}

// Checkpoint is the newest signed checkpoint.
func (l *Log) Checkpoint(context.Context) ([]byte, error) {
	cp, err := os.ReadFile(filepath.Join(l.dir, layout.CheckpointPath))
	return cp, errs.As(errs.Unavailable, err, "read the checkpoint of the log")
}

// Leaves reads leaf hashes from the level-0 tiles.
func (l *Log) Leaves(_ context.Context, first, end int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, end-first)
	for n := first >> tileHeight; n<<tileHeight < end; n++ {
		width := min(end-n<<tileHeight, 1<<tileHeight)
		data, err := l.tile(0, n, int(width))
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
func (l *Log) tile(level int, n int64, width int) ([]byte, error) {
	p := uint8(0)
	if width < 1<<tileHeight {
		p = uint8(width)
	}
	data, err := os.ReadFile(filepath.Join(l.dir, layout.TilePath(uint64(level), uint64(n), p)))
	if errors.Is(err, fs.ErrNotExist) && p != 0 {
		// Partial tiles are removed once the full one is there.
		data, err = os.ReadFile(filepath.Join(l.dir, layout.TilePath(uint64(level), uint64(n), 0)))
	}
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "read tile %d/%d of the log", level, n)
	}
	if len(data) < width*tlog.HashSize {
		return nil, errs.New(errs.Internal, "tile %d/%d of the log holds %d bytes, %d hashes are expected", level, n, len(data), width)
	}
	return data[:width*tlog.HashSize], nil
}

// Prove is the inclusion path of a leaf under a checkpoint, checked before it is returned.
func (l *Log) Prove(_ context.Context, leaf int64, cp verify.Checkpoint) ([]tlog.Hash, error) {
	r := tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, &tiles{l})
	path, err := tlog.ProveRecord(cp.Size, leaf, r)
	return path, errs.As(errs.Internal, err, "prove leaf %d", leaf)
}

// ProveGrowth is the consistency proof from an older size to a checkpoint.
func (l *Log) ProveGrowth(_ context.Context, old int64, cp verify.Checkpoint) ([]tlog.Hash, error) {
	r := tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, &tiles{l})
	path, err := tlog.ProveTree(cp.Size, old, r)
	return path, errs.As(errs.Internal, err, "prove growth from %d to %d", old, cp.Size)
}

// tiles serves tlog's tile reader from the log.
type tiles struct{ log *Log }

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, w := range want {
		data, err := t.log.tile(w.L, w.N, w.W)
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
