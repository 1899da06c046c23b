package baseline

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// coder writes values or reads them, by one description for both ways. The first fault stops it.
type coder struct {
	read  bool
	buf   []byte
	fault string
}

func (c *coder) fail(what string) {
	if c.fault == "" {
		c.fault = what
	}
	c.buf = nil
}

func (c *coder) number(n *uint64) {
	if !c.read {
		c.buf = binary.AppendUvarint(c.buf, *n)
		return
	}
	x, used := binary.Uvarint(c.buf)
	if used <= 0 {
		c.fail("a number is cut short")
		*n = 0
		return
	}
	*n, c.buf = x, c.buf[used:]
}

// whole codes any integer: signed ones so that those near 0 are short.
func whole[T ~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](c *coder, v *T) {
	if !c.read {
		n := zigzag(int64(*v))
		c.number(&n)
		return
	}
	var n uint64
	c.number(&n)
	x := int64(n>>1) ^ -int64(n&1)
	*v = T(x)
	if int64(*v) != x {
		c.fail("a number is too large")
	}
}

func zigzag(x int64) uint64 { return uint64(x)<<1 ^ uint64(x>>63) }

func (c *coder) raw64(v *uint64) {
	if !c.read {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, *v)
		return
	}
	if len(c.buf) < 8 {
		c.fail("a value is cut short")
		return
	}
	*v, c.buf = binary.LittleEndian.Uint64(c.buf), c.buf[8:]
}

func (c *coder) float(v *float64) {
	bits := math.Float64bits(*v)
	c.raw64(&bits)
	if *v = math.Float64frombits(bits); c.read && math.IsNaN(*v) {
		c.fail("a value is no number")
	}
}

func (c *coder) small(v *float32) {
	if !c.read {
		c.buf = binary.LittleEndian.AppendUint32(c.buf, math.Float32bits(*v))
		return
	}
	if len(c.buf) < 4 {
		c.fail("a value is cut short")
		return
	}
	*v, c.buf = math.Float32frombits(binary.LittleEndian.Uint32(c.buf)), c.buf[4:]
	if x := float64(*v); math.IsNaN(x) || x < 0 || math.IsInf(x, 0) {
		c.fail("a weight is negative or no number")
	}
}

func (c *coder) flag(v *bool) {
	n := uint8(0)
	if *v {
		n = 1
	}
	whole(c, &n)
	if *v = n == 1; n > 1 {
		c.fail("a mark is neither set nor unset")
	}
}

func (c *coder) text(s *string) {
	n := len(*s)
	whole(c, &n)
	if !c.read {
		c.buf = append(c.buf, *s...)
		return
	}
	if n < 0 || n > len(c.buf) {
		c.fail("a text is cut short")
		return
	}
	*s, c.buf = string(c.buf[:n]), c.buf[n:]
}

// instant codes a time to the second; the zero time stays zero.
func (c *coder) instant(t *time.Time) {
	set := !t.IsZero()
	c.flag(&set)
	if !set {
		return
	}
	s := t.Unix()
	whole(c, &s)
	if c.read {
		*t = time.Unix(s, 0).UTC()
	}
}

// list codes a slice. An element takes at least one byte, so what is read cannot ask for more memory than it is long, times the
// size of an element; most bounds that as well.
func list[T any](c *coder, v *[]T, most int, each func(*T)) {
	n := len(*v)
	whole(c, &n)
	if c.read {
		if n < 0 || n > most || n > len(c.buf) {
			c.fail("a list is longer than what follows")
			return
		}
		*v = nil
		if n > 0 {
			*v = make([]T, 0, min(n, 256))
		}
		for range n {
			var x T
			if each(&x); c.fault != "" {
				return
			}
			*v = append(*v, x)
		}
		return
	}
	for i := range *v {
		each(&(*v)[i])
	}
}

// magic begins every state; the byte after it is the version of the encoding.
const (
	magic   = "tickmark baseline\n"
	version = 1
)

// seal adds what an unintended change is known by.
func seal(body []byte) []byte {
	out := append([]byte(magic), version)
	out = append(out, body...)
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

func unseal(data []byte) ([]byte, error) {
	const head = len(magic) + 1
	if len(data) < head+4 || string(data[:len(magic)]) != magic {
		return nil, errs.New(errs.Invalid, "this is no state of a baseline")
	}
	if v := data[len(magic)]; v != version {
		return nil, errs.New(errs.Invalid, "the state of the baseline has version %d, this program reads version %d", v, version).WithHint("Let the baseline learn again from the stored events.")
	}
	end := len(data) - 4
	if crc32.ChecksumIEEE(data[:end]) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, errs.New(errs.Invalid, "the state of the baseline was changed or cut: its checksum does not agree").WithHint("Let the baseline learn again from the stored events.")
	}
	return data[head:end], nil
}
