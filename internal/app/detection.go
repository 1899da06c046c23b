package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/detect/watch"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/people"
)

// station is the watch of one organisation, and what is done beside it now and then.
type station struct {
	watch.Station
	looked time.Time // for sources that are silent, and for what was unknown
	failed time.Time // the last step did; zero if it did not
}

// stations are the watches of all organisations.
type stations struct {
	app *App
	mu  sync.Mutex // one step at a time: detection shares the machine with people
	all map[access.OrgID]*station
}

func (x *stations) of(org access.OrgID) *station {
	s := x.all[org]
	if s == nil {
		a := x.app
		s = &station{Station: watch.Station{Rules: a.Detect, Arrivals: a.Events, Memory: stateFiles{filepath.Join(a.Config.Data, "detect")}, Tell: a.tell, Judge: a.judge, Peers: a.peers}}
		x.all[org] = s
	}
	return s
}

// Watched is how many events of an organisation detection has looked at since it began.
func (a *App) Watched(org access.OrgID) int64 {
	if a.stations == nil {
		return 0
	}
	a.stations.mu.Lock()
	defer a.stations.mu.Unlock()
	return a.stations.of(org).Events()
}

// rests reports whether the last step of an organisation failed a short while ago.
func (x *stations) rests(org access.OrgID, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return now.Sub(x.of(org).failed) < time.Minute
}

// step looks at the next events of an organisation, and now and then for what no event tells.
func (x *stations) step(ctx context.Context, org access.OrgID, now time.Time) (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	a, s := x.app, x.of(org)
	scope := a.Access.System(org, "detect")
	more, err := s.Step(ctx, scope, now)
	if s.failed = (time.Time{}); err != nil {
		s.failed = now
		return false, err
	}
	if more || now.Sub(s.looked) < lookEvery {
		return more, nil
	}
	s.looked = now
	return false, errors.Join(a.silent(ctx, scope, now), a.judgeAgain(ctx, scope, now))
}

// lookEvery is how often it is looked for silent sources, and for records that allow what was unknown.
const lookEvery = 5 * time.Minute

// watchAt looks at everything that has arrived in an organisation, at an instant.
func (a *App) watchAt(ctx context.Context, org access.OrgID, now time.Time) error {
	for {
		if more, err := a.stations.step(ctx, org, now); err != nil || !more {
			return err
		}
	}
}

// watchEvery is how long detection waits when nothing new has arrived.
const watchEvery = time.Second

// detection watches the events of all organisations until the context ends. What fails in one is told, and tried again later; the
// others go on.
func (a *App) detection(ctx context.Context) {
	for ctx.Err() == nil {
		if a.watchAll(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchEvery):
		}
	}
}

// watchAll lets every organisation have its turn, and reports whether there is more to look at.
func (a *App) watchAll(ctx context.Context) bool {
	orgs, err := a.Access.Orgs(ctx)
	if err != nil && ctx.Err() == nil {
		a.Log.Error("detection cannot read the organisations", "error", err)
	}
	more := false
	for _, o := range orgs {
		if o.Kind == access.Firm || a.stations.rests(o.ID, a.Clock()) {
			continue
		}
		again, err := a.stations.step(ctx, o.ID, a.Clock())
		if err != nil && ctx.Err() == nil {
			a.Log.Error("detection failed; tried again in a minute", "org", o.Slug, "error", err)
		}
		more = more || again
	}
	return more
}

