package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Column is a column of a list.
type Column struct {
	Key   string // names it in the address when it sorts; and in exports
	Title string
	Sort  bool
	Num   bool // figures and dates: right-aligned
	Opt   bool // goes first when the screen is small
	Wide  bool // takes the room that is left, and clips
	Quiet bool // the heading is only for readers who do not see it
}

// FilterKind is how a filter is shown.
type FilterKind uint8

// The kinds of filters.
const (
	Segments FilterKind = iota // a few choices side by side, with counts
	Select                     // a list to choose from
	Date                       // a day
	Text                       // a word to type, taken as it is
)

// Option is a choice of a filter.
type Option struct {
	Value, Label string
	Status       string // status key that gives it a glyph; empty for none
	Count        int
	Counted      bool // Count is known
}

// Filter narrows a list by one parameter of the address.
type Filter struct {
	Key, Title string
	Kind       FilterKind
	All        string   // label of "no filter"; "All" when empty
	Options    []Option // choices; a value outside them is refused unless Open
	Open       bool     // the choices are known only when the rows are: Table.SetOptions gives them
}

// TableSpec says what a list is: columns, filters, order. It is a package-level value of a page.
type TableSpec struct {
	ID      string // of the part that is swapped; "rows" when empty. Two lists on a page need two.
	Columns []Column
	Filters []Filter
	Search  string       // what the search field looks in ("Find by reference or text"); empty for no search
	Sort    string       // column of the order when the address names none; "-since" for descending
	Size    int          // rows a page when the address names none; 0 for paging.DefaultSize
	One     string       // what a row is: "control"
	Many    string       // "controls"
	Prefix  string       // before each parameter, when a page has two lists
	Bulk    []BulkAction // what can be done to ticked rows; each row then begins with Tick. One list of a page may have it
	Endless bool         // too many rows to count: a page is named by the row before it, Table.After, and leads to Table.Next
}

// Format is what a list is asked for as.
type Format string

// The formats.
const (
	HTML Format = ""
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Table is the state of a list in a request, all of it from the address.
type Table struct {
	Spec   *TableSpec
	Query  paging.Query // page, size, order, search, for the read model
	Format Format
	Total  int    // rows on all pages; the handler sets it. Of an Endless list those of this page
	After  string // of an Endless list: the last row of the page before
	Next   string // of an Endless list: the last row of this page, if there are more; the handler sets it
	Left   *Left

	request *Request
	values  url.Values // of the address, including what is not this list's
	options map[string][]Option
}

// Left is what a list leaves out unless somebody asks for it: how many rows, what they are, and where they are shown.
type Left struct{ Words, Show, Href string }

// searchLength bounds what is searched for, in bytes.
const searchLength = 200

// Table reads the state of a list from the address. What the list does not offer is refused: a filter that is silently
// ignored would show rows as if it applied.
func (r *Request) Table(spec *TableSpec) (*Table, error) {
	return parseTable(r, spec, r.HTTP.URL.Query())
}

func parseTable(r *Request, spec *TableSpec, v url.Values) (*Table, error) {
	t := &Table{Spec: spec, request: r, values: v, options: map[string][]Option{}}
	wrong := func(key string) error {
		return errs.New(errs.Invalid, "%q is no value for %s", clip(t.get(key), 60), key).At(key).WithHint("Remove it from the address, or choose from the list.")
	}
	t.Query.Search = strings.TrimSpace(t.get("q"))
	if len(t.Query.Search) > searchLength || strings.ContainsRune(t.Query.Search, 0) || spec.Search == "" && t.Query.Search != "" {
		return nil, wrong("q")
	}
	order := t.get("sort")
	if order == "" {
		order = spec.Sort
	}
	t.Query.Sort, t.Query.Desc = strings.CutPrefix(order, "-")
	if t.Query.Sort != "" && !slices.ContainsFunc(spec.Columns, func(c Column) bool { return c.Sort && c.Key == t.Query.Sort }) {
		return nil, wrong("sort")
	}
	t.Query.Size = spec.Size
	for key, to := range map[string]*int{"page": &t.Query.Page, "size": &t.Query.Size} {
		if s := t.get(key); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 || n > 1_000_000 {
				return nil, wrong(key)
			}
			*to = n
		}
	}
	t.Query = t.Query.Norm()
	if s := t.get("after"); s != "" && spec.Endless {
		if t.After = s; len(s) > searchLength || strings.ContainsRune(s, 0) {
			return nil, wrong("after")
		}
	}
	for _, f := range spec.Filters {
		if s := t.get(f.Key); s != "" && !f.offers(s) {
			return nil, wrong(f.Key)
		}
	}
	switch t.Format = Format(t.get("as")); t.Format {
	case HTML, CSV, XLSX:
		return t, nil
	}
	return nil, wrong("as")
}

// offers reports whether a value can be one of the filter's.
func (f Filter) offers(s string) bool {
	if f.Kind == Date {
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	}
	if f.Open || f.Kind == Text {
		return len(s) <= searchLength && !strings.ContainsRune(s, 0)
	}
	return slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == s })
}

func (t *Table) get(key string) string { return t.values.Get(t.Spec.Prefix + key) }

