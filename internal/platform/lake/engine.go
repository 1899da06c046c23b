package lake

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Limits of a job when it names none. A statement over a few million rows takes seconds; what takes longer is a mistake
// or an attack.
const (
	DefaultMemoryMB = 1024
	DefaultThreads  = 2
	DefaultDeadline = 60 * time.Second
	loadAllowance   = 120 * time.Second // to read the tables before the first query
	killAllowance   = 10 * time.Second  // for the child to stop a query by itself before it is killed
)

// Engine runs jobs in child processes. A child outlives its job and is used again; one that crashed, overran or was
// cancelled is killed and replaced. Engine is safe for concurrent use.
type Engine struct {
	// Command makes the child's command; the default is this program again.
	Command func() *exec.Cmd
	// Workers is how many children may work at once; the default is 2.
	Workers int

	once sync.Once
	idle chan *worker // capacity Workers; nil entries stand for children not started yet
}

type worker struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	enc    *json.Encoder
	dec    *json.Decoder
	stderr *tail
	reap   sync.Once
}

// Run runs a job and returns one answer for each query, in order. The rows of an answer are in its Returned.
func (e *Engine) Run(ctx context.Context, job Job) ([]Answer, error) {
	if job.MemoryMB == 0 {
		job.MemoryMB = DefaultMemoryMB
	}
	if job.Threads == 0 {
		job.Threads = threads(job.Tables)
	}
	if job.DeadlineMS == 0 {
		job.DeadlineMS = DefaultDeadline.Milliseconds()
	}
	var answers []Answer
	err := e.talk(ctx, message{Job: &job}, time.Duration(job.DeadlineMS)*time.Millisecond+loadAllowance, func(m message) error {
		switch {
		case m.Failed != nil:
			return m.Failed.err()
		case m.Rows != nil:
			if len(answers) == 0 || answers[len(answers)-1].Ref != "" {
				answers = append(answers, Answer{})
			}
			last := &answers[len(answers)-1]
			last.Returned = append(last.Returned, m.Rows...)
		case m.Answer != nil:
			if len(answers) > 0 && answers[len(answers)-1].Ref == "" {
				m.Answer.Returned = answers[len(answers)-1].Returned
				answers[len(answers)-1] = *m.Answer
				break
			}
			answers = append(answers, *m.Answer)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(answers) != len(job.Queries) {
		return nil, errs.New(errs.Internal, "the sandbox answered %d of %d queries", len(answers), len(job.Queries))
	}
	return answers, nil
}

// smallJob is the size of files, in bytes, below which a second thread costs more than it gains.
const smallJob = 16 << 20

// threads is how many threads are worth while for the tables of a job.
func threads(tables []Table) int {
	var size int64
	for _, t := range tables {
		for _, f := range t.Files {
			if st, err := os.Stat(f); err == nil { // one that is missing is reported when it is loaded
				size += st.Size()
			}
		}
	}
	if size < smallJob {
		return 1
	}
	return DefaultThreads
}

// Inspect parses a statement without running it.
func (e *Engine) Inspect(ctx context.Context, stmt string) (Inspection, error) {
	var out Inspection
	err := e.talk(ctx, message{Inspect: &stmt}, killAllowance, func(m message) error {
		if m.Found != nil {
			out = *m.Found
		}
		return nil
	})
	return out, err
}

// Close stops the idle children. Jobs under way go on.
func (e *Engine) Close() {
	e.start()
	for range cap(e.idle) {
		select {
		case w := <-e.idle:
			if w != nil {
				w.kill()
			}
			e.idle <- nil
		default:
		}
	}
}

func (e *Engine) start() {
	e.once.Do(func() {
		if e.Workers <= 0 {
			e.Workers = 2
		}
		e.idle = make(chan *worker, e.Workers)
		for range e.Workers {
			e.idle <- nil
		}
		if e.Command == nil {
			e.Command = func() *exec.Cmd {
				self, err := os.Executable()
				if err != nil {
					self = os.Args[0]
				}
				return exec.Command(self) //nolint:gosec // this program itself
			}
		}
	})
}

// talk sends one message to a child and hears its answers until it is done. The child is killed when the caller gives up
// or nothing is heard for too long.
func (e *Engine) talk(ctx context.Context, q message, patience time.Duration, hear func(message) error) error {
	e.start()
	var w *worker
	select {
	case w = <-e.idle:
	case <-ctx.Done():
		return ctx.Err()
	}
	if w == nil {
		var err error
		if w, err = e.spawn(); err != nil {
			e.idle <- nil
			return errs.As(errs.Unavailable, err, "start the sandbox")
		}
	}
	err, sound := w.talk(ctx, q, patience+killAllowance, hear)
	if !sound {
		w.kill()
		w = nil
	}
	e.idle <- w
	return err
}

func (e *Engine) spawn() (*worker, error) {
	cmd := e.Command()
	// An empty environment: nothing the parent knows can be read from the child.
	cmd.Env = append(cmd.Env, EnvSandbox+"=1", "GOMAXPROCS=2")
	cmd.Dir = os.TempDir()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t := &tail{}
	cmd.Stderr = t
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &worker{cmd: cmd, in: in, enc: json.NewEncoder(in), dec: json.NewDecoder(bufio.NewReaderSize(out, 1<<20)), stderr: t}, nil
}

// talk is one conversation. sound is false when the child can no longer be trusted to answer the next one.
func (w *worker) talk(ctx context.Context, q message, patience time.Duration, hear func(message) error) (err error, sound bool) { //nolint:revive // the error belongs to the caller, the flag to the pool
	heard := make(chan struct{}, 1)
	stop, ended := make(chan struct{}), make(chan struct{})
	overran := make(chan struct{})
	killed := false
	go func() {
		defer close(ended)
		timer := time.NewTimer(patience)
		defer timer.Stop()
		for {
			select {
			case <-stop:
				return
			case <-heard:
				timer.Reset(patience)
			case <-ctx.Done():
				killed = true
				w.kill()
				return
			case <-timer.C:
				killed = true
				close(overran)
				w.kill()
				return
			}
		}
	}()
	// The caller may give up just as the last answer is heard: a child that was killed is not sound, whatever it said.
	defer func() {
		close(stop)
		<-ended
		sound = sound && !killed
	}()
	var hearErr error
	err = w.enc.Encode(q)
	for err == nil {
		var m message
		if err = w.dec.Decode(&m); err != nil {
			break
		}
		select {
		case heard <- struct{}{}:
		default:
		}
		if hearErr == nil {
			hearErr = hear(m)
		}
		if m.Done {
			return hearErr, true
		}
	}
	select {
	case <-overran:
		return errs.New(errs.Exhausted, "the sandbox did not answer in time and was stopped"), false
	default:
	}
	if ctx.Err() != nil {
		return ctx.Err(), false
	}
	return errs.As(errs.Internal, err, "the sandbox ended: %s", w.stderr.last()), false
}

func (w *worker) kill() {
	_ = w.in.Close()
	if w.cmd.Process != nil {
		_ = w.cmd.Process.Kill()
	}
	w.reap.Do(func() {
		go func() { _ = w.cmd.Wait() }() // its exit status says nothing we do not know
	})
}

func (f *Failure) err() error {
	switch f.Kind {
	case "deadline", "memory":
		return errs.New(errs.Exhausted, "%s", f.Msg)
	case "forbidden":
		return errs.New(errs.Denied, "%s", f.Msg)
	}
	return errs.New(errs.Invalid, "%s", f.Msg)
}

// Err is the failure as an error, or nil.
func (a Answer) Err() error {
	if a.Error == nil {
		return nil
	}
	return a.Error.err()
}

// tail keeps the last bytes a child wrote to standard error.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > tailSize {
		t.buf = t.buf[len(t.buf)-tailSize:]
	}
	return len(p), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := strings.TrimSpace(string(t.buf))
	if s == "" {
		return "it wrote nothing"
	}
	return s
}
