package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Service is the use cases of collection.
type Service struct {
	Connectors map[string]Connector
	Store      Store
	Files      Files
	Evidence   evidence.Store
	Blobs      evidence.Blobs
	Sealer     access.Sealer
	Ledger     access.Recorder
	Tx         access.Tx
	// HTTP makes the client of one run and tells afterwards how many requests and retries it made.
	HTTP  func(c Connection) (client *http.Client, stats func() (requests, retries int64))
	Alive func(owner string) bool // whether the process that owns a run still lives
	Owner string                  // this process
	Build string                  // of the program
	Log   *slog.Logger
}

// Progress is told what a run does. It may be nil.
type Progress func(resource string, rows int64)

// Request says what to run and why.
type Request struct {
	Connection Connection
	Trigger    string // "schedule", "by hand" ...
	Now        time.Time
	Progress   Progress
	// Clock gives the time a run finishes; runs that are not part of a simulation pass time.Now.
	Clock func() time.Time
}

// Run reads a connection once. The returned run has ended; its error, if any, is also in Run.Error, except when the run
// could not be recorded at all.
func (s *Service) Run(ctx context.Context, scope access.Scope, q Request) (Run, error) {
	if err := scope.Require(access.RunCollection); err != nil {
		return Run{}, err
	}
	connector, ok := s.Connectors[q.Connection.Kind]
	if !ok {
		return Run{}, errs.New(errs.Invalid, "connection %s is of unknown kind %q", q.Connection.Name, q.Connection.Kind)
	}
	r := Run{
		ID: RunID(id.New("run", q.Now)), Connection: q.Connection.ID, Kind: q.Connection.Kind, Name: q.Connection.Name, Trigger: q.Trigger,
		Status: Running, Started: q.Now, Since: firstSince(connector, q.Connection, q.Now), Until: q.Now, Owner: s.Owner,
	}
	if err := s.Store.Begin(ctx, scope, r, s.Alive); err != nil {
		return Run{}, err
	}
	sink := &runSink{
		ctx: ctx, files: s.Files, org: scope.Org(), run: r.ID, at: r.Started, progress: q.Progress, open: map[string]*resourceSink{},
		meta: Meta{System: r.Kind, Source: r.Name, CollectedAt: r.Until},
	}
	requests, retries, failed := s.read(ctx, scope.ReadScope, connector, q.Connection, r, sink)
	// From here on the run must reach an end even if the caller goes away.
	ctx = context.WithoutCancel(ctx)
	if isCancel(failed) {
		return s.drop(ctx, scope, r, sink, q.Clock(), Cancelled, failed)
	}
	results, err := sink.finish(resourcesOf(connector, q.Connection), failed)
	if err != nil {
		return s.drop(ctx, scope, r, sink, q.Clock(), Failed, err)
	}
	r.Results, r.Marks = results, sink.marks
	if failed != nil {
		r.Error = failed.Error()
	}
	finished := q.Clock()
	r.Finished = &finished
	if err := s.fix(ctx, scope, &r, connector, q.Connection, requests, retries); err != nil {
		return s.drop(ctx, scope, r, sink, finished, Failed, err)
	}
	return s.seal(ctx, scope, r, connector.Describe())
}

// firstSince is where a run begins to read streams: where the last complete one ended, or as many days back as the
// connection's setting first_days says. Zero means everything the source has; only connectors without that setting get it.
func firstSince(c Connector, conn Connection, now time.Time) time.Time {
	if !conn.Cursor.IsZero() {
		return conn.Cursor
	}
	for _, f := range c.Describe().Fields {
		if f.Name != "first_days" {
			continue
		}
		v := conn.Settings[f.Name]
		if v == "" {
			v = f.Default
		}
		if days, err := strconv.Atoi(v); err == nil && days >= 0 {
			return now.AddDate(0, 0, -days)
		}
	}
	return time.Time{}
}

