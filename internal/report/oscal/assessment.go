package oscal

import (
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/report"
)

// reviewed selects the criteria that have a control.
func (x *writer) reviewed() object {
	var list []object
	seen := map[string]bool{}
	for _, f := range x.findings {
		if !seen[f.Requirement] {
			seen[f.Requirement] = true
			list = append(list, object{"control-id": x.ids["requirement/"+f.Requirement]})
		}
	}
	return object{"control-selections": []object{{"include-controls": list}}}
}

// assessmentPlan is what was asked: an objective for each control of each criterion, an activity for each test.
func (x *writer) assessmentPlan() object {
	parts, order := map[string][]object{}, []string{}
	for _, f := range x.findings {
		if parts[f.Requirement] == nil {
			order = append(order, f.Requirement)
		}
		parts[f.Requirement] = append(parts[f.Requirement], object{"id": x.ids["objective/"+f.Requirement+"/"+f.Control.Ref], "name": "assessment-objective", "title": word(f.Control.Ref + " " + f.Control.Title), "prose": orUnknown(f.Control.Statement)})
	}
	var objectives []object
	for _, id := range order {
		objectives = append(objectives, object{"control-id": x.ids["requirement/"+id], "parts": parts[id]})
	}
	local := object{"objectives-and-methods": objectives}
	if a := x.activities(); len(a) > 0 {
		local["activities"] = a
	}
	plan := object{"uuid": x.uuid("assessment-plan"), "metadata": x.metadata("Assessment plan"), "import-ssp": object{"href": "system-security-plan.json"}, "local-definitions": local, "reviewed-controls": x.reviewed(),
		"assessment-subjects": []object{{"type": "component", "include-all": object{}}}}
	if p := x.d.Engagement.Period; p.Days() > 0 {
		plan["tasks"] = []object{{"uuid": x.uuid("task", "period"), "type": "action", "title": "Tests over the period", "timing": object{"within-date-range": object{"start": moment(p.From.Time()), "end": moment(p.To.Time())}}}}
	}
	return plan
}

func (x *writer) activities() []object {
	var out []object
	for i, t := range x.d.Tests {
		out = append(out, object{"uuid": x.uuid("activity", "test", i), "title": word(t.Title), "description": orUnknown(t.Asks), "props": []object{x.prop("test", t.ID), x.prop("test-sha256", t.SHA256), x.prop("tested-by", "management's monitoring")}})
	}
	for i, w := range x.d.Work {
		out = append(out, object{"uuid": x.uuid("activity", "work", i), "title": word(w.No), "description": orUnknown(w.Text), "props": []object{x.prop("tested-by", "service auditor")}})
	}
	return out
}

// assessmentResults is what was found.
func (x *writer) assessmentResults() object {
	d := x.d
	start, end := d.Engagement.Period.From.Time(), d.Engagement.Period.To.Time()
	if d.Engagement.Period.Days() == 0 {
		start, end = d.Frozen.At, d.Frozen.At
	}
	result := object{"uuid": x.uuid("result"), "title": word(d.Engagement.Ref + ": tests of controls and results"), "start": moment(start), "end": moment(end), "reviewed-controls": x.reviewed(),
		"description": "Findings of tests: of the service auditor where the dossier holds them, else of management's own monitoring. They are no opinion.", "findings": x.results()}
	if o := x.observations(); len(o) > 0 {
		result["observations"] = o
	}
	if r := x.risks(x.actions()); len(r) > 0 {
		result["risks"] = r
	}
	return object{"uuid": x.uuid("assessment-results"), "metadata": x.metadata("Assessment results"), "import-ap": object{"href": "assessment-plan.json"}, "results": []object{result}}
}

// results are the findings. The language knows satisfied and not satisfied only: satisfied is what every test answered
// without a deviation; everything else is not, with its reason. What is not known is never shown as good.
func (x *writer) results() []object {
	var out []object
	for _, f := range x.findings {
		state := object{"state": "not-satisfied", "reason": "other", "remarks": f.Words}
		switch f.Outcome {
		case chart.Pass:
			state = object{"state": "satisfied", "reason": "pass", "remarks": f.Words}
		case chart.Fail:
			state["reason"] = "fail"
		default:
		}
		o := object{"uuid": x.uuid("finding", f.Requirement, f.Control.Ref), "title": word(f.Control.Ref + " for " + f.Requirement), "description": orUnknown(f.Words),
			"target":                        object{"type": "objective-id", "target-id": x.ids["objective/"+f.Requirement+"/"+f.Control.Ref], "title": word(f.Control.Title), "status": state},
			"implementation-statement-uuid": x.uuid("statement", f.Requirement, f.Control.Ref), "origins": []object{x.origin(len(f.Work) > 0)}}
		var related []object
		for _, i := range f.Tests {
			related = append(related, object{"observation-uuid": x.uuid("observation", "test", i)})
		}
		for _, i := range f.Work {
			related = append(related, object{"observation-uuid": x.uuid("observation", "work", i)})
		}
		if len(related) > 0 {
			o["related-observations"] = related
		}
		out = append(out, o)
	}
	return out
}

