package evaluate

import (
	"bytes"
	"embed"
	"path"
	"strings"
	"sync"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

//go:embed library/*.yaml library/each/*.yaml
var libraryFiles embed.FS

// Library is the tests that ship with the program, by file name.
var Library = sync.OnceValues(func() ([]*Definition, error) {
	out, err := readFolder("library", func(name string, text []byte) ([]*Definition, error) {
		d, err := Parse(text)
		if err == nil && d.ID+".yaml" != name {
			err = errs.New(errs.Internal, "it holds test %s", d.ID)
		}
		return []*Definition{d}, err
	})
	if err != nil {
		return nil, err
	}
	more, err := readFolder("library/each", func(_ string, text []byte) ([]*Definition, error) { return parseEach(text) })
	return append(out, more...), err
})

func readFolder(folder string, read func(name string, text []byte) ([]*Definition, error)) ([]*Definition, error) {
	entries, err := libraryFiles.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []*Definition
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := libraryFiles.ReadFile(path.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		all, err := read(e.Name(), text)
		if err != nil {
			return nil, errs.Wrap(err, "%s/%s", folder, e.Name())
		}
		out = append(out, all...)
	}
	return out, nil
}

// each is the first document of a file that states one test for several controls; the second one is the test, with
// {{control}} (and {{id}}, the same in small letters), {{title}} and {{severity}} in it.
type each struct {
	Each []struct {
		Control  string `yaml:"control"`
		Title    string `yaml:"title"`
		Severity string `yaml:"severity"`
	} `yaml:"each"`
}

// parseEach reads the tests of such a file. Each is a test of its own, with its own text and hash.
func parseEach(text []byte) ([]*Definition, error) {
	head, body, ok := bytes.Cut(text, []byte("\n---\n"))
	if !ok {
		return nil, errs.New(errs.Invalid, "the test does not follow its controls after ---")
	}
	var e each
	if err := yamldoc.Decode(head, &e); err != nil {
		return nil, err
	}
	var out []*Definition
	for _, x := range e.Each {
		own := strings.NewReplacer("{{control}}", x.Control, "{{id}}", strings.ToLower(x.Control), "{{title}}", x.Title, "{{severity}}", x.Severity).Replace(string(body))
		d, err := Parse([]byte(own))
		if err != nil {
			return nil, errs.Wrap(err, "for %s", x.Control)
		}
		out = append(out, d)
	}
	return out, nil
}