// read runs the connector. A panic in it is a failed run, not the end of the program.
func (s *Service) read(ctx context.Context, whose access.ReadScope, c Connector, conn Connection, r Run, sink Sink) (requests, retries int64, err error) {
	secrets, err := s.secrets(conn)
	if err != nil {
		return 0, 0, err
	}
	marks, err := s.marks(ctx, whose, conn)
	if err != nil {
		return 0, 0, err
	}
	client, stats := s.HTTP(conn)
	defer func() {
		if p := recover(); p != nil {
			err = errs.New(errs.Internal, "the connector %s failed: %v", conn.Kind, p)
			s.Log.Error("connector panic", "kind", conn.Kind, "panic", p)
		}
		requests, retries = stats()
	}()
	err = c.Collect(ctx, Env{
		Settings: conn.Settings, Secrets: secrets, HTTP: client, Since: r.Since, Until: r.Until, Marks: marks, Whose: whose,
		Log: s.Log.With("connection", conn.Name, "run", string(r.ID)),
	}, sink)
	return 0, 0, err
}

// marks are up to where streams were read; none when somebody set the cursor of the connection to have them read again from there.
func (s *Service) marks(ctx context.Context, whose access.ReadScope, conn Connection) (map[string]Mark, error) {
	kept, err := s.Store.Connection(ctx, whose, string(conn.ID))
	if err != nil {
		return nil, err
	}
	if !kept.Cursor.Equal(conn.Cursor) {
		return map[string]Mark{}, nil
	}
	return s.Store.Marks(ctx, whose, conn.ID)
}

// fix stores the manifest and moves the run to Sealing: from now on a crash is finished, not undone.
func (s *Service) fix(ctx context.Context, scope access.Scope, r *Run, c Connector, conn Connection, requests, retries int64) error {
	d := c.Describe()
	m := Manifest{
		V: 1, Run: r.ID, Connection: conn.Name, System: conn.Kind, Collector: fmt.Sprintf("%s %d", d.Kind, d.Version), Build: s.Build,
		Settings: conn.Settings, Trigger: r.Trigger, Actor: scope.Actor(), Started: r.Started.UTC(), Finished: r.Finished.UTC(), Since: r.Since.UTC(), Until: r.Until.UTC(),
		Error: r.Error, Requests: requests, Retries: retries, Resources: r.Results,
	}
	body, err := canon.JSON(m)
	if err != nil {
		return errs.As(errs.Internal, err, "manifest of run %s", r.ID)
	}
	if r.ManifestSHA256, err = s.Blobs.Store(body); err != nil {
		return err
	}
	r.Status = Sealing
	return s.Store.Fix(ctx, scope, *r)
}

// seal hands the files to evidence and ends the run. It is safe to repeat.
func (s *Service) seal(ctx context.Context, scope access.Scope, r Run, d Description) (Run, error) {
	method := evidence.API
	switch {
	case d.Local:
		method = evidence.Agent
	case d.Kind == "file":
		method = evidence.FileImport
	}
	x := evidence.Seal{ManifestSHA256: r.ManifestSHA256, Subject: string(r.ID), At: *r.Finished}
	status, streams := Complete, true
	for i, res := range r.Results {
		known, ok := ResourceNamed(res.Resource)
		if !ok {
			return r, errs.New(errs.Internal, "run %s holds an unknown resource %q", r.ID, res.Resource)
		}
		from := r.Until
		if known.Stream {
			from = r.Since
		}
		if !res.Completeness.Usable() {
			status = Partial
			streams = streams && !known.Stream
		}
		x.Items = append(x.Items, evidence.Item{
			ID: evidence.ItemID(fmt.Sprintf("%s-%02d", r.ID, i)), Kind: evidence.Snapshot, Title: fmt.Sprintf("%s from %s", known.Title, r.Name),
			System: r.Kind, Source: r.Name, Resource: res.Resource, Method: method, Collector: fmt.Sprintf("%s %d", d.Kind, d.Version), RunID: string(r.ID),
			From: from, To: r.Until, ReceivedAt: *r.Finished, MediaType: "application/vnd.apache.parquet", Bytes: res.File.Bytes, SHA256: res.File.SHA256,
			Path: "lake:" + res.File.Path, Rows: res.Rows, SourceTotal: res.SourceTotal, Completeness: res.Completeness, Gap: res.Gap, Status: evidence.Active,
		})
	}
	if _, err := s.Evidence.Seal(ctx, scope, x); err != nil {
		return r, err // stays in Sealing: Recover finishes it
	}
	if r.Error != "" {
		status = Failed
	}
	r.Status = status
	cursor := time.Time{}
	if streams && status != Failed {
		cursor = r.Until
	}
	return r, s.Store.Finish(ctx, scope, r, cursor)
}

