package event

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// compile makes of what a mapping says what can be run, and refuses what cannot mean anything.
func (m *mapping) compile() error {
	if m.Log == "" || m.Title == "" || len(m.At) == 0 || len(m.Action) == 0 {
		return errs.New(errs.Invalid, "log, title, at and action must be said")
	}
	for _, c := range []choices{m.At, m.Upstream, m.Action, m.Reason, m.Session, m.Credential, m.Host, m.Process, m.Parent,
		m.Actor.ID, m.Actor.Name, m.From.IP, m.From.Country, m.From.City, m.From.ASN, m.From.Agent, m.Sequence.Stream, m.Sequence.Number} {
		if err := c.compile(); err != nil {
			return err
		}
	}
	if err := compileWords(m.Status, statuses); err != nil {
		return err
	}
	if err := compileWords(m.Actor.Kind, kinds); err != nil {
		return err
	}
	for i := range m.Actions {
		if err := m.Actions[i].compile(); err != nil {
			return errs.Wrap(err, "the actions %v", m.Actions[i].Is)
		}
	}
	return compileTargets(m.Targets)
}

func (c choices) compile() error {
	for i := range c {
		var err error
		if c[i].condition, err = compileIf(c[i].If); err != nil {
			return err
		}
		if text, ok := strings.CutPrefix(c[i].Take, "="); ok {
			c[i].template = template{{literal: text}}
		} else if c[i].template, err = parseTemplate(c[i].Take); err != nil {
			return err
		}
	}
	return nil
}

func compileIf(tests map[string]patterns) (condition, error) {
	var out condition
	for text, patterns := range tests {
		t, err := parseTake(text)
		if err != nil {
			return nil, err
		}
		if len(patterns) == 0 {
			return nil, errs.New(errs.Invalid, "the condition on %s allows nothing", text)
		}
		out = append(out, test{t, patterns})
	}
	slices.SortFunc(out, func(a, b test) int { return len(a.take.path.steps) - len(b.take.path.steps) }) // the cheaper first
	return out, nil
}

func compileWords[T ~uint8](words []word, values map[string]T) error {
	for i := range words {
		v, ok := values[words[i].Is]
		if !ok {
			return errs.New(errs.Invalid, "%q is none of the words that are known", words[i].Is)
		}
		c, err := compileIf(words[i].If)
		if err != nil {
			return err
		}
		words[i].condition, words[i].value = c, uint8(v)
	}
	return nil
}

func (a *actionRule) compile() error {
	var err error
	if a.condition, err = compileIf(a.If); err != nil {
		return err
	}
	for i, p := range a.Is {
		a.Is[i] = strings.ToLower(p)
	}
	if a.Does != "" {
		name, activity, _ := strings.Cut(a.Does, "/")
		c, ok := classes[name]
		n := slices.Index(c.activities, activity)
		if !ok || n < 0 && activity != "" && activity != "other" {
			return errs.New(errs.Invalid, "%q is no class and activity", a.Does)
		}
		a.class, a.activity = c.class, int32(n+1)
		if activity == "other" {
			a.activity = activityOther
		}
	}
	if a.effect, err = wordOf(effects, a.Effect); err != nil {
		return err
	}
	if a.weight, err = wordOf(weights, a.Weight); err != nil {
		return err
	}
	for _, c := range a.Issues {
		if err := c.compile(); err != nil {
			return err
		}
	}
	return compileTargets(a.Targets)
}

func wordOf[T ~uint8](words map[string]T, text string) (T, error) {
	v, ok := words[text]
	if !ok && text != "" {
		return 0, errs.New(errs.Invalid, "%q is none of the words that are known", text)
	}
	return v, nil
}

func compileTargets(targets []targetRule) error {
	for i := range targets {
		t := &targets[i]
		var err error
		if t.condition, err = compileIf(t.If); err != nil {
			return err
		}
		if t.Each != "" {
			p, err := parsePath(t.Each)
			if err != nil {
				return err
			}
			t.each = &p
		}
		if strings.Contains(t.Kind, "{") {
			if t.kind, err = parseTemplate(t.Kind); err != nil {
				return err
			}
		} else {
			t.kind = template{{literal: t.Kind}}
		}
		if t.effect, err = wordOf(effects, t.Effect); err != nil {
			return err
		}
		if t.Kind == "" || len(t.ID) == 0 && len(t.Name) == 0 {
			return errs.New(errs.Invalid, "a target needs a kind, and an id or a name")
		}
		if err := t.ID.compile(); err != nil {
			return err
		}
		if err := t.Name.compile(); err != nil {
			return err
		}
	}
	return nil
}