// origin is who found something.
func (x *writer) origin(auditor bool) object {
	who := "organisation"
	if auditor && x.d.Engagement.Firm != "" {
		who = "auditor"
	}
	return object{"actors": []object{{"type": "party", "actor-uuid": x.uuid("party", who)}}}
}

// methods are the language's words for how an auditor tests.
func methods(natures []string) []string {
	var out []string
	add := func(s string) {
		for _, o := range out {
			if o == s {
				return
			}
		}
		out = append(out, s)
	}
	for _, n := range natures {
		switch strings.ToLower(n) {
		case "inquiry":
			add("INTERVIEW")
		case "observation", "inspection":
			add("EXAMINE")
		case "reperformance":
			add("TEST")
		}
	}
	if len(out) == 0 {
		add("UNKNOWN")
	}
	return out
}

// observations are the tests with their results, then every item that did not pass.
func (x *writer) observations() []object {
	var out []object
	for i, t := range x.d.Tests {
		_, words := report.Verdict(x.d, i)
		o := object{"uuid": x.uuid("observation", "test", i), "title": word(t.Title), "description": words, "methods": []string{"TEST"}, "types": []string{"control-objective"}, "collected": moment(x.collected(t)), "origins": []object{x.origin(false)},
			"props": []object{x.prop("test", t.ID), x.prop("population", fmt.Sprint(t.Population)), x.prop("deviations", fmt.Sprint(len(t.Deviations))), x.prop("without-answer", fmt.Sprint(len(t.Unknowns))), x.prop("days-tested", fmt.Sprint(t.DaysTested)), x.prop("days-without-verdict", fmt.Sprint(t.DaysGap))}}
		var evidence []object
		for _, in := range t.Final.Inputs {
			evidence = append(evidence, object{"description": word(in.Ref + " " + in.Table + " from " + in.Source + ", " + orUnknown(in.Completeness)), "props": []object{x.prop("sha256", in.SHA256)}})
		}
		if len(evidence) > 0 {
			o["relevant-evidence"] = evidence
		}
		out = append(out, o)
	}
	for i, w := range x.d.Work {
		_, words := report.WorkVerdict(w)
		out = append(out, object{"uuid": x.uuid("observation", "work", i), "title": word(w.No), "description": words, "methods": methods(w.Natures), "types": []string{"control-objective"}, "collected": moment(x.d.Frozen.At), "origins": []object{x.origin(true)},
			"props": []object{x.prop("population", fmt.Sprint(w.Population.Size)), x.prop("selected", fmt.Sprint(w.Selection.Size)), x.prop("deviations", fmt.Sprint(len(w.Deviations)))}})
	}
	return append(out, x.items()...)
}

// collected is when the last evaluation of a test looked.
func (x *writer) collected(t engagement.TestFacts) time.Time {
	if t.Final.AsOf.IsZero() {
		return x.d.Frozen.At
	}
	return t.Final.AsOf
}

// items are the deviations and the items without an answer, one by one.
func (x *writer) items() []object {
	var out []object
	for i, t := range x.d.Tests {
		for _, side := range []struct {
			kind string
			list []engagement.Deviation
		}{{"deviation", t.Deviations}, {"no-answer", t.Unknowns}} {
			for k, v := range side.list {
				out = append(out, object{"uuid": x.uuid("observation", side.kind, i, k), "title": word(t.ID + ": " + v.Label), "description": orUnknown(v.Reason), "methods": []string{"TEST"}, "types": []string{"finding"}, "collected": moment(v.From), "origins": []object{x.origin(false)}, "props": x.span(v, side.kind)})
			}
		}
	}
	for i, w := range x.d.Work {
		for k, v := range w.Deviations {
			out = append(out, object{"uuid": x.uuid("observation", "work-deviation", i, k), "title": word(w.No + ": deviation"), "description": orUnknown(strings.TrimSpace(v.Nature + " " + v.Cause)), "methods": methods(w.Natures), "types": []string{"finding"}, "collected": moment(x.d.Frozen.At), "origins": []object{x.origin(true)},
				"props": []object{x.prop("kind", "deviation"), x.prop("found-in", fmt.Sprintf("%d of %d", v.Count, v.Of))}})
		}
	}
	return out
}

func (x *writer) span(v engagement.Deviation, kind string) []object {
	to := "not ended when frozen"
	if v.To != nil {
		to = moment(*v.To)
	}
	out := []object{x.prop("kind", kind), x.prop("item", v.ItemID), x.prop("from", moment(v.From)), x.prop("to", to)}
	if v.Exception != "" {
		out = append(out, x.prop("exception", v.Exception))
	}
	return out
}
