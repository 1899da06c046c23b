package collect

import (
	"context"
	"errors"
)

// haltError carries an error of the sink, which ends the run, through code that reports those of the source.
type haltError struct{ error }

func (h haltError) Unwrap() error { return h.error }

// Emit gives a fact to the sink. Its error ends the run: pass it up through Report to Halted.
func Emit(s Sink, f Fact) error {
	if err := s.Emit(f); err != nil {
		return haltError{err}
	}
	return nil
}

// Report tells the sink that a resource could not be read, unless the error ends the run anyway; then it is returned.
func Report(ctx context.Context, s Sink, resource string, err error) error {
	var h haltError
	if err == nil || errors.As(err, &h) || ctx.Err() != nil {
		return err
	}
	s.Failed(resource, err)
	return nil
}

// Halted is the error a run ends with: that of the context if it is over, else that of the sink.
func Halted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	var h haltError
	if errors.As(err, &h) {
		return h.error
	}
	return err
}
