package terraform

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

const planted = "hunter2-never-keep-this"

// TestKept: of each state only the identifiers of the list stay, never what is marked, what is long, what is of a provider that makes up
// values, or what is only looked up.
func TestKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		read func([]byte) (map[string]instance, error)
		text string
		want map[string]string // address: identifiers that stay
	}{
		"shown": {readShown, `{"format_version":"1.0","values":{"outputs":{"x":{"value":"` + planted + `"}},"root_module":{"resources":[
			{"address":"aws_db_instance.a","mode":"managed","type":"aws_db_instance","provider_name":"registry.terraform.io/hashicorp/aws","values":{"id":"db-1","identifier":"pay","password":"` + planted + `","tags":{"name":"` + planted + `"}},"sensitive_values":{"password":true,"tags":{}}},
			{"address":"aws_x.marked","mode":"managed","type":"aws_x","provider_name":"registry.terraform.io/hashicorp/aws","values":{"id":"x-1","name":"` + planted + `"},"sensitive_values":{"name":true,"id":false}},
			{"address":"aws_x.inside","mode":"managed","type":"aws_x","provider_name":"registry.terraform.io/hashicorp/aws","values":{"id":"x-2","name":"` + planted + `"},"sensitive_values":{"name":{"a":true}}},
			{"address":"aws_x.all","mode":"managed","type":"aws_x","provider_name":"registry.terraform.io/hashicorp/aws","values":{"id":"` + planted + `"},"sensitive_values":true},
			{"address":"aws_x.old","deposed_key":"ab12","mode":"managed","type":"aws_x","provider_name":"registry.terraform.io/hashicorp/aws","values":{"id":"x-4"}},
			{"address":"random_password.a","mode":"managed","type":"random_password","provider_name":"registry.terraform.io/hashicorp/random","values":{"id":"` + planted + `","result":"` + planted + `"}}],
			"child_modules":[{"address":"module.a","resources":[{"address":"module.a.data.http.x","mode":"data","type":"http","provider_name":"registry.terraform.io/hashicorp/http","values":{"id":"` + planted + `"}},
			{"address":"module.a.aws_x.url","mode":"managed","type":"aws_x","provider_name":"registry.terraform.io/hashicorp/aws","values":{"id":"https://u:` + planted + `@x.example","name":"two\nlines ` + planted + `","arn":7,"group":null}}]}]}}}`,
			map[string]string{"aws_db_instance.a": "id=db-1 identifier=pay", "aws_x.marked": "id=x-1", "aws_x.inside": "id=x-2", "aws_x.all": "", "random_password.a": "", "module.a.data.http.x": "", "module.a.aws_x.url": ""}},
		"kept": {readKept, `{"version":4,"outputs":{"x":{"value":"` + planted + `"}},"resources":[
			{"mode":"managed","type":"aws_iam_role","name":"r","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[
				{"index_key":"a.b","attributes":{"id":"r1","arn":"arn:aws:iam::1:role/r1","assume_role_policy":"` + planted + `"},"sensitive_attributes":[],"private":"` + planted + `"},
				{"index_key":1,"attributes":{"id":"r2","name":"` + planted + `"},"sensitive_attributes":[[{"type":"get_attr","value":"name"}]]},
				{"deposed":"ab12","attributes":{"id":"r3"}},
				{"index_key":"s","attributes":{"id":"r4","name":"` + planted + `"},"sensitive_attributes":["name"]},
				{"index_key":"u","attributes":{"id":"` + planted + `"},"sensitive_attributes":[{"no":"path"}]}]},
			{"module":"module.m[\"k\"]","mode":"data","type":"aws_ami","name":"x","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"ami-1"}}]},
			{"mode":"managed","type":"null_resource","name":"n","provider":"provider.null","instances":[{"attributes":{"id":"` + planted + `"}}]}]}`,
			map[string]string{`aws_iam_role.r["a.b"]`: "arn=arn:aws:iam::1:role/r1 id=r1", "aws_iam_role.r[1]": "id=r2", `aws_iam_role.r["s"]`: "id=r4", `aws_iam_role.r["u"]`: "", `module.m["k"].data.aws_ami.x`: "", "null_resource.n": ""}},
		"nothing yet": {readShown, `{"format_version":"1.0"}`, map[string]string{}},
	} {
		got, err := c.read([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := map[string]string{}
		for address, x := range got {
			var parts []string
			for _, k := range slices.Sorted(maps.Keys(x.names)) {
				parts = append(parts, k+"="+x.names[k])
			}
			seen[address] = strings.Join(parts, " ")
		}
		if !maps.Equal(seen, c.want) {
			t.Errorf("%s: %v, want %v", name, seen, c.want)
		}
	}
}

// TestNoState: what is no state is told as none, without a word of what it holds.
func TestNoState(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "null", "[]", `"` + planted + `"`, `{"version":3,"modules":["` + planted + `"]}`, `{"version":"` + planted + `"}`, `{"format_version":"1.0","values":{"root_module":{"resources":[{"mode":"managed"}]}}}`,
		`{"version":4,"resources":[{"mode":"managed","instances":[]}]}`, `{"format_version":` + planted, `{"format_version":"1.0","values":{"root_module":` + strings.Repeat(`{"child_modules":[`, 70) + strings.Repeat(`]}`, 70) + `}}`,
		`{"version":4,"resources":{"a":"` + planted + `"}}`,
	} {
		for _, read := range []func([]byte) (map[string]instance, error){readShown, readKept} {
			if got, err := read([]byte(text)); len(got) > 0 || err != nil && strings.Contains(err.Error(), planted) {
				t.Errorf("%.60s: %v %v", text, got, err)
			}
		}
		_, err := readShown([]byte(text))
		_, err2 := readKept([]byte(text))
		if err == nil || err2 == nil && !strings.Contains(text, "version\":4") {
			t.Errorf("%.60s is taken for a state: %v, %v", text, err, err2)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"aws_x.y": managed, "data.aws_x.y": "data", "module.a.aws_x.y": managed, "module.a.data.aws_x.y": "data", `module.a["x.data.y"].aws_x.y`: managed, `module.a["q\"].data.z"].data.aws_x.y[0]`: "data",
		"module.data.aws_x.y": managed, "module.a.module.data.data.aws_x.y": "data", "module.": managed, "": managed, `module.a["`: managed,
	} {
		if got := modeOf(address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

// FuzzStates: no state makes the readers fail but with an error, and nothing that is marked or not on the list stays.
func FuzzStates(f *testing.F) {
	f.Add(`{"version":4,"resources":[{"mode":"managed","type":"a","name":"b","provider":"aws","instances":[{"attributes":{"id":"1"},"sensitive_attributes":[]}]}]}`)
	f.Add(`{"format_version":"1.0","values":{"root_module":{"resources":[{"address":"a.b","mode":"managed","type":"a","provider_name":"aws","values":{"id":"1"},"sensitive_values":{}}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func([]byte) (map[string]instance, error){readShown, readKept} {
			got, err := read([]byte(text))
			if err != nil {
				continue
			}
			for address, x := range got {
				for name, value := range x.names {
					if !slices.Contains(identifiers, name) || !plain(value) || x.mode != managed {
						t.Errorf("%s keeps %s", address, name)
					}
				}
				if _, err := json.Marshal(x.names); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
