package risk

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Level is a step of a scale, with what it means here.
type Level struct {
	Word    string `json:"word"`
	Meaning string `json:"meaning"`
}

// Scale is how an organisation rates risks. Scores from Medium, High and Critical on are in that band, lower ones are low.
type Scale struct {
	Version    int       `json:"version"` // 0 for the one that comes with the program
	Likelihood []Level   `json:"likelihood"`
	Impact     []Level   `json:"impact"`
	Medium     int       `json:"medium"`
	High       int       `json:"high"`
	Critical   int       `json:"critical"`
	Tolerance  int       `json:"tolerance"` // highest score that needs nobody's acceptance
	By         string    `json:"by,omitempty"`
	At         time.Time `json:"at,omitzero"`
	Note       string    `json:"note,omitempty"`
}

// Band is how high a risk is.
type Band string

// The bands; empty while a risk is not rated.
const (
	Low      Band = "low"
	Medium   Band = "medium"
	High     Band = "high"
	Critical Band = "critical"
)

// Bands lists them, from low to critical.
func Bands() []Band { return []Band{Low, Medium, High, Critical} }

// Title is the band as people read it.
func (b Band) Title() string {
	switch b {
	case Low:
		return "Low"
	case Medium:
		return "Medium"
	case High:
		return "High"
	case Critical:
		return "Critical"
	}
	return "Not rated"
}

// DefaultScale is the scale an organisation begins with: five steps each way. The steps and bounds are a usual practice, to
// be replaced by the organisation's own.
func DefaultScale() Scale {
	return Scale{
		Likelihood: []Level{
			{"Rare", "Not expected within ten years."},
			{"Unlikely", "Once in three to ten years."},
			{"Possible", "Once in one to three years."},
			{"Likely", "Once or twice a year."},
			{"Almost certain", "Several times a year, or it happens now."},
		},
		Impact: []Level{
			{"Negligible", "Noticed inside only; put right within the day's work."},
			{"Minor", "A few customers notice; no commitment is missed."},
			{"Moderate", "A commitment is missed for some customers, or a week's work of a team."},
			{"Major", "A principal commitment is missed for many customers, or data of some is exposed."},
			{"Severe", "The service is lost for days, much data is exposed, or the company's existence is in question."},
		},
		Medium: 5, High: 10, Critical: 16, Tolerance: 9,
	}
}

// Band is the band of a rating.
func (s Scale) Band(r Rating) Band {
	switch n := r.Score(); {
	case n == 0:
		return ""
	case n >= s.Critical:
		return Critical
	case n >= s.High:
		return High
	case n >= s.Medium:
		return Medium
	}
	return Low
}

// Scores are the lowest and highest score of a band; 0 and 0 for what is not rated.
func (s Scale) Scores(b Band) (from, to int) {
	switch b {
	case Low:
		return 1, s.Medium - 1
	case Medium:
		return s.Medium, s.High - 1
	case High:
		return s.High, s.Critical - 1
	case Critical:
		return s.Critical, len(s.Likelihood) * len(s.Impact)
	}
	return 0, 0
}

// Above reports whether a rating is above the tolerance. What is not rated is not known to be.
func (s Scale) Above(r Rating) bool { return r.Score() > s.Tolerance }

// Fits reports whether a rating is on the scale, or is none.
func (s Scale) Fits(r Rating) bool {
	if r == (Rating{}) {
		return true
	}
	return r.Likelihood >= 1 && r.Likelihood <= len(s.Likelihood) && r.Impact >= 1 && r.Impact <= len(s.Impact)
}

// Bounds of a scale.
const (
	MinSteps   = 3
	MaxSteps   = 7
	MaxWord    = 40
	MaxMeaning = 300
)

