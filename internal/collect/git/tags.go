package git

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// tagFormat prints a tag on a line, its fields apart by NUL. See git-for-each-ref(1).
const tagFormat = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(taggername)%00%(taggeremail)%00%(taggerdate:unix)%00%(*objecttype)%00%(*objectname)"

// tagLine is one tag as git for-each-ref prints it.
type tagLine struct {
	name, kind, object, tagger string
	at                         *time.Time
	target                     string // the commit it points to, when it does so directly
}

func parseTag(line string) (tagLine, error) {
	f := strings.Split(strings.ToValidUTF8(line, "\uFFFD"), "\x00")
	if len(f) != 8 || f[0] == "" {
		return tagLine{}, errs.New(errs.Invalid, "%.80q is not a tag", line)
	}
	if _, err := objectName(f[2]); err != nil {
		return tagLine{}, err
	}
	t := tagLine{name: f[0], kind: f[1], object: f[2], tagger: strings.TrimSpace(f[3] + " " + f[4])}
	if f[5] != "" {
		at, err := unix(f[5])
		if err != nil {
			return tagLine{}, err
		}
		t.at = &at
	}
	if f[6] == "commit" {
		t.target = f[7]
	}
	return t, nil
}

// tags emits every tag.
func (r *repository) tags(ctx context.Context, s collect.Sink) error {
	list, err := r.output(ctx, "for-each-ref", "--format="+tagFormat, "refs/tags")
	if err != nil {
		return err
	}
	s.Page("tag", "git for-each-ref refs/tags")
	names, err := r.output(ctx, "tag", "--list", "--format=x")
	if err != nil {
		return err
	}
	s.Total("tag", int64(strings.Count(names, "x")), "git tag --list")
	objects, err := r.objects(ctx)
	if err != nil {
		return err
	}
	defer objects.close()
	for line := range strings.Lines(list) {
		t, err := parseTag(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return err
		}
		f, err := r.tag(ctx, t, objects, s)
		if err != nil {
			s.Failed("tag", errs.Wrap(err, "tag %s", t.name))
			continue
		}
		if err := s.Emit(f); err != nil {
			return emitError{err}
		}
	}
	return nil
}

func (r *repository) tag(ctx context.Context, t tagLine, o *objects, s collect.Sink) (*collect.Tag, error) {
	f := &collect.Tag{
		ID: r.identity + ":" + t.name, Repository: r.identity, Name: t.name, Target: t.object, Annotated: t.kind == "tag",
		Tagger: collect.NonZero(t.tagger), TaggedAt: t.at, Signature: collect.Ptr(none),
	}
	f.Raw = t.object + " refs/tags/" + t.name
	if !f.Annotated {
		return f, nil
	}
	var err error
	if f.Target = t.target; f.Target == "" { // a tag of a tag, or of a file
		if f.Target, err = r.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", t.object+"^{}"); err != nil {
			return nil, errs.Wrap(err, "find what it points to")
		}
	}
	if f.Raw, err = o.read(t.object); err != nil {
		return nil, err
	}
	grade := ""
	form := formOf(f.Raw)
	if form != unsigned {
		grade = r.tagGrade(ctx, t.object)
	}
	f.Signature = r.signature(form, grade, "tag", s)
	return f, nil
}
