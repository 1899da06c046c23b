package host

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// kernelClock reads the kernel's clock discipline without changing it. The kernel clears STA_UNSYNC while a time daemon
// steers the clock, and sets it again when the daemon falls silent; see adjtimex(2).
func kernelClock() (Clock, error) {
	var x unix.Timex
	state, err := unix.Adjtimex(&x)
	if err != nil {
		return Clock{}, errs.As(errs.Unavailable, err, "ask the kernel about its clock (adjtimex)")
	}
	return Clock{
		Synchronised: x.Status&unix.STA_UNSYNC == 0,
		Raw:          fmt.Sprintf("adjtimex state=%d status=%#x offset=%d maxerror=%d esterror=%d", state, x.Status, x.Offset, x.Maxerror, x.Esterror),
	}, nil
}
