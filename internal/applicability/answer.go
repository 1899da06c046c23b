package applicability

import (
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Value is what somebody says about a fact. The zero value is a question nobody has answered.
type Value string

// The values. Unknown is an answer: it is never taken for No.
const (
	Yes     Value = "yes"
	No      Value = "no"
	Unknown Value = "unknown"
)

// Answer is what somebody says about a fact, with what is worth remembering about it.
type Answer struct {
	Value Value  `json:"value"`
	Note  string `json:"note"`
	// Commitment names the promise, where the fact is one: the reference of a commitment of the system's description ("SC-01"),
	// or a promise in words.
	Commitment string `json:"commitment"`
}

// Answers are what is known.
type Answers map[FactID]Answer

// is is the value of a fact; Unknown when nobody has answered.
func (a Answers) is(id FactID) Value {
	if v := a[id].Value; v == Yes || v == No {
		return v
	}
	return Unknown
}

// Answered counts the facts somebody has said something about, Unknown included.
func (a Answers) Answered() int {
	n := 0
	for _, f := range facts {
		if a[f.ID].Value != "" {
			n++
		}
	}
	return n
}

// Bounds of texts, in characters.
const (
	MaxNote       = 1000
	MaxCommitment = 300
	MaxReason     = 2000
)

// check cleans answers and refuses what cannot be kept. Only known facts stay.
func (a Answers) check() (Answers, error) {
	out := Answers{}
	for _, f := range facts {
		x, ok := a[f.ID]
		if !ok {
			continue
		}
		switch x.Value {
		case "", Yes, No, Unknown:
		default:
			return nil, errs.New(errs.Invalid, "%q is no answer to %s", x.Value, f.ID).At(string(f.ID)).WithHint("Choose yes, no or don’t know.")
		}
		x.Note, x.Commitment = tidy(x.Note), tidy(x.Commitment)
		if err := bounded(x.Note, MaxNote, "The note", string(f.ID)+"-note"); err != nil {
			return nil, err
		}
		if err := bounded(x.Commitment, MaxCommitment, "The commitment", string(f.ID)+"-commitment"); err != nil {
			return nil, err
		}
		if f.Category == "" || x.Value != Yes {
			x.Commitment = ""
		}
		if x != (Answer{}) {
			out[f.ID] = x
		}
	}
	return out, nil
}

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\x00", ""))
}

// bounded refuses a text that is too long or no text.
func bounded(s string, most int, what, field string) error {
	if !utf8.ValidString(s) {
		return errs.New(errs.Invalid, "%s is not valid text", what).At(field).WithHint("Write it again.")
	}
	if n := utf8.RuneCountInString(s); n > most {
		return errs.New(errs.Invalid, "%s has %d characters", what, n).At(field).WithHint("At most %d are kept; shorten it.", most)
	}
	return nil
}
