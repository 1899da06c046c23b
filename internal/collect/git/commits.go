package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// logFormat prints a commit as fields that end in NUL, which no field of a commit can contain. See git-log(1).
const (
	logFormat = "%H%x00%P%x00%an%x00%ae%x00%ce%x00%at%x00%ct%x00%G?%x00%GS%x00%s"
	logFields = 10
	// maxField bounds a field of a record and maxObject a commit or tag, far above what anybody writes.
	maxField  = 1 << 20
	maxObject = 16 << 20
)

// record is one commit as git log prints it.
type record struct {
	id, parents, authorName, authorEmail, committerEmail string
	authored, committed                                  time.Time
	grade, signer, subject                               string
}

// readRecord reads the next commit, or io.EOF after the last.
func readRecord(r *bufio.Reader) (record, error) {
	var f [logFields]string
	for i := range f {
		b, err := readField(r)
		if err != nil {
			if errors.Is(err, io.EOF) && (i > 0 || len(b) > 0) {
				err = io.ErrUnexpectedEOF
			}
			return record{}, err
		}
		f[i] = strings.ToValidUTF8(string(b), "\uFFFD")
	}
	authored, err1 := unix(f[5])
	committed, err2 := unix(f[6])
	if err := errors.Join(err1, err2); err != nil {
		return record{}, err
	}
	if _, err := objectName(f[0]); err != nil {
		return record{}, err
	}
	return record{
		id: f[0], parents: f[1], authorName: f[2], authorEmail: f[3], committerEmail: f[4],
		authored: authored, committed: committed, grade: f[7], signer: f[8], subject: f[9],
	}, nil
}

func readField(r *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := r.ReadSlice(0)
		out = append(out, part...)
		if len(out) > maxField {
			return nil, errs.New(errs.Invalid, "a field of a commit is longer than %d bytes", maxField)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return out, err
		}
		return out[:len(out)-1], nil
	}
}

func unix(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < -1<<40 || n > 1<<40 {
		return time.Time{}, errs.New(errs.Invalid, "%q is not a time of a commit", s)
	}
	return time.Unix(n, 0).UTC(), nil
}

// name is an object name of 20 or 32 bytes, for sets of many.
type name [32]byte

func objectName(s string) (name, error) {
	var n name
	if len(s) != 40 && len(s) != 64 {
		return n, errs.New(errs.Invalid, "%.80q is not an object name", s)
	}
	if _, err := hex.Decode(n[:], []byte(s)); err != nil {
		return n, errs.New(errs.Invalid, "%.80q is not an object name", s)
	}
	return n, nil
}

// commits emits every commit that the branch reaches.
func (r *repository) commits(ctx context.Context, s collect.Sink) error {
	if r.head == "" {
		s.Total("commit", 0, "the repository has no references")
		return nil
	}
	if r.shallow {
		s.Failed("commit", errs.New(errs.Invalid, "%s is a shallow clone: older commits are missing", r.identity).
			WithHint("run git fetch --unshallow there, or give the address to clone from"))
	}
	first, err := r.firstParents(ctx)
	if err != nil {
		return err
	}
	if err := r.countCommits(ctx, s); err != nil {
		return err
	}
	objects, err := r.objects(ctx)
	if err != nil {
		return err
	}
	defer objects.close()
	return r.stream(ctx, func(rec record) error {
		raw, err := objects.read(rec.id)
		if err != nil {
			return err
		}
		if err := s.Emit(r.commit(rec, raw, first, s)); err != nil {
			return emitError{err}
		}
		return nil
	}, "log", "-z", "--format="+logFormat, "--end-of-options", r.head)
}

func (r *repository) commit(rec record, raw string, first map[name]struct{}, s collect.Sink) *collect.Commit {
	id, _ := objectName(rec.id) // readRecord checked it
	_, onLine := first[id]
	f := &collect.Commit{
		ID: rec.id, Repository: r.identity, AuthorName: rec.authorName, AuthorEmail: rec.authorEmail,
		CommitterEmail: rec.committerEmail, AuthoredAt: rec.authored, CommittedAt: rec.committed,
		Parents: int64(len(strings.Fields(rec.parents))), FirstParent: onLine, Subject: rec.subject,
		Signer: collect.NonZero(rec.signer),
	}
	f.Signature = r.signature(formOf(raw), rec.grade, "commit", s)
	f.Raw = raw
	return f
}

// stream runs a git command that prints commits and hands them on one by one.
func (r *repository) stream(ctx context.Context, each func(record) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := r.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return errs.As(errs.Internal, err, "start git")
	}
	if err := cmd.Start(); err != nil {
		return explain(ctx, args, err, "")
	}
	in := bufio.NewReaderSize(out, 64<<10)
	for {
		rec, err := readRecord(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = each(rec)
		}
		if err != nil {
			cancel()
			werr := cmd.Wait()
			if errors.Is(err, io.ErrUnexpectedEOF) && werr != nil {
				return explain(context.WithoutCancel(ctx), args, werr, stderr.String())
			}
			return err
		}
	}
	if err := cmd.Wait(); err != nil {
		return explain(ctx, args, err, stderr.String())
	}
	return nil
}

// firstParents is the set of commits on the branch's own line.
func (r *repository) firstParents(ctx context.Context) (map[name]struct{}, error) {
	out, err := r.output(ctx, "rev-list", "--first-parent", "--end-of-options", r.head)
	if err != nil {
		return nil, err
	}
	set := map[name]struct{}{}
	for line := range strings.Lines(out) {
		n, err := objectName(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		set[n] = struct{}{}
	}
	return set, nil
}

func (r *repository) countCommits(ctx context.Context, s collect.Sink) error {
	out, err := r.output(ctx, "rev-list", "--count", "--end-of-options", r.head)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(out, 10, 64)
	if err != nil {
		return errs.New(errs.Invalid, "git rev-list --count printed %q", out)
	}
	s.Page("commit", "git log")
	s.Total("commit", n, "git rev-list --count of "+r.head)
	return nil
}

// objects reads whole objects from one git cat-file process.
type objects struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	in     io.WriteCloser
	out    *bufio.Reader
}

func (r *repository) objects(ctx context.Context) (*objects, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := r.command(ctx, "cat-file", "--batch")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		cancel()
		return nil, errs.As(errs.Unavailable, err, "start git cat-file")
	}
	return &objects{cmd: cmd, cancel: cancel, in: in, out: bufio.NewReaderSize(out, 64<<10)}, nil
}

// read is the object as stored, which anybody can hash again; bytes that are not UTF-8 are replaced.
func (o *objects) read(id string) (string, error) {
	if _, err := io.WriteString(o.in, id+"\n"); err != nil {
		return "", errs.As(errs.Unavailable, err, "git cat-file ended")
	}
	header, err := o.out.ReadString('\n')
	if err != nil {
		return "", errs.As(errs.Unavailable, err, "git cat-file ended")
	}
	parts := strings.Fields(header)
	if len(parts) != 3 {
		return "", errs.New(errs.Unavailable, "the object %s is missing from the repository", id)
	}
	size, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || size < 0 || size > maxObject {
		return "", errs.New(errs.Invalid, "the object %s has %s bytes", id, parts[2])
	}
	body := make([]byte, size+1) // with the line break after it
	if _, err := io.ReadFull(o.out, body); err != nil {
		return "", errs.As(errs.Unavailable, err, "git cat-file ended")
	}
	return strings.ToValidUTF8(string(body[:size]), "\uFFFD"), nil
}

func (o *objects) close() {
	_ = o.in.Close()
	o.cancel()
	_ = o.cmd.Wait()
}
