package baseline

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// start is a Monday.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// world makes the events of people and robots who do the same kind of things every day, always the same for a seed.
type world struct {
	rng    *rand.Rand
	people int
	robots int
	n      int
}

func newWorld(seed uint64, people, robots int) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 7)), people: people, robots: robots}
}

type happened struct {
	event event.Event
	peer  string
}

func (w *world) event(at time.Time, actor, action string, weight event.Weight, kind event.ActorKind, net int) event.Event {
	w.n++
	return event.Event{ID: fmt.Sprintf("ev%08d", w.n), Log: "aws.cloudtrail", At: at, Received: at.Add(time.Minute), Action: action, Weight: weight, Status: event.Success,
		Actor: event.Actor{ID: "arn:" + actor, Name: actor, Kind: kind}, Credential: "AKIA" + actor,
		From:    event.Endpoint{IP: fmt.Sprintf("198.51.%d.%d", net, 1+w.rng.IntN(200)), Country: "PT", UserAgent: "aws-cli/2.1 Python/3"},
		Targets: []event.Target{{Kind: "object", ID: fmt.Sprint(w.rng.IntN(40))}}}
}

// hour is what happens in an hour: people work from 8 to 18 on working days, robots always.
func (w *world) hour(at time.Time) []happened {
	var out []happened
	weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
	for p := range w.people {
		name, team := fmt.Sprintf("person%02d", p), []string{"platform", "support"}[p%2]
		working := !weekend && at.Hour() >= 8 && at.Hour() < 18
		if !working && w.rng.IntN(60) > 0 || working && w.rng.IntN(10) == 0 {
			continue
		}
		for range 1 + w.rng.IntN(12) {
			k := min(w.rng.IntN(20), w.rng.IntN(20))
			weight := event.WeightRead
			if k%4 == 3 {
				weight = event.WeightWrite
			}
			e := w.event(at.Add(time.Duration(w.rng.IntN(3600))*time.Second), name, fmt.Sprintf("s3:%s%02d", team, k), weight, event.Person, p)
			if w.rng.IntN(30) == 0 {
				e.Status = event.Failure
			}
			if w.rng.IntN(80) == 0 {
				e.From.IP = fmt.Sprintf("203.0.113.%d", w.rng.IntN(250))
			}
			out = append(out, happened{e, team})
		}
	}
	for r := range w.robots {
		for range 3 + w.rng.IntN(3) {
			out = append(out, happened{w.event(at.Add(time.Duration(w.rng.IntN(3600))*time.Second), fmt.Sprintf("robot%d", r), fmt.Sprintf("ecs:Deploy%d", r%3), event.WeightWrite, event.Service, 100), ""})
		}
	}
	return out
}

// attack is an account that does at night from elsewhere what nobody does.
func (w *world) attack(at time.Time) []happened {
	var out []happened
	for i, action := range []string{"iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey", "cloudtrail:StopLogging"} {
		weight := event.WeightPrivilege
		if i == 3 {
			weight = event.WeightDefence
		}
		e := w.event(at.Add(time.Duration(i)*time.Minute), "person03", action, weight, event.Person, 0)
		e.From = event.Endpoint{IP: "192.0.2.77", Country: "SG", UserAgent: "python-requests/2.31"}
		e.Targets = []event.Target{{Kind: "user", ID: "backdoor"}}
		out = append(out, happened{e, "support"})
	}
	return out
}

// play feeds a model with hours and closes each; after is called after each hour.
func (w *world) play(m *Model, from time.Time, hours int, extra map[int][]happened, after func(int, Result) *Model) {
	for h := range hours {
		at := from.Add(time.Duration(h) * time.Hour)
		list := append(w.hour(at), extra[h]...)
		for i := range list {
			m.Observe(&list[i].event, list[i].peer)
		}
		r := m.Close(at)
		if after != nil {
			if next := after(h, r); next != nil {
				m = next
			}
		}
	}
}
