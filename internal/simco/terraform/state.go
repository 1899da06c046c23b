package terraform

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// version is a version of a workspace's state.
type version struct {
	id     string
	serial int
	at     life.Time
	run    string // that wrote it; empty for the first
}

// firstSerial is of the state with which a workspace was made.
const firstSerial = 7

// versionOf is the state after the first n runs that ended.
func (s *Server) versionOf(x *workspace, n int) version {
	v := version{id: s.key("sv-", fmt.Sprint(x.Name, n)), serial: firstSerial + n, at: x.made}
	if n > 0 {
		v.run, v.at = x.runs[n-1].id, x.runs[n-1].ended-2*life.Second
	}
	return v
}

// ended is how many of a workspace's runs have written state by an instant: one after the other, as they were made.
func (x *workspace) ended(at life.Time) int {
	n := 0
	for n < len(x.runs) && x.runs[n].ended-2*life.Second <= at {
		n++
	}
	return n
}

// thing is a resource with its values: names and values in turn. A value that begins with { or [ is JSON already.
type thing struct {
	module, mode, kind, name string
	index                    string // JSON; empty without one
	values                   []string
	secret                   []string // values that are marked as sensitive
}

func (t *thing) address() string {
	a := t.kind + "." + t.name
	if t.mode == "data" {
		a = "data." + a
	}
	if t.module != "" {
		a = "module." + t.module + "." + a
	}
	if t.index != "" {
		a += "[" + t.index + "]"
	}
	return a
}

// SecretMark is part of every secret in a state or run, for whoever looks whether one is kept.
const SecretMark = "never-keep-this"

func (s *Server) hidden(what string) string { return SecretMark + "-" + s.key("", what) }

// estate is what the state of a workspace holds at an instant.
func (s *Server) estate(x *workspace, at life.Time) []thing {
	arn := func(service, rest string) string {
		return "arn:aws:" + service + ":" + audit.Region + ":" + audit.Account + ":" + rest
	}
	revision := fmt.Sprint(20 + x.ended(at))
	task := arn("ecs", "task-definition/"+x.Name+":"+revision)
	password := s.hidden("database " + x.Name)
	role := "arn:aws:iam::" + audit.Account + ":role/" + x.Role
	secret := arn("secretsmanager", "secret:"+x.Secret+"-a1B2c3")
	out := []thing{
		{mode: "data", kind: "aws_region", name: "current", values: []string{"id", audit.Region, "name", audit.Region}},
		{mode: "managed", kind: "aws_cloudwatch_metric_alarm", name: "errors", values: []string{"id", x.Name + "-errors", "alarm_name", x.Name + "-errors", "arn", arn("cloudwatch", "alarm:"+x.Name+"-errors"), "threshold", "5"}},
		{mode: "managed", kind: "aws_ecs_service", name: "app", values: []string{"id", arn("ecs", "service/production/"+x.Name), "name", x.Name, "cluster", arn("ecs", "cluster/production"), "task_definition", task}},
		{mode: "managed", kind: "aws_ecs_task_definition", name: "app", secret: []string{"container_definitions"}, values: []string{"id", x.Name, "family", x.Name, "arn", task, "revision", revision,
			"container_definitions", `[{"name":"app","environment":[{"name":"DATABASE_PASSWORD","value":"` + password + `"}]}]`}},
		{mode: "managed", kind: "aws_iam_role", name: "app", values: []string{"id", x.Role, "name", x.Role, "arn", role, "path", "/", "assume_role_policy", "{}"}},
		{mode: "managed", kind: "aws_iam_role_policy", name: "access", values: []string{"id", x.Role + ":access", "name", "access", "role", x.Role, "policy", `{"Statement":[]}`}},
		{mode: "managed", kind: "aws_ssm_parameter", name: "level", secret: []string{"value"}, values: []string{"id", x.Setting, "name", x.Setting, "arn", arn("ssm", "parameter"+x.Setting), "type", "String", "value", s.hidden("parameter " + x.Name)}},
		{module: "data", mode: "managed", kind: "aws_db_instance", name: "main", values: []string{"id", "db-" + s.key("", "database "+x.Name), "identifier", x.Name, "arn", arn("rds", "db:"+x.Name), "username", "app", "password", password}},
		{module: "data", mode: "managed", kind: "aws_s3_bucket", name: "data", index: `"main"`, values: []string{"id", x.Bucket, "bucket", x.Bucket, "arn", "arn:aws:s3:::" + x.Bucket}},
		{module: "data", mode: "managed", kind: "aws_secretsmanager_secret", name: "database", values: []string{"id", secret, "arn", secret, "name", x.Secret}},
		{module: "data", mode: "managed", kind: "aws_secretsmanager_secret_version", name: "database", secret: []string{"secret_string"}, values: []string{"id", secret + "|terraform", "arn", secret, "secret_id", secret, "secret_string", password}},
		{module: "data", mode: "managed", kind: "random_password", name: "database", values: []string{"id", "none", "result", password, "bcrypt_hash", s.hidden("hash " + x.Name)}},
		{module: "data", mode: "managed", kind: "random_string", name: "suffix", values: []string{"id", s.hidden("suffix " + x.Name), "result", s.hidden("suffix " + x.Name)}},
		{module: "network", mode: "managed", kind: "aws_security_group", name: "app", values: []string{"id", x.Group, "arn", arn("ec2", "security-group/"+x.Group), "name", x.Name}},
	}
	for i := range 2 {
		rule := "sgr-" + strings.ToLower(s.key("", fmt.Sprint("rule ", x.Name, i)))
		out = append(out, thing{module: "network", mode: "managed", kind: "aws_vpc_security_group_ingress_rule", name: "clients", index: fmt.Sprint(i),
			values: []string{"id", rule, "arn", arn("ec2", "security-group-rule/"+rule), "security_group_id", x.Group}})
	}
	return out
}