func (s *Service) drop(ctx context.Context, scope access.Scope, r Run, sink *runSink, at time.Time, status RunStatus, why error) (Run, error) {
	sink.abort()
	r.Status, r.Error, r.Finished, r.Results = status, why.Error(), &at, nil
	if err := s.Files.Discard(scope.Org(), r.ID, r.Started, slices.Collect(maps.Keys(resources))); err != nil {
		s.Log.Warn("files of a dropped run stay behind", "run", string(r.ID), "error", err)
	}
	if err := s.Store.Finish(ctx, scope, r, time.Time{}); err != nil {
		return r, err
	}
	return r, why
}

// Recover ends what an earlier process left: a run whose files and manifest are fixed is sealed, any other is marked
// interrupted and its files are removed.
func (s *Service) Recover(ctx context.Context, scope access.Scope, now time.Time) error {
	open, err := s.Store.Open(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	for _, r := range open {
		if s.Alive(r.Owner) {
			continue
		}
		if r.Status == Sealing {
			c, ok := s.Connectors[r.Kind]
			if !ok {
				return errs.New(errs.Internal, "run %s is of unknown kind %q", r.ID, r.Kind)
			}
			if _, err := s.seal(ctx, scope, r, c.Describe()); err != nil {
				return err
			}
			continue
		}
		sink := &runSink{open: map[string]*resourceSink{}}
		_, err := s.drop(ctx, scope, r, sink, now, Interrupted, errs.New(errs.Unavailable, "the process ended in the middle of the run"))
		if errs.Is(err, errs.Internal) {
			return err
		}
	}
	return nil
}

// ResourcesOf lists the resources that a connection reads.
func (s *Service) ResourcesOf(conn Connection) []string {
	c, ok := s.Connectors[conn.Kind]
	if !ok {
		return nil
	}
	return resourcesOf(c, conn)
}

// resourcesOf is what a connection of the kind reads. A connector may depend on the settings for it.
func resourcesOf(c Connector, conn Connection) []string {
	if x, ok := c.(interface {
		ResourcesFor(settings map[string]string) []string
	}); ok {
		return x.ResourcesFor(conn.Settings)
	}
	return c.Describe().Resources
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// NewConnection is what adding a connection needs.
type NewConnection struct {
	Kind, Name string
	Settings   map[string]string
	Secrets    map[string]string
	Every      time.Duration
}

// Connect adds a connection. Secrets are sealed before they touch the database.
func (s *Service) Connect(ctx context.Context, scope access.Scope, now time.Time, n NewConnection) (Connection, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return Connection{}, err
	}
	c, ok := s.Connectors[n.Kind]
	if !ok {
		return Connection{}, errs.New(errs.Invalid, "%q is no kind of connection", n.Kind).At("kind").
			WithHint("Kinds: %s.", strings.Join(slices.Sorted(maps.Keys(s.Connectors)), ", "))
	}
	if n.Name == "" {
		n.Name = n.Kind
	}
	if !nameForm.MatchString(n.Name) {
		return Connection{}, errs.New(errs.Invalid, "%q cannot name a connection: use 1 to 40 lower case letters, digits and hyphens", n.Name).At("name")
	}
	d := c.Describe()
	every, err := d.interval(n.Every)
	if err != nil {
		return Connection{}, err
	}
	settings, secrets, err := d.accept(n.Settings, n.Secrets)
	if err != nil {
		return Connection{}, err
	}
	conn := Connection{ID: ConnectionID(id.New("con", now)), Kind: n.Kind, Name: n.Name, Settings: settings, Every: every, Created: now}
	if conn.Sealed, err = s.seal1(conn.ID, secrets); err != nil {
		return Connection{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddConnection(ctx, scope, conn); err != nil {
			if errs.Is(err, errs.Conflict) {
				return errs.New(errs.Conflict, "a connection named %q exists", n.Name).At("name").WithHint("Choose another name, or change that one.")
			}
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "connection.added", string(conn.ID), map[string]any{"kind": conn.Kind, "name": conn.Name, "settings": settings})
		return err
	})
	return conn, err
}

// Remove ends a connection. Its runs and evidence stay.
func (s *Service) Remove(ctx context.Context, scope access.Scope, now time.Time, conn Connection) error {
	if err := scope.Require(access.ManageConnection); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.RemoveConnection(ctx, scope, conn.ID, now); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "connection.removed", string(conn.ID), map[string]any{"name": conn.Name})
		return err
	})
}

