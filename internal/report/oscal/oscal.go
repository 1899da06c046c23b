// Package oscal writes a dossier in NIST's Open Security Controls Assessment Language 1.1: the criteria as a catalog, the
// system and its controls as parts of a security plan, the tests as assessment plan and results, open deviations as a plan of
// action. Identifiers follow from the dossier's hash, so the same dossier gives the same bytes.
package oscal

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" //nolint:gosec // a version 5 identifier is made with it; nothing secret rests on it
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
)

// Version is the version of the language. A reader of 1.1.0 to 1.1.3 takes it.
const Version = "1.1.3"

// names are the names of our own properties.
const names = "https://tickmark.example/ns/oscal"

// File is one document.
type File struct {
	Name string
	JSON []byte
}

// object is a JSON object.
type object map[string]any

// Documents are the documents of a dossier. A Type 1 has no tests, and so neither plan nor results; without an open deviation
// there is no plan of action, which the language does not know empty.
func Documents(d *engagement.Dossier) ([]File, error) {
	controls, tests := report.Covers(d)
	if !controls {
		return nil, errs.New(errs.Invalid, "%s has no controls to write as OSCAL", orUnknown(d.Engagement.Ref)).WithHint("A SOC 3 report names neither controls nor tests. Export the SOC 2 it stands on.")
	}
	x, err := newWriter(d)
	if err != nil {
		return nil, err
	}
	list := []struct {
		name string
		doc  object
	}{{"catalog", x.catalog()}, {"profile", x.profile()}, {"system-security-plan", x.plan()}}
	if tests {
		list = append(list, struct {
			name string
			doc  object
		}{"assessment-plan", x.assessmentPlan()}, struct {
			name string
			doc  object
		}{"assessment-results", x.assessmentResults()})
		if actions := x.actions(); len(actions) > 0 {
			list = append(list, struct {
				name string
				doc  object
			}{"plan-of-action-and-milestones", x.actionPlan(actions)})
		}
	}
	out := make([]File, 0, len(list))
	for _, l := range list {
		raw, err := canon.JSON(object{l.name: l.doc})
		if err != nil {
			return nil, errs.Wrap(err, "OSCAL %s", l.name)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return nil, errs.As(errs.Internal, err, "OSCAL %s", l.name)
		}
		b.WriteByte('\n')
		out = append(out, File{Name: l.name + ".json", JSON: b.Bytes()})
	}
	return out, nil
}

// Render writes the documents as one archive.
func Render(w io.Writer, d *engagement.Dossier) error {
	files, err := Documents(d)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, f := range files {
		e, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err == nil {
			_, err = e.Write(f.JSON)
		}
		if err != nil {
			return errs.Wrap(err, "OSCAL")
		}
	}
	return errs.Wrap(z.Close(), "OSCAL")
}

// writer makes the documents of a dossier.
type writer struct {
	d            *engagement.Dossier
	hash         string
	requirements []report.Requirement
	findings     []report.Finding
	ids          map[string]string // tokens of requirements and of objectives
	used         map[string]bool
}

func newWriter(d *engagement.Dossier) (*writer, error) {
	_, hash, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	x := &writer{d: d, hash: hash, requirements: report.Requirements(d), findings: report.Findings(d), ids: map[string]string{}, used: map[string]bool{}}
	if len(x.findings) == 0 {
		return nil, errs.New(errs.Invalid, "%s has no control in scope", orUnknown(d.Engagement.Ref)).WithHint("OSCAL documents need at least one criterion with a control.")
	}
	for _, r := range x.requirements {
		x.token("requirement/"+r.ID, r.ID)
	}
	for _, f := range x.findings {
		x.token("objective/"+f.Requirement+"/"+f.Control.Ref, f.Requirement+"_obj."+f.Control.Ref)
	}
	return x, nil
}

// space is the name space of our version 5 identifiers, drawn once at random.
var space = [16]byte{0x6f, 0x0e, 0x3a, 0x51, 0x9c, 0x24, 0x4d, 0x8b, 0xa3, 0x17, 0x5e, 0x60, 0x2b, 0xd9, 0x71, 0xc4}

// uuid identifies a thing of this dossier (RFC 9562, version 5).
func (x *writer) uuid(kind string, parts ...any) string {
	h := sha1.New() //nolint:gosec // see the import
	h.Write(space[:])
	fmt.Fprint(h, x.hash, "/", kind)
	for _, p := range parts {
		fmt.Fprintf(h, "/%v", p)
	}
	var u [16]byte
	copy(u[:], h.Sum(nil))
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// token gives a thing an identifier in the language's alphabet, which nothing else of the dossier has.
func (x *writer) token(key, name string) string {
	if t := x.ids[key]; t != "" {
		return t
	}
	t := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune(".-_", r) {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(name, "_"))
	if r := []rune(t); len(r) == 0 || !unicode.IsLetter(r[0]) {
		t = "_" + t
	}
	for base, n := t, 2; x.used[t]; n++ {
		t = fmt.Sprintf("%s.%d", base, n)
	}
	x.ids[key], x.used[t] = t, true
	return t
}

// metadata is what every document begins with.
func (x *writer) metadata(title string) object {
	d := x.d
	parties := []object{{"uuid": x.uuid("party", "organisation"), "type": "organization", "name": word(d.Org.Name)}}
	roles := []object{{"id": "service-organisation", "title": "Service organisation"}}
	responsible := []object{{"role-id": "service-organisation", "party-uuids": []string{x.uuid("party", "organisation")}}}
	if d.Engagement.Firm != "" {
		parties = append(parties, object{"uuid": x.uuid("party", "auditor"), "type": "organization", "name": word(d.Engagement.Firm)})
		roles = append(roles, object{"id": "service-auditor", "title": "Service auditor"})
		responsible = append(responsible, object{"role-id": "service-auditor", "party-uuids": []string{x.uuid("party", "auditor")}})
	}
	nature := "Management's draft. Not an auditor's report; no opinion is given or implied. A finding is a finding of tests."
	if d.Org.Simulated {
		nature += " The data is simulated."
	}
	return object{
		"title": word(title + ", " + orUnknown(d.Engagement.Ref)), "last-modified": moment(d.Frozen.At), "version": fmt.Sprintf("dossier %d", d.Frozen.Number), "oscal-version": Version,
		"roles": roles, "parties": parties, "responsible-parties": responsible, "remarks": nature,
		"props": []object{x.prop("dossier-sha256", x.hash), x.prop("report", d.Engagement.Report), x.prop("engagement", d.Engagement.Ref)},
	}
}

func (x *writer) prop(name, value string) object {
	return object{"name": name, "ns": names, "value": word(value)}
}

// word is a text on one line, never empty.
func word(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\ufffd"), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	return orUnknown(s)
}

// orUnknown says that a text is not there.
func orUnknown(s string) string {
	if strings.TrimSpace(s) == "" {
		return "not recorded"
	}
	return s
}

// moment is a time as the language writes it.
func moment(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}