func (s Scale) check() error {
	for _, axis := range []struct {
		name   string
		levels []Level
	}{{"likelihood", s.Likelihood}, {"impact", s.Impact}} {
		if n := len(axis.levels); n < MinSteps || n > MaxSteps {
			return errs.New(errs.Invalid, "the scale of %s has %d steps; it takes %d to %d", axis.name, n, MinSteps, MaxSteps).At(axis.name)
		}
		for i, l := range axis.levels {
			field := fmt.Sprintf("%s_%d", axis.name, i+1)
			switch {
			case l.Word == "":
				return errs.New(errs.Invalid, "step %d has no word", i+1).At(field)
			case utf8.RuneCountInString(l.Word) > MaxWord:
				return errs.New(errs.Invalid, "the word has %d characters; at most %d are kept", utf8.RuneCountInString(l.Word), MaxWord).At(field)
			case utf8.RuneCountInString(l.Meaning) > MaxMeaning:
				return errs.New(errs.Invalid, "the meaning has %d characters; at most %d are kept", utf8.RuneCountInString(l.Meaning), MaxMeaning).At(field + "_meaning")
			}
		}
	}
	top := len(s.Likelihood) * len(s.Impact)
	switch {
	case s.Medium < 2 || s.Medium > top:
		return errs.New(errs.Invalid, "medium begins between 2 and %d", top).At("medium")
	case s.High <= s.Medium || s.High > top:
		return errs.New(errs.Invalid, "high begins above medium, and at %d at most", top).At("high")
	case s.Critical <= s.High || s.Critical > top:
		return errs.New(errs.Invalid, "critical begins above high, and at %d at most", top).At("critical")
	case s.Tolerance < 1 || s.Tolerance > top:
		return errs.New(errs.Invalid, "the tolerance is a score from 1 to %d", top).At("tolerance")
	}
	return nil
}

// Scale reads the scale in force.
func (s *Service) Scale(ctx context.Context, scope access.ReadScope) (Scale, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return Scale{}, err
	}
	return s.scale(ctx, scope)
}

func (s *Service) scale(ctx context.Context, scope access.ReadScope) (Scale, error) {
	all, err := s.Scales.Scales(ctx, scope)
	if err != nil || len(all) == 0 {
		return DefaultScale(), err
	}
	return all[0], nil
}

// ScaleHistory lists all scales there were, the newest first.
func (s *Service) ScaleHistory(ctx context.Context, scope access.ReadScope) ([]Scale, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return nil, err
	}
	return s.Scales.Scales(ctx, scope)
}

// SetScale replaces the scale on top of version base. Ratings there are must fit the new one: it may not become smaller than
// they are.
func (s *Service) SetScale(ctx context.Context, scope access.Scope, now time.Time, base int, x Scale) (Scale, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return Scale{}, err
	}
	for _, levels := range [][]Level{x.Likelihood, x.Impact} {
		for i := range levels {
			levels[i].Word, levels[i].Meaning = text.Line(levels[i].Word), text.Line(levels[i].Meaning)
		}
	}
	x.Version, x.By, x.At, x.Note = base+1, scope.Actor(), now.UTC().Truncate(time.Microsecond), text.Line(x.Note)
	if err := x.check(); err != nil {
		return Scale{}, err
	}
	if n := utf8.RuneCountInString(x.Note); n > MaxWhy {
		return Scale{}, errs.New(errs.Invalid, "the note has %d characters; at most %d are kept", n, MaxWhy).At("note")
	}
	return x, s.Tx.InTx(ctx, func(ctx context.Context) error {
		l, i, err := s.Store.Highest(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if l > len(x.Likelihood) || i > len(x.Impact) {
			return errs.New(errs.Conflict, "there are risks with likelihood %d and impact %d: the scales cannot be shorter", l, i).WithHint("Rate those risks again first.")
		}
		if err := s.Scales.AddScale(ctx, scope, x); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "risk.scale", fmt.Sprintf("version %d", x.Version), map[string]any{
			"version": x.Version, "steps": []int{len(x.Likelihood), len(x.Impact)}, "bands": []int{x.Medium, x.High, x.Critical}, "tolerance": x.Tolerance, "note": x.Note,
		})
		return err
	})
}