// ID is the identifier of the part that is swapped.
func (t *Table) ID() string {
	if t.Spec.ID == "" {
		return "rows"
	}
	return t.Spec.ID
}

// Filter is the chosen value of a filter; empty for no filter.
func (t *Table) Filter(key string) string { return t.get(key) }

// Filtered reports whether rows may be missing because of a search or a filter.
func (t *Table) Filtered() bool {
	return t.Query.Search != "" || slices.ContainsFunc(t.Spec.Filters, func(f Filter) bool { return t.get(f.Key) != "" })
}

// SetOptions gives an Open filter its choices.
func (t *Table) SetOptions(key string, o []Option) { t.options[key] = o }

// SetCounts gives the choices of a filter how many rows each has.
func (t *Table) SetCounts(key string, counts map[string]int) {
	var out []Option
	for _, o := range t.Options(key) {
		o.Count, o.Counted = counts[o.Value], true
		out = append(out, o)
	}
	t.options[key] = out
}

// Options are the choices of a filter.
func (t *Table) Options(key string) []Option {
	if o, ok := t.options[key]; ok {
		return o
	}
	for _, f := range t.Spec.Filters {
		if f.Key == key {
			return f.Options
		}
	}
	return nil
}

// URL is the address of the list with some of its parameters changed; an empty value removes one. Whatever changes, the
// list begins again at its first page unless the page itself is given.
func (t *Table) URL(pairs ...string) string {
	v := url.Values{}
	for k, x := range t.values {
		v[k] = x
	}
	v.Del(t.Spec.Prefix + "page")
	v.Del(t.Spec.Prefix + "as")
	if t.Spec.Endless {
		v.Del(t.Spec.Prefix + "after")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if k := t.Spec.Prefix + pairs[i]; pairs[i+1] == "" {
			v.Del(k)
		} else {
			v.Set(k, pairs[i+1])
		}
	}
	return address(t.request.HTTP.URL.Path, v)
}

// Clear is the address of the list without search and filters.
func (t *Table) Clear() string {
	pairs := []string{"q", ""}
	for _, f := range t.Spec.Filters {
		pairs = append(pairs, f.Key, "")
	}
	return t.URL(pairs...)
}

// SortURL is the address with the list in the order of a column: ascending first, then descending.
func (t *Table) SortURL(c Column) string {
	if t.Query.Sort == c.Key && !t.Query.Desc {
		return t.URL("sort", "-"+c.Key)
	}
	return t.URL("sort", c.Key)
}

// AriaSort is the order of a column in the words of WAI-ARIA; empty when the list is not in its order.
func (t *Table) AriaSort(c Column) string {
	switch {
	case !c.Sort || t.Query.Sort != c.Key:
		return ""
	case t.Query.Desc:
		return "descending"
	}
	return "ascending"
}

// Pages is the number of pages, at least 1.
func (t *Table) Pages() int { return max(1, (t.Total+t.Query.Size-1)/t.Query.Size) }

// Range says which rows the page shows: "1–100 of 512 controls".
func (t *Table) Range() string {
	noun := t.Spec.Many
	if t.Total == 1 {
		noun = t.Spec.One
	}
	if t.Spec.Endless && (t.After != "" || t.Next != "") {
		return Count(t.Total) + " " + noun + ", and there are more"
	}
	first := t.Query.Offset() + 1
	last := min(t.Query.Offset()+t.Query.Size, t.Total)
	switch {
	case t.Total == 0:
		return "No " + t.Spec.Many
	case t.Total <= t.Query.Size && t.Query.Page == 1:
		return Count(t.Total) + " " + noun
	case first > t.Total:
		return "Page " + strconv.Itoa(t.Query.Page) + " does not exist: " + Count(t.Total) + " " + noun
	}
	return Count(first) + "–" + Count(last) + " of " + Count(t.Total) + " " + noun
}

// kept are parameters of the address that the form of the list must send along: another list's, a tab, the order.
func (t *Table) kept() [][2]string {
	own := map[string]bool{t.Spec.Prefix + "q": true, t.Spec.Prefix + "page": true, t.Spec.Prefix + "as": true}
	if t.Spec.Endless {
		own[t.Spec.Prefix+"after"] = true
	}
	for _, f := range t.Spec.Filters {
		own[t.Spec.Prefix+f.Key] = true
	}
	var out [][2]string
	for k, x := range t.values {
		if !own[k] && len(x) > 0 {
			out = append(out, [2]string{k, x[0]})
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

// Exporting reports whether the list is asked for as a file.
func (t *Table) Exporting() bool { return t.Format != HTML }

// strange reports whether the chosen value of an Open filter is none of the choices there are now.
func (t *Table) strange(f Filter) bool {
	v := t.get(f.Key)
	return v != "" && !slices.ContainsFunc(t.Options(f.Key), func(o Option) bool { return o.Value == v })
}

func optionCount(o Option) string {
	if !o.Counted {
		return ""
	}
	return " (" + Count(o.Count) + ")"
}

// pageNumber leaves the first page without a number.
func pageNumber(n int) string {
	if n <= 1 {
		return ""
	}
	return strconv.Itoa(n)
}
