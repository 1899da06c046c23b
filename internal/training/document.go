package training

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// Bounds of a course. Lengths are in characters.
const (
	MaxDocument  = 120_000
	maxLessons   = 40
	maxQuestions = 60
	maxChoices   = 8
	maxLine      = 400
	maxFor       = 200
	maxMinutes   = 240
)

// head is the front matter of a document.
type head struct {
	Title     string     `yaml:"title"`
	Kind      Kind       `yaml:"kind"`
	For       string     `yaml:"for"`
	Minutes   int        `yaml:"minutes"`
	Pass      int        `yaml:"pass"`
	Questions []Question `yaml:"questions"`
}

// Parse reads a course: front matter in YAML between two lines of "---", then lessons, each under a heading of the first level.
// What is wrong names the line.
func Parse(document string) (Content, error) {
	var c Content
	if n := utf8.RuneCountInString(document); n > MaxDocument {
		return c, errs.New(errs.Invalid, "the course has %d characters; at most %d are kept", n, MaxDocument).At("text")
	}
	document = text.Prose(document) + "\n"
	front, body, err := split(document)
	if err != nil {
		return c, err
	}
	doc, err := yamldoc.Parse([]byte(front))
	var h head
	if err == nil {
		err = doc.Decode(&h)
	}
	if err != nil {
		return c, wrong("the head cannot be read: %s", problems(err))
	}
	c = Content{Title: text.Line(h.Title), Kind: h.Kind, For: text.Line(h.For), Minutes: h.Minutes, Pass: h.Pass, Questions: h.Questions}
	c.Lessons = lessons(body)
	return c, c.check()
}

func wrong(format string, args ...any) error {
	return errs.New(errs.Invalid, format, args...).At("text")
}

// problems is what is wrong with the head, by the line in the document: the head begins on the second.
func problems(err error) string {
	var e *yamldoc.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var out []string
	for i, p := range e.Problems {
		if i == 3 {
			out = append(out, "and more")
			break
		}
		if p.Line > 0 {
			p.Line++
		}
		out = append(out, p.String())
	}
	return strings.Join(out, "; ")
}

func split(document string) (front, body string, err error) {
	rest, ok := strings.CutPrefix(document, "---\n")
	if !ok {
		return "", "", errs.Hinted(wrong("the course begins with a line of three dashes and its head"), "Take a starter course as an example.")
	}
	front, body, ok = strings.Cut(rest, "\n---\n")
	if !ok {
		return "", "", wrong("the head ends with a line of three dashes, which is missing")
	}
	return front, body, nil
}

// lessons cuts the body at its headings of the first level, outside of code.
func lessons(body string) []Lesson {
	var out []Lesson
	var b strings.Builder
	title, code := "", false
	flush := func() {
		if s := strings.TrimSpace(b.String()); s != "" || title != "" {
			out = append(out, Lesson{title, s})
		}
		b.Reset()
	}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") {
			code = !code
		}
		if t, ok := strings.CutPrefix(line, "# "); ok && !code {
			flush()
			title = text.Line(t)
			continue
		}
		b.WriteString(line)
	}
	flush()
	return out
}

// check holds a course to its rules.
func (c Content) check() error {
	if err := text.Bounds("text", "the title", c.Title, 3, 200); err != nil {
		return err
	}
	if err := text.Bounds("text", "whom it is for", c.For, 0, maxFor); err != nil {
		return err
	}
	switch {
	case c.Kind != Awareness && c.Kind != Privacy && c.Kind != Role:
		return wrong("kind is %q; it is awareness, privacy or role", c.Kind)
	case c.Minutes < 1 || c.Minutes > maxMinutes:
		return wrong("minutes is %d; say how long it takes, 1 to %d", c.Minutes, maxMinutes)
	case len(c.Lessons) == 0:
		return wrong("there is no lesson: write what people are to read after the head, under headings of the first level")
	case len(c.Lessons) > maxLessons:
		return wrong("%d lessons; at most %d are kept", len(c.Lessons), maxLessons)
	case len(c.Questions) == 0:
		return wrong("there is no question: a course that asks nothing shows nothing")
	case len(c.Questions) > maxQuestions:
		return wrong("%d questions; at most %d are asked", len(c.Questions), maxQuestions)
	case c.Pass < 1 || c.Pass > len(c.Questions):
		return wrong("pass is %d; say how many of the %d questions must be right", c.Pass, len(c.Questions))
	}
	for i, l := range c.Lessons {
		if l.Title == "" || l.Markdown == "" {
			return wrong("lesson %d lacks a heading of the first level or a text", i+1)
		}
	}
	for i, q := range c.Questions {
		if err := q.check(i + 1); err != nil {
			return err
		}
	}
	return nil
}

func (q Question) check(n int) error {
	right, seen := 0, map[string]bool{}
	for _, c := range q.Choices {
		t := text.Line(c.Text)
		if t == "" || utf8.RuneCountInString(t) > maxLine {
			return wrong("question %d has a choice that is empty or longer than %d characters", n, maxLine)
		}
		if seen[strings.ToLower(t)] {
			return wrong("question %d has the choice “%s” twice", n, t)
		}
		seen[strings.ToLower(t)] = true
		if c.Right {
			right++
		}
	}
	switch ask := utf8.RuneCountInString(text.Line(q.Ask)); {
	case ask == 0 || ask > maxLine:
		return wrong("question %d asks nothing, or has more than %d characters", n, maxLine)
	case len(q.Choices) < 2 || len(q.Choices) > maxChoices:
		return wrong("question %d has %d choices; give 2 to %d", n, len(q.Choices), maxChoices)
	case right == 0:
		return wrong("question %d has no choice that is right", n)
	case right == len(q.Choices):
		return wrong("question %d has no choice that is wrong", n)
	case utf8.RuneCountInString(q.Why) > 4*maxLine:
		return wrong("question %d explains itself in more than %d characters", n, 4*maxLine)
	}
	return nil
}

// Hash is the SHA-256 of a document, in hexadecimal.
func Hash(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

//go:embed courses/*.md
var starters embed.FS

// Starters lists the documents of the courses that come with the program, by file name.
func Starters() ([]string, error) {
	names, err := fs.Glob(starters, "courses/*.md")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		b, err := starters.ReadFile(path.Clean(n))
		if err != nil {
			return nil, err
		}
		out = append(out, string(bytes.TrimSpace(b)))
	}
	return out, nil
}

// Blank is the document somebody begins a course of their own with.
const Blank = `---
title: 
kind: awareness
for: Everybody
minutes: 15
pass: 1
questions:
  - ask: What do you do first?
    choices:
      - text: This is right
        right: true
      - text: This is wrong
    why: Say here why, for those who chose wrongly.
---

# First lesson

What people are to know, in plain words.
`
