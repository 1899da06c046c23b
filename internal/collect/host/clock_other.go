//go:build !linux

package host

import "github.com/tickmark/tickmark/internal/kernel/errs"

func kernelClock() (Clock, error) {
	return Clock{}, errs.New(errs.NotFound, "this is not a Linux machine")
}