// silent raises an alert of each source that sends nothing for longer than it should.
func (a *App) silent(ctx context.Context, scope access.Scope, now time.Time) error {
	all, err := a.Sources.Store.Sources(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	var out []alert.Signal
	for _, x := range all {
		x = a.Intake.Live(x)
		if since := x.SilentSince(now); !since.IsZero() {
			out = append(out, alert.Signal{
				Key: "silent_" + string(x.ID) + "_" + since.Format(time.RFC3339), Kind: alert.Silence, Rule: "source-silent", Title: "A source sends nothing", Level: alert.Medium, Entity: x.Name, EntityKind: "source",
				Source: x.Ref, At: now, Criteria: []string{"CC7.2"}, Sentence: fmt.Sprintf("%s has sent nothing since %s UTC; it is silent after %d h %d min without an event.", x.Name, since.UTC().Format("2006-01-02 15:04"), int(x.SilentAfter().Hours()), int(x.SilentAfter().Minutes())%60),
			})
		}
	}
	gaps, err := a.lacking(ctx, scope, now, all)
	if err != nil {
		return err
	}
	_, err = a.Alerts.Raise(ctx, scope, now, append(out, gaps...))
	return err
}

// How long numbers may come late before they are missed, and how long those who miss them are told of it anew.
const (
	gapGrace = 5 * time.Minute
	gapTold  = 7 * 24 * time.Hour
)

// lacking tells of numbers of sources that did not come.
func (a *App) lacking(ctx context.Context, scope access.Scope, now time.Time, all []event.Source) ([]alert.Signal, error) {
	gaps, err := a.Sources.Gaps(ctx, scope.ReadScope, event.GapFilter{Open: true, Since: now.Add(-gapTold)})
	var out []alert.Signal
	for _, g := range gaps {
		i := slices.IndexFunc(all, func(x event.Source) bool { return x.ID == g.Source })
		if i < 0 || now.Sub(g.At) < gapGrace {
			continue
		}
		title, sentence := gapWords(g, all[i].Name)
		out = append(out, alert.Signal{
			Key: g.ID, Kind: alert.Gap, Rule: "source-gap", Title: title, Level: gapLevels[g.Kind], Entity: all[i].Name, EntityKind: "source",
			Source: all[i].Ref, At: g.At, Criteria: []string{"CC7.2"}, Sentence: sentence,
		})
	}
	return out, err
}

// gapLevels is how grave a gap is: a file that holds something else than it did is no accident of a network.
var gapLevels = map[event.GapKind]alert.Level{event.GapMissing: alert.Medium, event.GapFile: alert.Medium, event.GapAltered: alert.High}

// gapWords are title and sentence of an alert about a gap.
func gapWords(g event.Gap, source string) (title, sentence string) {
	switch g.Kind {
	case event.GapFile:
		return "A file of a source is missing", fmt.Sprintf("A digest of %s names the file %s, which never came.", source, g.Stream)
	case event.GapAltered:
		return "A file of a source was altered", fmt.Sprintf("The file %s of %s does not hold what a digest says it held when it was delivered.", g.Stream, source)
	}
	sender := ""
	if g.Stream != "" {
		sender = " of " + g.Stream
	}
	return "Events of a source are missing", fmt.Sprintf("%d events%s never arrived at %s: of the numbers %d to %d.", g.Missing, sender, source, g.First, g.Last)
}

// signalsAtOnce is how many signals are raised in one transaction.
const signalsAtOnce = 2000

// tell raises alerts of what was found.
func (a *App) tell(ctx context.Context, scope access.Scope, now time.Time, found []watch.Signal) error {
	if len(found) == 0 {
		return nil
	}
	// People know a source by its reference, and write it into rules of who is told and into silences.
	sources, err := a.Sources.Store.Sources(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	refs := make(map[string]string, len(sources))
	for _, x := range sources {
		refs[string(x.ID)] = x.Ref
	}
	for len(found) > 0 {
		n := min(len(found), signalsAtOnce)
		out := make([]alert.Signal, n)
		for i, x := range found[:n] {
			out[i] = signalOf(x)
			out[i].Source = cmp.Or(refs[x.Source], x.Source)
		}
		if _, err := a.Alerts.Raise(ctx, scope, now, out); err != nil {
			return err
		}
		found = found[n:]
	}
	return nil
}

var alertKinds = map[watch.Kind]alert.Kind{
	watch.Signature: alert.Signature, watch.Correlation: alert.Correlation, watch.Anomaly: alert.Baseline, watch.Unauthorised: alert.Unauthorised,
}

func signalOf(x watch.Signal) alert.Signal {
	s := alert.Signal{
		Key: x.ID, Kind: alertKinds[x.Kind], Rule: x.Rule, Title: x.Title, Level: alert.Level(x.Level), Entity: x.Entity, EntityKind: x.EntityKind, Source: x.Source, At: x.At,
		Sentence: x.Sentence, Playbook: x.Playbook, Criteria: x.Criteria,
	}
	if len(x.Techniques) > 0 {
		s.Technique = x.Techniques[0]
	}
	for _, f := range x.Events {
		s.Events = append(s.Events, alert.Fact{Event: f.Event, At: f.At, Log: f.Log, Actor: f.Actor, Action: f.Action, From: f.From, Target: f.Target, Failed: f.Failed})
	}
	return s
}

// judge holds changes, grants and transfers against what allows them.
func (a *App) judge(ctx context.Context, scope access.Scope, now time.Time, events []event.Event) ([]watch.Signal, error) {
	all, err := a.Authority.Judge(ctx, scope, now, events)
	return a.unauthorised(all), err
}

// judgeAgain judges once more what was unknown, since records may have been collected meanwhile, and raises what nothing allows.
func (a *App) judgeAgain(ctx context.Context, scope access.Scope, now time.Time) error {
	all, err := a.Authority.Again(ctx, scope, now)
	if err != nil {
		return err
	}
	return a.tell(ctx, scope, now, a.unauthorised(all))
}

// levels of what nothing allows: data that leaves and access that is given can hardly be taken back.
var levels = map[authority.Act]string{authority.Change: "low", authority.Grant: "medium", authority.Transfer: "high"}

func (a *App) unauthorised(all []authority.Judgement) []watch.Signal {
	var out []watch.Signal
	for _, j := range all {
		if j.Verdict != authority.Unauthorised {
			continue
		}
		out = append(out, watch.Signal{
			ID: "au_" + j.Event, Kind: watch.Unauthorised, Rule: j.Policy, Title: j.Act.Title() + " without a record that allows it", Level: levels[j.Act], Entity: j.Actor, EntityKind: event.KeyPrincipal,
			Log: j.Log, At: j.At, Events: []watch.Fact{{Event: j.Event, Log: j.Log, Actor: j.Actor, Action: j.Action, Target: j.Target, At: j.At}}, Sentence: j.Actor + " did " + j.Action + ". " + j.Why,
			Criteria: []string{"CC8.1"},
		})
	}
	return out
}

// peers are the departments of people, by address, as a group that acts alike.
func (a *App) peers(ctx context.Context, scope access.ReadScope, _ time.Time) (map[string]string, error) {
	all, err := a.People.Store.Everyone(ctx, scope, people.Filter{})
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(all))
	for _, p := range all {
		if p.Email != "" && p.Department != "" {
			out[strings.ToLower(p.Email)] = p.Department
		}
	}
	return out, nil
}

// stateFiles keeps what detection remembers, a file for each organisation.
type stateFiles struct{ dir string }

func (f stateFiles) path(org access.OrgID) string { return filepath.Join(f.dir, string(org)+".state") }

// Load implements watch.Memory.
func (f stateFiles) Load(org access.OrgID) ([]byte, error) {
	b, err := os.ReadFile(f.path(org))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return b, errs.As(errs.Unavailable, err, "the state of detection")
}

// Save implements watch.Memory: the file is replaced as a whole.
func (f stateFiles) Save(org access.OrgID, state []byte) error {
	err := func() error {
		if err := os.MkdirAll(f.dir, 0o700); err != nil {
			return err
		}
		tmp, err := os.CreateTemp(f.dir, "tmp-*")
		if err != nil {
			return err
		}
		defer os.Remove(tmp.Name()) //nolint:errcheck // it is renamed when all went well
		if _, err := bytes.NewReader(state).WriteTo(tmp); err != nil {
			tmp.Close()
			return err
		}
		if err := tmp.Sync(); err != nil {
			tmp.Close()
			return err
		}
		if err := tmp.Close(); err != nil {
			return err
		}
		return os.Rename(tmp.Name(), f.path(org))
	}()
	return errs.As(errs.Unavailable, err, "keep the state of detection in %s", f.dir)
}
