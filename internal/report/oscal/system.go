package oscal

import (
	"strings"

	"github.com/tickmark/tickmark/internal/report"
)

// catalog is the criteria, or the objectives of a SOC 1, in our own words.
func (x *writer) catalog() object {
	var groups []object
	var controls [][]object // of each group
	last := "\x00"
	for _, r := range x.requirements {
		if name := strings.TrimSpace(r.Group + " " + r.GroupName); name != last {
			last = name
			groups = append(groups, object{"id": x.token("group/"+name, "group."+name), "title": word(name)})
			controls = append(controls, nil)
		}
		id := x.ids["requirement/"+r.ID]
		props := []object{{"name": "label", "value": word(r.ID)}}
		if r.Excused != "" {
			props = append(props, x.prop("not-applicable", r.Excused))
		}
		c := object{"id": id, "title": word(r.Title), "props": props, "parts": []object{{"id": id + "_smt", "name": "statement", "prose": orUnknown(r.Text)}}}
		controls[len(groups)-1] = append(controls[len(groups)-1], c)
	}
	for i, g := range groups {
		g["controls"] = controls[i]
	}
	meta := x.metadata("Criteria in our own words")
	return object{"uuid": x.uuid("catalog"), "metadata": meta, "groups": groups}
}

// profile chooses all of the catalog; a security plan imports a profile, not a catalog.
func (x *writer) profile() object {
	return object{"uuid": x.uuid("profile"), "metadata": x.metadata("Criteria in scope"), "imports": []object{{"href": "catalog.json", "include-all": object{}}}}
}

// classes are the components of a description with the language's word for their type.
var classes = []struct{ key, kind string }{{"infrastructure", "system"}, {"software", "software"}, {"procedures", "process-procedure"}}

// plan is the parts of a security plan that the dossier holds: the system, its components, and how each criterion is met.
func (x *writer) plan() object {
	d := x.d
	var data []object
	for i, c := range d.System.Components["data"] {
		data = append(data, object{"uuid": x.uuid("information", i), "title": word(c.Name), "description": orUnknown(c.Text)})
	}
	if len(data) == 0 {
		data = []object{{"uuid": x.uuid("information"), "title": "Information of user entities", "description": "The dossier does not describe it."}}
	}
	var users []object
	for i, c := range d.System.Components["people"] {
		users = append(users, object{"uuid": x.uuid("user", i), "title": word(c.Name), "description": orUnknown(c.Text)})
	}
	if len(users) == 0 {
		users = []object{{"uuid": x.uuid("user"), "title": "People of the service organisation"}}
	}
	return object{
		"uuid": x.uuid("system-security-plan"), "metadata": x.metadata("Parts of a system security plan"), "import-profile": object{"href": "profile.json"},
		"system-characteristics": object{
			"system-ids": []object{{"id": word(d.Engagement.ID)}}, "system-name": word(d.System.Name), "description": orUnknown(d.System.Overview),
			"system-information": object{"information-types": data}, "status": object{"state": "operational"},
			"authorization-boundary": object{"description": orUnknown(d.System.Boundary)},
		},
		"system-implementation":  object{"users": users, "components": x.components()},
		"control-implementation": object{"description": "Controls of the service organisation by the criterion they serve.", "implemented-requirements": x.implemented()},
	}
}

func (x *writer) components() []object {
	d := x.d
	out := []object{{"uuid": x.uuid("component", "system"), "type": "this-system", "title": word(d.System.Name), "description": orUnknown(d.System.Overview), "status": object{"state": "operational"}}}
	for _, c := range classes {
		for i, v := range d.System.Components[c.key] {
			out = append(out, object{"uuid": x.uuid("component", c.key, i), "type": c.kind, "title": word(v.Name), "description": orUnknown(v.Text), "status": object{"state": "operational"}})
		}
	}
	for i, s := range d.Subservice {
		out = append(out, object{"uuid": x.uuid("component", "subservice", i), "type": "service", "title": word(s.Name), "description": orUnknown(s.Service), "status": object{"state": "operational"},
			"props": []object{x.prop("method", s.Method)}})
	}
	return out
}

// implemented is how each criterion is met: a statement for each control.
func (x *writer) implemented() []object {
	var out []object
	for _, r := range x.requirements {
		var list []object
		for _, f := range x.findings {
			if f.Requirement == r.ID {
				list = append(list, object{"statement-id": x.ids["objective/"+r.ID+"/"+f.Control.Ref], "uuid": x.uuid("statement", r.ID, f.Control.Ref), "by-components": []object{x.byComponent(f)}})
			}
		}
		if len(list) > 0 {
			out = append(out, object{"uuid": x.uuid("requirement", r.ID), "control-id": x.ids["requirement/"+r.ID], "statements": list})
		}
	}
	return out
}

func (x *writer) byComponent(f report.Finding) object {
	c := f.Control
	return object{"component-uuid": x.uuid("component", "system"), "uuid": x.uuid("by-component", f.Requirement, c.Ref), "description": orUnknown(c.Statement),
		"props":   []object{x.prop("control", c.Ref), x.prop("owner", c.Owner), x.prop("frequency", c.Frequency), x.prop("type", c.Type), x.prop("nature", c.Nature)},
		"remarks": orUnknown(c.Title)}
}
