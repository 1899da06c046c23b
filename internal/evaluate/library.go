package evaluate

import (
	"embed"
	"path"
	"sync"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

//go:embed library/*.yaml
var libraryFiles embed.FS

// Library is the tests that ship with the program, by file name.
var Library = sync.OnceValues(func() ([]*Definition, error) {
	entries, err := libraryFiles.ReadDir("library")
	if err != nil {
		return nil, err
	}
	var out []*Definition
	for _, e := range entries {
		text, err := libraryFiles.ReadFile(path.Join("library", e.Name()))
		if err != nil {
			return nil, err
		}
		d, err := Parse(text)
		if err != nil {
			return nil, errs.Wrap(err, "library/%s", e.Name())
		}
		if d.ID+".yaml" != e.Name() {
			return nil, errs.New(errs.Internal, "library/%s holds test %s", e.Name(), d.ID)
		}
		out = append(out, d)
	}
	return out, nil
})
