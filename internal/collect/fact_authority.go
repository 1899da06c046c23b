package collect

import "time"

// JudgedEvent is a change, a grant of access or a transfer of data that an event told of, and whether a record allows it.
type JudgedEvent struct {
	ID         string    `parquet:"id"` // of the event
	OccurredAt time.Time `parquet:"occurred_at,timestamp(microsecond)"`
	Log        string    `parquet:"log"` // the kind of log: "aws.cloudtrail"
	Act        string    `parquet:"act"` // "change", "grant" or "transfer"
	Actor      *string   `parquet:"actor"`
	Action     string    `parquet:"action"`
	Target     *string   `parquet:"target"`
	Verdict    string    `parquet:"verdict"`     // "authorised", "unauthorised" or "unknown"
	RecordKind *string   `parquet:"record_kind"` // of what allows it: "state", "pull_request", "deployment", "approval" or "window"
	Record     *string   `parquet:"record"`      // its reference
	Why        string    `parquet:"why"`
	Meta
}

// Resource names the type.
func (f *JudgedEvent) Resource() string { return "judged_event" }

// Key is the event.
func (f *JudgedEvent) Key() string { return f.ID }