// Check tries a connection's credentials and permissions.
func (s *Service) Check(ctx context.Context, scope access.Scope, conn Connection, now time.Time) ([]Permission, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return nil, err
	}
	secrets, err := s.secrets(conn)
	if err != nil {
		return nil, err
	}
	client, _ := s.HTTP(conn)
	return s.Connectors[conn.Kind].Check(ctx, Env{Settings: conn.Settings, Secrets: secrets, HTTP: client, Since: conn.Cursor, Until: now, Whose: scope.ReadScope, Log: s.Log})
}

func (s *Service) secrets(conn Connection) (map[string]string, error) {
	out := map[string]string{}
	if conn.Sealed == "" {
		return out, nil
	}
	plain, err := s.Sealer.Open(conn.Sealed, "connection "+string(conn.ID))
	if err != nil {
		return nil, errs.Wrap(err, "credentials of %s", conn.Name)
	}
	return out, json.Unmarshal(plain, &out)
}

func (s *Service) seal1(conn ConnectionID, secrets map[string]string) (string, error) {
	if len(secrets) == 0 {
		return "", nil
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(plain, "connection "+string(conn))
}

// accept checks settings against the description: nothing unknown, nothing required missing, secrets apart.
func (d Description) accept(settings, secrets map[string]string) (plain, hidden map[string]string, err error) {
	plain, hidden = map[string]string{}, map[string]string{}
	for k := range settings {
		if !slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Name == k && !f.Secret }) {
			return nil, nil, errs.New(errs.Invalid, "%s has no setting %q", d.Title, k).At(k).WithHint("Settings: %s.", d.names(false))
		}
	}
	for k := range secrets {
		if !slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Name == k && f.Secret }) {
			return nil, nil, errs.New(errs.Invalid, "%s has no secret %q", d.Title, k).At(k).WithHint("Secrets: %s.", d.names(true))
		}
	}
	for _, f := range d.Fields {
		from, to := settings, plain
		if f.Secret {
			from, to = secrets, hidden
		}
		v := strings.TrimSpace(from[f.Name])
		if v == "" {
			v = f.Default
		}
		if len(f.Choices) > 0 && v != "" && !slices.Contains(f.Choices, v) {
			return nil, nil, errs.New(errs.Invalid, "%q is no value of %s", v, f.Title).At(f.Name).WithHint("Choose one of %s.", strings.Join(f.Choices, ", "))
		}
		if v == "" && f.Required {
			return nil, nil, errs.New(errs.Invalid, "%s needs %s", d.Title, f.Title).At(f.Name).WithHint("%s", f.Hint)
		}
		if v != "" {
			to[f.Name] = v
		}
	}
	return plain, hidden, nil
}

func (d Description) names(secret bool) string {
	var out []string
	for _, f := range d.Fields {
		if f.Secret == secret {
			out = append(out, f.Name)
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