const (
	providerAWS    = "registry.terraform.io/hashicorp/aws"
	providerRandom = "registry.terraform.io/hashicorp/random"
)

func (t *thing) provider() string {
	if strings.HasPrefix(t.kind, "random_") {
		return providerRandom
	}
	return providerAWS
}

// resources lists what the newest state holds, without values.
func (s *Server) resources(w http.ResponseWriter, r *http.Request, at life.Time) {
	x := s.named(r.PathValue("id"), at)
	if x == nil {
		s.missing(w)
		return
	}
	all := s.estate(x, at)
	lo, hi, meta, ok := s.page(w, r, len(all))
	if !ok {
		return
	}
	v := x.version(s, at)
	j := wire.NewJSON().Obj().A("data")
	for i := lo; i < hi; i++ {
		t := &all[i]
		module := "root"
		if t.module != "" {
			module = t.module
		}
		j.Obj().S("id", s.key("wsr-", x.id+t.address())).S("type", "resources").O("attributes").S("address", t.address()).S("name", t.name).
			S("created-at", x.made.Date().String()).S("updated-at", v.at.Date().String()).S("module", module).S("provider", strings.TrimPrefix(t.provider(), "registry.terraform.io/")).
			S("provider-type", t.kind).S("modified-by-state-version-id", v.id)
		if t.index == "" {
			j.N("name-index")
		} else {
			j.Key("name-index").Raw(t.index)
		}
		j.End().End()
	}
	j.EndArr()
	s.send(w, meta(j).End())
}

// version is the newest version of a workspace's state at an instant.
func (x *workspace) version(s *Server, at life.Time) version { return s.versionOf(x, x.ended(at)) }

// stateVersion is the newest version of a workspace's state.
func (s *Server) stateVersion(w http.ResponseWriter, r *http.Request, at life.Time) {
	x := s.named(r.PathValue("id"), at)
	if x == nil {
		s.missing(w)
		return
	}
	v := x.version(s, at)
	address := wire.Base(r) + "/api/state-versions/" + v.id
	j := wire.NewJSON().Obj().O("data").S("id", v.id).S("type", "state-versions").O("attributes").TMs("created-at", v.at).S("status", "finalized").
		I("serial", int64(v.serial)).I("state-version", 4).S("terraform-version", "1.13.4").B("resources-processed", true).S("hosted-state-download-url", address+"/hosted_state")
	if x.old {
		j.N("hosted-json-state-download-url")
	} else {
		j.S("hosted-json-state-download-url", address+"/hosted_json_state")
	}
	j.End().O("relationships").O("workspace").O("data").S("id", x.id).S("type", "workspaces").End().End()
	if v.run != "" {
		j.O("run").O("data").S("id", v.run).S("type", "runs").End().End()
	}
	j.End().End()
	s.send(w, j.End())
}

