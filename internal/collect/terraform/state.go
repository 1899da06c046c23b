package terraform

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// instance is what is kept of a resource in state.
type instance struct {
	mode, kind string
	names      map[string]string // identifiers, by the provider's own names
}

// identifiers are the values of state by which events name a resource, or what it belongs to. Whatever is not in this list is dropped
// as it is read; so is everything of a provider that makes up values or reads them from elsewhere, whose identifiers are often the
// secret itself.
var identifiers = []string{
	"id", "arn", "name", "self_link", "unique_id", "identifier", "resource_id", "display_name", "full_name", "login", "project_id", "email", "role_id", "account_id",
	"bucket", "function_name", "role", "user", "group", "security_group_id", "key_id", "table_name", "cluster", "cluster_identifier",
	"family", "alarm_name", "dashboard_name", "db_name", "stream_name", "queue_name", "topic", "repository", "repository_name", "secret_id",
	"log_group_name", "trail_name", "vpc_id", "subnet_id", "instance_id", "volume_id", "snapshot_id", "policy_arn", "zone_id", "namespace",
}

// strangers are providers of values that are of no system.
var strangers = []string{"random", "null", "external", "http", "local", "tls", "time", "terraform", "archive", "cloudinit", "template", "vault"}

// longest bounds an identifier: an ARN is shorter.
const longest = 512

// kept gives the identifiers among values, but for those that are marked.
func kept(provider, mode string, values map[string]json.RawMessage, marked func(string) bool) map[string]string {
	out := map[string]string{}
	if mode != managed || foreign(provider) {
		return out
	}
	for _, name := range identifiers {
		if raw, ok := values[name]; ok && !marked(name) {
			var text string
			if json.Unmarshal(raw, &text) == nil && plain(text) {
				out[name] = text
			}
		}
	}
	return out
}

// foreign reports whether a provider is among those whose values are of no system. It may be written as
// provider["registry.terraform.io/hashicorp/random"] or as its last part.
func foreign(provider string) bool {
	p := strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(provider), "]"), `"`)
	p = p[strings.LastIndexAny(p, `/".`)+1:]
	for _, s := range strangers {
		if p == s {
			return true
		}
	}
	return p == ""
}

// plain reports whether a text looks like an identifier, and not like a document, or an address with a password or key in it.
func plain(s string) bool {
	if s == "" || len(s) > longest || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return false
	}
	return !strings.Contains(s, "://") || !strings.ContainsAny(s, "@?#")
}

// unreadable says of a state what is wrong without a word of what it holds.
func unreadable(what string) error {
	return errs.New(errs.Invalid, "the state is not as expected: %s", what).WithHint("Terraform 0.12 and later write states that can be read.")
}

// shown is a state as `terraform show -json` writes it.
// https://developer.hashicorp.com/terraform/internals/json-format
type shown struct {
	Version string `json:"format_version"`
	Values  *struct {
		Root module `json:"root_module"`
	} `json:"values"`
}

type module struct {
	Resources []struct {
		Address   string                     `json:"address"`
		Mode      string                     `json:"mode"`
		Type      string                     `json:"type"`
		Provider  string                     `json:"provider_name"`
		Deposed   string                     `json:"deposed_key"`
		Values    map[string]json.RawMessage `json:"values"`
		Sensitive json.RawMessage            `json:"sensitive_values"`
	} `json:"resources"`
	Children []module `json:"child_modules"`
}

// maxDepth bounds modules in modules.
const maxDepth = 64

// readShown reads a state in the form of `terraform show -json`.
func readShown(body []byte) (map[string]instance, error) {
	var s shown
	if json.Unmarshal(body, &s) != nil || s.Version == "" {
		return nil, unreadable("it is not of the form of terraform show -json")
	}
	out := map[string]instance{}
	if s.Values == nil { // it holds nothing
		return out, nil
	}
	return out, s.Values.Root.read(out, 0)
}

func (m *module) read(out map[string]instance, depth int) error {
	if depth > maxDepth {
		return unreadable("its modules lie too deep in each other")
	}
	for _, r := range m.Resources {
		if r.Address == "" || r.Type == "" {
			return unreadable("a resource lacks its address or type")
		}
		if r.Deposed != "" {
			continue // it is replaced, and goes away
		}
		out[r.Address] = instance{r.Mode, r.Type, kept(r.Provider, r.Mode, r.Values, markedIn(r.Sensitive))}
	}
	for i := range m.Children {
		if err := m.Children[i].read(out, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// markedIn tells which values are sensitive: an object has them as true, or as objects of what in them is. What cannot be read marks
// everything.
func markedIn(raw json.RawMessage) func(string) bool {
	var of map[string]json.RawMessage
	if len(raw) > 0 && json.Unmarshal(raw, &of) != nil {
		return func(string) bool { return true }
	}
	return func(name string) bool {
		v, ok := of[name]
		return ok && string(v) != "false" && string(v) != "{}"
	}
}

// stored is a state as it is kept, in version 4.
type stored struct {
	Version   int `json:"version"`
	Resources []struct {
		Module    string `json:"module"`
		Mode      string `json:"mode"`
		Type      string `json:"type"`
		Name      string `json:"name"`
		Provider  string `json:"provider"`
		Instances []struct {
			Index      json.RawMessage            `json:"index_key"`
			Deposed    string                     `json:"deposed"`
			Attributes map[string]json.RawMessage `json:"attributes"`
			Sensitive  json.RawMessage            `json:"sensitive_attributes"`
		} `json:"instances"`
	} `json:"resources"`
}

// readKept reads a state as it is kept.
func readKept(body []byte) (map[string]instance, error) {
	var s stored
	if json.Unmarshal(body, &s) != nil || s.Version != 4 {
		return nil, unreadable("it is not of version 4")
	}
	out := map[string]instance{}
	for _, r := range s.Resources {
		if r.Type == "" || r.Name == "" {
			return nil, unreadable("a resource lacks its type or name")
		}
		address := r.Type + "." + r.Name
		if r.Mode == "data" {
			address = "data." + address
		}
		if r.Module != "" {
			address = r.Module + "." + address
		}
		for _, n := range r.Instances {
			if n.Deposed != "" {
				continue // it is replaced, and goes away
			}
			at := address
			if len(n.Index) > 0 && string(n.Index) != "null" {
				at += "[" + string(n.Index) + "]"
			}
			out[at] = instance{r.Mode, r.Type, kept(r.Provider, r.Mode, n.Attributes, pathsIn(n.Sensitive))}
		}
	}
	return out, nil
}

// pathsIn tells which values are sensitive: a list of paths, each a list of steps, the first of which names the value; before
// Terraform 1.0 also a list of names. What cannot be read marks everything.
func pathsIn(raw json.RawMessage) func(string) bool {
	var paths []json.RawMessage
	all := func(string) bool { return true }
	if len(raw) > 0 && json.Unmarshal(raw, &paths) != nil {
		return all
	}
	marked := map[string]bool{}
	for _, p := range paths {
		var name string
		var steps []struct {
			Value json.RawMessage `json:"value"`
		}
		if json.Unmarshal(p, &name) != nil && (json.Unmarshal(p, &steps) != nil || len(steps) == 0 || json.Unmarshal(steps[0].Value, &name) != nil) {
			return all
		}
		marked[name] = true
	}
	return func(name string) bool { return marked[name] }
}
