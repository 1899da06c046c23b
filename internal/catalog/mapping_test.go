package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

var source = catalog.MappingSource{Name: "Northwind crosswalk", Version: "3", Licence: "CC BY 4.0", Date: period.Make(2026, 1, 15)}

func TestImportMapping(t *testing.T) {
	t.Parallel()
	c := load(t)
	text := "\ufeffCriterion,Requirement,Strength,Remark\n" +
		"CC6.1,A.5.15,strong,x\n" +
		" cc6.1  ,a.5.10,Partial\n" + // blanks and case, as in a public file
		"CC6.6,8.20,\n" + // without the A., and without a strength
		"\n,,\n" +
		"PP1.3,A.8.29,related\n" +
		"CC6.1,A.5.15,strong\n" // the same again
	m, err := c.ImportMapping(source, catalog.ISO, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.MappedPair{
		{"CC6.1", "A.5.15", catalog.Strong}, {"CC6.1", "A.5.10", catalog.Partial}, {"CC6.6", "A.8.20", catalog.Related}, {"PI1.3", "A.8.29", catalog.Related},
	}
	if fmt.Sprint(m.Pairs) != fmt.Sprint(want) || m.Source != source || m.Framework != catalog.ISO {
		t.Errorf("%+v", m)
	}
	if len(m.Warnings) != 2 || !strings.Contains(m.Warnings[0], "line 7: PP1.3 read as PI1.3") || !strings.Contains(m.Warnings[1], "line 8") {
		t.Errorf("%q", m.Warnings)
	}
	for framework, row := range map[string]string{catalog.CSF: "CC6.1,pr.aa-01", catalog.SP80053: "CC6.1,ac-2"} {
		m, err := c.ImportMapping(source, framework, []byte("criterion,requirement\n"+row))
		if err != nil || len(m.Pairs) != 1 || m.Pairs[0].Requirement != strings.ToUpper(strings.Split(row, ",")[1]) {
			t.Errorf("%s: %+v, %v", framework, m, err)
		}
	}
}

func TestImportMappingRefuses(t *testing.T) {
	t.Parallel()
	c := load(t)
	const head = "criterion,requirement,strength\n"
	for _, x := range []struct {
		name, framework, text string
		want                  []string
	}{
		{"nothing", catalog.ISO, "", []string{"no heading"}},
		{"no rows", catalog.ISO, head, []string{"no rows"}},
		{"another heading", catalog.ISO, "tsc,iso\nCC6.1,A.5.1\n", []string{"names no column"}},
		{"unknown criterion", catalog.ISO, head + "CC6.1,A.5.15\nCC8.2,A.5.15\n", []string{"line 3", `"CC8.2"`, "61"}},
		{"heading for a criterion", catalog.ISO, head + "P1.0,A.5.34\n", []string{`"P1.0"`}},
		{"unknown control", catalog.ISO, head + "CC6.1,A.9.2.1\n", []string{"line 2", `"A.9.2.1"`, catalog.ISO}},
		{"withdrawn subcategory", catalog.CSF, head + "CC6.1,ID.AM-06\n", []string{"ID.AM-06"}},
		{"enhancement", catalog.SP80053, head + "CC6.1,AC-2(1)\n", []string{"AC-2(1)"}},
		{"strength", catalog.ISO, head + "CC6.1,A.5.15,equal\n", []string{`"equal"`}},
		{"contradiction", catalog.ISO, head + "CC6.1,A.5.15,strong\nCC6.1,A.5.15,related\n", []string{"line 3", "strong in line 2"}},
		{"one side empty", catalog.ISO, head + "CC6.1,,strong\n", []string{`""`}},
		{"short row", catalog.ISO, head + "CC6.1\n", []string{"line 2"}},
		{"broken quotes", catalog.ISO, head + "CC6.1,\"A.5.15\n", []string{"mapping"}},
		{"lost zeros", catalog.ISO, head + "CC6.1,A.5.15\nCC6.6,A.8.2\nCC2.3,A.5.2\n", []string{"A.5.2, A.8.2", "A.5.10", "zeros"}},
		{"other framework", catalog.SOC1, head + "CC6.1,ITGC-01\n", []string{`"soc1"`}},
		{"too large", catalog.ISO, head + strings.Repeat("x", 5<<20), []string{"4 MiB"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			m, err := c.ImportMapping(source, x.framework, []byte(x.text))
			if err == nil || m.Pairs != nil {
				t.Fatalf("%+v", m)
			}
			for _, w := range x.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not in: %v", w, err)
				}
			}
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.Exhausted {
				t.Error(k)
			}
		})
	}
	t.Run("many wrong rows", func(t *testing.T) {
		t.Parallel()
		_, err := c.ImportMapping(source, catalog.ISO, []byte(head+strings.Repeat("CC9.9,A.5.1\n", 50)))
		if err == nil || !strings.Contains(err.Error(), "50 rows") || !strings.Contains(err.Error(), "and 30 more") {
			t.Error(err)
		}
	})
	t.Run("no shortened identifier", func(t *testing.T) {
		t.Parallel()
		if _, err := c.ImportMapping(source, catalog.ISO, []byte(head+"CC6.1,A.5.15\n")); err != nil {
			t.Error(err)
		}
	})
}

func TestImportMappingSource(t *testing.T) {
	t.Parallel()
	c := load(t)
	for field, change := range map[string]func(*catalog.MappingSource){
		"name":    func(s *catalog.MappingSource) { s.Name = " " },
		"version": func(s *catalog.MappingSource) { s.Version = "" },
		"licence": func(s *catalog.MappingSource) { s.Licence = "" },
		"date":    func(s *catalog.MappingSource) { s.Date = 0 },
	} {
		s := source
		change(&s)
		if _, err := c.ImportMapping(s, catalog.ISO, []byte("criterion,requirement\nCC6.1,A.5.15\n")); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// FuzzImportMapping: any file is either refused or gives pairs of known identifiers only.
func FuzzImportMapping(f *testing.F) {
	f.Add("criterion,requirement,strength\nCC6.1,A.5.15,strong\n")
	f.Add("requirement,criterion\n5.10,pp1.1\n")
	f.Add("\ufeffcriterion,requirement\n\"CC6.1\",\"A.5\n.15\"\n")
	c, err := catalog.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := c.ImportMapping(source, catalog.ISO, []byte(text))
		if err != nil {
			return
		}
		for _, p := range m.Pairs {
			if !c.Knows(catalog.TSC, p.Criterion) || !c.Knows(catalog.ISO, p.Requirement) {
				t.Errorf("%+v", p)
			}
		}
	})
}
