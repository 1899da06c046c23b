package audit

import "bytes"

// Fault is what a broken sender does to records on their way.
type Fault string

// The faults.
const (
	CutOff   Fault = "cut off"  // the shipper was stopped in the middle of a line
	Latin1   Fault = "latin 1"  // names are written in the encoding of an old directory, not in UTF-8
	ErrorDoc Fault = "an error" // a proxy answered for the system, and its page was shipped as a record
)

// Break is a record as it leaves a broken sender.
func Break(r Record, f Fault) Record {
	switch f {
	case CutOff:
		r.Raw = r.Raw[:len(r.Raw)*2/3]
	case Latin1:
		name := []byte(`"displayName":"`)
		if !bytes.Contains(r.Raw, name) {
			name = []byte(`":"`)
		}
		r.Raw = bytes.Replace(r.Raw, name, append(name, "S\xf8ren "...), 1)
	case ErrorDoc:
		r.Raw = []byte(`<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><p>upstream timed out</p></body></html>`)
	}
	return r
}
