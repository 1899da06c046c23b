package collectsql

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// Facts reads fact files of snapshots, typed as the connector emitted them.
type Facts struct{ Lake lake.Dir }

// Read emits every row of a snapshot of a resource in the order of the file. path is evidence.Item.Path, with "lake:" before it
// or without. Columns that the file lacks are zero, as are those this program does not know.
func (f Facts) Read(ctx context.Context, resource, path string, emit func(collect.Fact) error) error {
	res, ok := collect.ResourceNamed(resource)
	if !ok {
		return errs.New(errs.Internal, "there is no resource %q", resource)
	}
	path, _ = strings.CutPrefix(path, "lake:")
	file, err := f.Lake.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	row := reflect.TypeOf(res.Row).Elem()
	r := parquet.NewReader(file, parquet.SchemaOf(reflect.New(row).Interface())) // rows of types known only at run time; GenericReader needs them when it compiles
	defer r.Close()                                                              //nolint:errcheck // only read
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		x := reflect.New(row)
		err := r.Read(x.Interface())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errs.As(errs.Internal, err, "read %s", path)
		}
		fact, ok := x.Interface().(collect.Fact)
		if !ok {
			return errs.New(errs.Internal, "rows of %s are no facts", resource)
		}
		if err := emit(fact); err != nil {
			return err
		}
	}
}