// of finds the workspace whose newest state has an identifier.
func (s *Server) of(id string, at life.Time) *workspace {
	for _, x := range s.shown(at) {
		if x.version(s, at).id == id {
			return x
		}
	}
	return nil
}

// hosted leads to where a state is kept; that address opens it without a token.
func (s *Server) hosted(w http.ResponseWriter, r *http.Request, at life.Time) {
	x := s.of(r.PathValue("id"), at)
	form := "state"
	if strings.HasSuffix(r.URL.Path, "/hosted_json_state") {
		form = "json"
	}
	if x == nil || form == "json" && x.old {
		s.missing(w)
		return
	}
	id := x.version(s, at).id
	http.Redirect(w, r, archive+id+"/"+form+"/"+s.key("", id+form), http.StatusFound)
}

// archived is a state, whole.
func (s *Server) archived(w http.ResponseWriter, r *http.Request, at life.Time) {
	id, form := r.PathValue("id"), r.PathValue("form")
	x := s.of(id, at)
	if x == nil || !wire.Same(r.PathValue("key"), s.key("", id+form)) {
		s.missing(w)
		return
	}
	j := wire.NewJSON()
	if form == "json" {
		s.writeShown(j, x, at)
	} else {
		s.writeKept(j, x, at)
	}
	wire.Send(w, http.StatusOK, "application/json", j)
}

// values writes what a resource is: texts, and JSON as it stands.
func (t *thing) write(j *wire.JSON, key string) {
	j.O(key)
	for i := 0; i+1 < len(t.values); i += 2 {
		j.S(t.values[i], t.values[i+1])
	}
	j.End()
}

// writeShown writes a state as `terraform show -json` does: resources in modules, and beside the values which are sensitive.
func (s *Server) writeShown(j *wire.JSON, x *workspace, at life.Time) {
	all := s.estate(x, at)
	list := func(module string) {
		j.A("resources")
		for i := range all {
			t := &all[i]
			if t.module != module {
				continue
			}
			j.Obj().S("address", t.address()).S("mode", t.mode).S("type", t.kind).S("name", t.name)
			if t.index != "" {
				j.Key("index").Raw(t.index)
			}
			j.S("provider_name", t.provider()).I("schema_version", 0)
			t.write(j, "values")
			j.O("sensitive_values")
			for _, name := range t.secret {
				j.B(name, true)
			}
			j.End().End()
		}
		j.EndArr()
	}
	j.Obj().S("format_version", "1.0").S("terraform_version", "1.13.4").O("values").
		O("outputs").O("database_url").B("sensitive", true).S("value", "postgres://app:"+s.hidden("database "+x.Name)+"@db").End().End().O("root_module")
	list("")
	j.A("child_modules")
	for _, m := range []string{"data", "network"} {
		j.Obj().S("address", "module."+m)
		list(m)
		j.End()
	}
	j.EndArr().End().End().End()
}

// writeKept writes a state as it is kept: instances in resources, and paths of what is sensitive.
func (s *Server) writeKept(j *wire.JSON, x *workspace, at life.Time) {
	v := x.version(s, at)
	all := s.estate(x, at)
	j.Obj().I("version", 4).S("terraform_version", "1.13.4").I("serial", int64(v.serial)).S("lineage", s.key("", x.id)).
		O("outputs").O("database_url").S("value", "postgres://app:"+s.hidden("database "+x.Name)+"@db").B("sensitive", true).End().End().A("resources")
	for i := 0; i < len(all); {
		t := &all[i]
		j.Obj()
		if t.module != "" {
			j.S("module", "module."+t.module)
		}
		j.S("mode", t.mode).S("type", t.kind).S("name", t.name).S("provider", `provider["`+t.provider()+`"]`).A("instances")
		for ; i < len(all) && all[i].module == t.module && all[i].kind == t.kind && all[i].name == t.name; i++ {
			n := &all[i]
			j.Obj()
			if n.index != "" {
				j.Key("index_key").Raw(n.index)
			}
			j.I("schema_version", 0)
			n.write(j, "attributes")
			j.A("sensitive_attributes")
			for _, name := range n.secret {
				j.Arr().Obj().S("type", "get_attr").S("value", name).End().EndArr()
			}
			j.EndArr().End()
		}
		j.EndArr().End()
	}
	j.EndArr().End()
}
