package oscal

import (
	"fmt"
	"strings"
)

// action is what is still to be mended: a test whose deviations had not ended when the dossier was frozen, or a deviation that
// the auditor noted.
type action struct {
	key, title, text, response string
	auditor                    bool
	observations               []string
}

// actions are the open deviations. That a deviation of the auditor was mended is for people to say: it stays in the list.
func (x *writer) actions() []action {
	var out []action
	for i, t := range x.d.Tests {
		a := action{key: fmt.Sprint("test/", i), title: t.Title}
		for k, v := range t.Deviations {
			if v.To == nil {
				a.observations = append(a.observations, x.uuid("observation", "deviation", i, k))
			}
		}
		if n := len(a.observations); n > 0 {
			a.text = fmt.Sprintf("Deviations not ended when the dossier was frozen: %d. Controls: %s.", n, strings.Join(t.Controls, ", "))
			for _, r := range x.d.Responses {
				if r.Test == t.ID {
					a.response = strings.TrimSpace(r.Action)
				}
			}
			out = append(out, a)
		}
	}
	for i, w := range x.d.Work {
		for k, v := range w.Deviations {
			out = append(out, action{key: fmt.Sprint("work/", i, "/", k), title: w.No + ": deviation noted by the service auditor", text: fmt.Sprintf("%d of %d items. %s", v.Count, v.Of, strings.TrimSpace(v.Nature+" "+v.Cause)), response: strings.TrimSpace(v.Response), auditor: true,
				observations: []string{x.uuid("observation", "work-deviation", i, k)}})
		}
	}
	return out
}

func observed(ids []string) []object {
	out := make([]object, len(ids))
	for i, id := range ids {
		out[i] = object{"observation-uuid": id}
	}
	return out
}

// risks are the open deviations as the language wants them beside results; what they mean is for people to weigh.
func (x *writer) risks(list []action) []object {
	var out []object
	for _, a := range list {
		r := object{"uuid": x.uuid("risk", a.key), "title": word(a.title), "description": orUnknown(a.text), "statement": "Not weighed: significance is for people to judge.", "status": "open", "origins": []object{x.origin(a.auditor)}, "related-observations": observed(a.observations)}
		if a.response != "" {
			r["remediations"] = []object{{"uuid": x.uuid("response", a.key), "lifecycle": "planned", "title": "Response of management, not audited", "description": a.response}}
		}
		out = append(out, r)
	}
	return out
}

// actionPlan is the plan of action over the open deviations.
func (x *writer) actionPlan(list []action) object {
	kept := map[string]bool{}
	var items []object
	for _, a := range list {
		for _, o := range a.observations {
			kept[o] = true
		}
		items = append(items, object{"uuid": x.uuid("action", a.key), "title": word(a.title), "description": orUnknown(a.text), "related-observations": observed(a.observations), "related-risks": []object{{"risk-uuid": x.uuid("risk", a.key)}}})
	}
	var observations []object
	for _, o := range x.items() {
		if id, _ := o["uuid"].(string); kept[id] {
			observations = append(observations, o)
		}
	}
	return object{"uuid": x.uuid("plan-of-action"), "metadata": x.metadata("Plan of action and milestones"), "import-ssp": object{"href": "system-security-plan.json"}, "system-id": object{"id": word(x.d.Engagement.ID)},
		"observations": observations, "risks": x.risks(list), "poam-items": items}
}
