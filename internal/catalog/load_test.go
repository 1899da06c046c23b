package catalog

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// TestDamaged changes one thing in the files at a time: each must be noticed, and named.
func TestDamaged(t *testing.T) {
	t.Parallel()
	sub, err := fs.Sub(files, "data")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, file, old, new, want string }{
		{"a criterion renamed", "tsc-2017.yaml", "- id: CC8.1", "- id: CC8.2", "CC8.1"},
		{"a criterion twice", "tsc-2017.yaml", "- id: CC8.1", "- id: CC7.5", "CC7.5 occurs twice"},
		{"a category that does not go with the identifier", "tsc-2017.yaml", "id: A1.1\n    category: availability", "id: A1.1\n    category: privacy", "A1.1: category"},
		{"a count", "tsc-2017.yaml", "privacy: 18", "privacy: 17", "counts 17 for privacy"},
		{"a COSO principle", "tsc-2017.yaml", "coso_principle: 17", "coso_principle: 18", "no principle 18"},
		{"an unknown key", "tsc-2017.yaml", "categories:", "categorys:", "tsc-2017.yaml"},
		{"a privacy role elsewhere", "tsc-2017.yaml", "privacy_role: both", "privacy_role: neither", "privacy role"},
		{"an objective's wording", "soc1-objectives.yaml", "objective: Controls provide reasonable assurance that payroll", "objective: Payroll", "does not read as a control objective"},
		{"an assertion", "soc1-objectives.yaml", "- cut-off", "- cutoff", `unknown "cutoff"`},
		{"a check's number", "soc1-objectives.yaml", "id: PC-28", "id: PC-29", "PC-29"},
		{"a control's type", "control-library.yaml", "type: corrective", "type: reactive", `type "reactive"`},
		{"a control's nature", "control-library.yaml", "nature: manual", "nature: magic", `nature "magic"`},
		{"a control's frequency", "control-library.yaml", "frequency: semi_annual", "frequency: twice", `frequency "twice"`},
		{"a control's reference", "control-library.yaml", "id: IAM-02", "id: iam02", "form of a control"},
		{"a control twice", "control-library.yaml", "id: IAM-02", "id: IAM-01", "IAM-01 occurs twice"},
		{"a control's criterion", "control-library.yaml", "      - CC6.5", "      - CC6.9", `unknown "CC6.9"`},
		{"a control's Annex A", "control-library.yaml", "      - A.8.30", "      - A.8.35", `unknown "A.8.35"`},
		{"a control's objective", "control-library.yaml", "      - ITGC-02", "      - ITGC-20", `unknown "ITGC-20"`},
		{"an unserved criterion", "control-library.yaml", "      - CC3.3", "      - CC3.2", "serves tsc-2017 CC3.3"},
		{"a lost pair", "tsc-iso27001.json", `{"id": "A.6.2", "strength": "partial", "corroborated": 2},`, "", "pairs"},
		{"a strength", "tsc-iso27001.json", `"strength": "related"`, `"strength": "weak"`, `strength "weak"`},
		{"too much corroboration", "tsc-iso27001.json", `"corroborated": 3`, `"corroborated": 4`, "4 of 3"},
		{"an Annex A control", "tsc-iso27001.json", `{"id": "A.8.34", "title"`, `{"id": "A.8.43", "title"`, "A.8.34"},
		{"a crosswalk row", "tsc-iso27001.json", `"criterion": "CC1.1"`, `"criterion": "CC1.9"`, "CC1.9"},
		{"a CSF subcategory", "tsc-iso27001.json", `"GV.PO-01"`, `"GV.PO-09"`, `unknown "GV.PO-09"`},
		{"a base control", "tsc-iso27001.json", `"PS-6"`, `"PS-6(1)"`, "no base control"},
		{"an unknown field", "tsc-iso27001.json", `"licence"`, `"license"`, "license"},
		{"broken JSON", "tsc-iso27001.json", `"mappings": [`, `"mappings": `, "tsc-iso27001.json"},
		{"a description criterion", "description-criteria.yaml", "when: type2", "when: sometimes", "DC9"},
		{"a framework's count", "frameworks.yaml", "requirements: 93", "requirements: 94", "says 94"},
		{"a withdrawn subcategory", "frameworks.yaml", "ID.AM: [1, 2, 3, 4, 5, 7, 8]", "ID.AM: [1, 2, 3, 4, 5, 6, 7, 8]", "107"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			dir := fstest.MapFS{}
			names, err := fs.Glob(sub, "*")
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range names {
				text, err := fs.ReadFile(sub, n)
				if err != nil {
					t.Fatal(err)
				}
				if n == x.file {
					if !strings.Contains(string(text), x.old) {
						t.Fatalf("%s holds no %q", n, x.old)
					}
					text = []byte(strings.Replace(string(text), x.old, x.new, 1))
				}
				dir[n] = &fstest.MapFile{Data: text}
			}
			if _, err := read(dir); err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("want %q, got: %.400v", x.want, err)
			}
		})
	}
	if _, err := read(fstest.MapFS{}); err == nil {
		t.Error("read nothing")
	}
}
