package fieldwork

import (
	"go.yaml.in/yaml/v3"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/sample"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// methodDoc is a methodology as a file: what people decide, without who decided it when.
type methodDoc struct {
	Table struct {
		Name   string    `yaml:"name"`
		Source string    `yaml:"source"`
		Rows   []sizeDoc `yaml:"rows"`
	} `yaml:"table"`
	Confidence int           `yaml:"confidence"` // in ten-thousandths
	Tolerable  int           `yaml:"tolerable"`
	Templates  []templateDoc `yaml:"templates"`
	Wording    wordingDoc    `yaml:"wording"`
}

type wordingDoc struct {
	None         string `yaml:"none"`
	Noted        string `yaml:"noted"`
	NoOccurrence string `yaml:"no_occurrence"`
	NotTested    string `yaml:"not_tested"`
	All          string `yaml:"all"`
	Random       string `yaml:"random"`
	Spread       string `yaml:"spread"`
	Complete     string `yaml:"complete"`
}

type sizeDoc struct {
	UpTo     int    `yaml:"up_to"`
	Label    string `yaml:"label"`
	Low      int    `yaml:"low"`
	Moderate int    `yaml:"moderate"`
	Higher   int    `yaml:"higher"`
}

type templateDoc struct {
	Name       string         `yaml:"name"`
	For        []string       `yaml:"for"`
	Plan       string         `yaml:"plan"`
	Attributes []attributeDoc `yaml:"attributes"`
}

type attributeDoc struct {
	Letter  string `yaml:"letter"`
	Text    string `yaml:"text"`
	Nature  string `yaml:"nature"`
	Machine bool   `yaml:"machine,omitempty"`
}

// YAML is the methodology as a file.
func (m Methodology) YAML() (string, error) {
	var d methodDoc
	d.Table.Name, d.Table.Source, d.Confidence, d.Tolerable, d.Wording = m.Table.Name, m.Table.Source, int(m.Confidence), int(m.Tolerable), wordingDoc(m.Wording)
	for _, r := range m.Table.Rows {
		d.Table.Rows = append(d.Table.Rows, sizeDoc(r))
	}
	for _, t := range m.Templates {
		x := templateDoc{Name: t.Name, For: t.For, Plan: t.Plan}
		for _, a := range t.Attributes {
			x.Attributes = append(x.Attributes, attributeDoc{a.Letter, a.Text, string(a.Nature), a.Machine})
		}
		d.Templates = append(d.Templates, x)
	}
	out, err := yaml.Marshal(d)
	return string(out), errs.As(errs.Internal, err, "write the methodology")
}

// ReadMethodology reads a methodology from a file. It is checked when it is kept.
func ReadMethodology(text []byte) (m Methodology, err error) {
	bad := func(err error) error {
		return errs.AtField(errs.As(errs.Invalid, err, "read the methodology"), "yaml")
	}
	doc, err := yamldoc.Parse(text)
	if err != nil {
		return m, bad(err)
	}
	if !doc.IsMapping() {
		return m, errs.New(errs.Invalid, "the file holds no methodology").At("yaml").WithHint("Export the present one, and change it.")
	}
	var d methodDoc
	if err := doc.Decode(&d); err != nil {
		return m, bad(err)
	}
	m.Table = sample.Table{Name: d.Table.Name, Source: d.Table.Source}
	m.Confidence, m.Tolerable = sample.Rate(d.Confidence), sample.Rate(d.Tolerable)
	for _, r := range d.Table.Rows {
		m.Table.Rows = append(m.Table.Rows, sample.Row(r))
	}
	for _, t := range d.Templates {
		x := Template{Name: t.Name, For: t.For, Plan: t.Plan}
		for _, a := range t.Attributes {
			x.Attributes = append(x.Attributes, Attribute{a.Letter, a.Text, Nature(a.Nature), a.Machine})
		}
		m.Templates = append(m.Templates, x)
	}
	m.Wording = Wording(d.Wording)
	return m, nil
}
