package org

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// Bounds of a document and of an error.
const (
	maxDocument  = 1 << 20 // bytes
	maxComplains = 20      // problems named in one error
)

// BadDocument is the cause of an Invalid error: everything that is wrong with a document, with lines.
type BadDocument struct{ Problems []Problem }

// Error lists the first problems.
func (b *BadDocument) Error() string {
	shown, more := b.Problems, ""
	if n := len(shown); n > maxComplains {
		shown, more = shown[:maxComplains], fmt.Sprintf("; and %d more", n-maxComplains)
	}
	out := make([]string, len(shown))
	for i, p := range shown {
		out[i] = p.String()
	}
	return strings.Join(out, "; ") + more
}

func refuse(list []Problem) error {
	e := errs.New(errs.Invalid, "the description cannot be used as it is").At("file").WithHint("Nothing was changed. Mend what is named and try again.")
	e.Err = &BadDocument{list}
	return e
}

// ParseDescription reads a description from YAML. It is strict: an unknown or repeated key, a wrong type or a value outside
// the rules is an error that names the line; so are anchors, aliases and a second document, which a description does not
// need. Everything that is wrong is reported at once, as a *BadDocument in the error's chain. What is merely missing for a
// report is no error here: see Check.
func ParseDescription(text []byte) (Description, error) {
	c, err := catalog.Load()
	if err != nil {
		return Description{}, err
	}
	if len(text) > maxDocument {
		return Description{}, errs.New(errs.Exhausted, "the description is larger than %d KiB", maxDocument>>10).At("file")
	}
	doc, err := yamldoc.Parse(text)
	if err != nil {
		return Description{}, unreadable(err)
	}
	if !doc.IsMapping() {
		return Description{}, refuse([]Problem{{Path: "document", Line: 1, Text: "is no description: it begins with system:"}})
	}
	var d Description
	if err := doc.Decode(&d); err != nil {
		return Description{}, unreadable(err)
	}
	d = d.clean()
	if list := d.check(c); len(list) > 0 {
		for i := range list {
			list[i].Line = doc.Line(list[i].Path)
		}
		slices.SortStableFunc(list, func(a, b Problem) int { return a.Line - b.Line })
		return Description{}, refuse(list)
	}
	return d, nil
}

func unreadable(err error) error {
	var e *yamldoc.Error
	if !errors.As(err, &e) {
		return err
	}
	list := make([]Problem, len(e.Problems))
	for i, p := range e.Problems {
		list[i] = Problem{Path: "document", Line: p.Line, Text: p.Text}
	}
	return refuse(list)
}
