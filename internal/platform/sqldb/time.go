package sqldb

import "time"

// Time reads a stored instant: microseconds since 1970, UTC.
func Time(us int64) time.Time { return time.UnixMicro(us).UTC() }

// TimePtr reads a nullable instant.
func TimePtr(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := Time(*us)
	return &t
}

// MicrosPtr writes a nullable instant.
func MicrosPtr(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := t.UnixMicro()
	return &us
}
