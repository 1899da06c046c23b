package page

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Form is what somebody wrote and what is wrong with it. A page shows the same form again with both, so that nothing has
// to be written twice.
type Form struct {
	Values url.Values
	Errors map[string]string // by field: what is wrong and what to do
	// Problem is what is wrong with the form as a whole, with its hint.
	Problem, Hint string

	theirs map[string]string // by field: what is saved now, when the form began from an older version
	stale  int               // the version that is saved now; 0 when the form is not stale
}

// NewForm is a form with first values: NewForm("name", "Okta", "every", "24h").
func NewForm(pairs ...string) *Form {
	f := &Form{Values: url.Values{}, Errors: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Set(pairs[i], pairs[i+1])
	}
	return f
}

// Form reads the form of a POST.
func (r *Request) Form() (*Form, error) {
	if err := r.HTTP.ParseForm(); err != nil {
		return nil, BodyError(err)
	}
	f := &Form{Values: r.HTTP.PostForm, Errors: map[string]string{}}
	for name, values := range f.Values {
		for i, v := range values {
			if !utf8.ValidString(v) {
				// Browsers send UTF-8. What is none would be stored as something nobody wrote.
				values[i] = strings.ToValidUTF8(v, "\uFFFD")
				f.Wrong(name, "This is no valid text: some of it is shown as \uFFFD. Write it again.")
			}
		}
	}
	return f, nil
}

// Submitted is the form that was sent and the right to act on it: what every handler that changes something begins with.
func (r *Request) Submitted() (*Form, access.Scope, error) {
	f, err := r.Form()
	if err != nil {
		return nil, access.Scope{}, err
	}
	scope, err := r.Write()
	return f, scope, err
}

// BodyError says why a form could not be read: too large, or no form.
func BodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errs.Hinted(errs.As(errs.Exhausted, err, "what was sent is larger than the %s this page takes", Bytes(large.Limit)), "Nothing was stored. Send less, or split it.")
	}
	if DiskFull(err) {
		return errs.Hinted(errs.As(errs.Exhausted, err, "there is no room on the disk for what was sent"), "Nothing was stored. Tell whoever runs this installation to free space.")
	}
	return errs.As(errs.Invalid, err, "the form could not be read")
}

// Get is a field without surrounding space.
func (f *Form) Get(field string) string { return strings.TrimSpace(f.Values.Get(field)) }

// Raw is a field as it was sent: passwords.
func (f *Form) Raw(field string) string { return f.Values.Get(field) }

// Checked reports whether a box is ticked.
func (f *Form) Checked(field string) bool { return f.Values.Get(field) != "" }

// Base is the version the reader saw when the form was opened, from the hidden field of the same name; 0 for none.
// A use case that gets an old one answers with a Conflict, which the form then shows.
func (f *Form) Base() int {
	n, err := strconv.Atoi(f.Values.Get("base"))
	if err != nil {
		return 0
	}
	return n
}

// Wrong says what is wrong with a field.
func (f *Form) Wrong(field, what string) { f.Errors[field] = what }

// OK reports whether nothing is wrong.
func (f *Form) OK() bool { return len(f.Errors) == 0 && f.Problem == "" }

// Take puts an error at the field or the form it belongs to and reports whether it was one the writer can mend: what is
// wrong, changed meanwhile, or over a limit. Other errors stay errors of the page.
func (f *Form) Take(err error) bool {
	if err == nil {
		return false
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Exhausted:
	default:
		return false
	}
	text, hint := Sentence(err), errs.HintOf(err)
	if field := errs.FieldOf(err); field != "" {
		f.Errors[field] = strings.TrimSpace(text + " " + hint)
		return true
	}
	f.Problem, f.Hint = text, hint
	return true
}

// Status is the status of an answer with this form: 409 when it began from an older version, 422 when something is wrong.
func (f *Form) Status() int {
	switch {
	case f.stale > 0:
		return http.StatusConflict
	case f.OK():
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// Input is a field of a form. Only Name and Label are needed.
type Input struct {
	Name, Label, Help string
	Type              string // of the element: text, email, password, date, number, search; text when empty
	Placeholder       string
	Autocomplete      string
	InputMode         string
	Required          bool
	Focus             bool
	Rows              int // of a text area
	Max               int // characters
	Options           []Option
	Value             string // when it is not the form's
	Mono              bool
	Many              bool // files: more than one may be chosen
}

func (in Input) kind() string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

func (in Input) value(f *Form) string {
	if in.Value != "" || in.kind() == "password" {
		return in.Value
	}
	return f.Values.Get(in.Name)
}

// attrs are the attributes that inputs of every sort share.
func (in Input) attrs(f *Form) templ.Attributes {
	a := templ.Attributes{"id": "f-" + in.Name, "name": in.Name}
	var described []string
	if in.Help != "" {
		described = append(described, "f-"+in.Name+"-help")
	}
	if _, ok := f.savedNow(in.Name); ok {
		described = append(described, "f-"+in.Name+"-now")
	}
	if f.Errors[in.Name] != "" {
		a["aria-invalid"] = "true"
		described = append(described, "f-"+in.Name+"-err")
	}
	if len(described) > 0 {
		a["aria-describedby"] = strings.Join(described, " ")
	}
	for k, v := range map[string]string{"placeholder": in.Placeholder, "autocomplete": in.Autocomplete, "inputmode": in.InputMode} {
		if v != "" {
			a[k] = v
		}
	}
	if in.Max > 0 {
		a["maxlength"] = strconv.Itoa(in.Max)
	}
	if in.Many {
		a["multiple"] = true
	}
	if in.Required {
		a["required"] = true
	}
	if in.Focus && f.OK() || f.Errors[in.Name] != "" {
		a["autofocus"] = true
	}
	return a
}

// PanelForm is the frame of a form in a side panel.
type PanelForm struct {
	Title, Sub string
	Action     string // path the form is sent to
	Button     string // what it does: "Revoke the token"
	Back       string // path of the page it belongs to
	Danger     bool   // it takes something away
	Files      bool   // it has a FileField
}
