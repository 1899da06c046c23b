package catalog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// CategoryID is a Trust Services category.
type CategoryID string

// The categories, in the order in which the AICPA names them. Criteria have an order of their own: see Catalog.Criteria.
const (
	Security            CategoryID = "security"
	Availability        CategoryID = "availability"
	ProcessingIntegrity CategoryID = "processing_integrity"
	Confidentiality     CategoryID = "confidentiality"
	Privacy             CategoryID = "privacy"
)

// Category is one of the five Trust Services categories.
type Category struct {
	ID      CategoryID `yaml:"id"`
	Name    string     `yaml:"name"`
	Prefix  string     `yaml:"prefix"` // of its criteria: "CC", "A", "C", "PI", "P"
	Common  bool       `yaml:"common"` // its criteria apply to every category
	Meaning string     `yaml:"meaning"`
}

// PrivacyRole is what an organisation is towards the people whose personal data it handles.
type PrivacyRole string

// The privacy roles (domain brief 2.1).
const (
	Controller PrivacyRole = "controller"
	Processor  PrivacyRole = "processor"
	BothRoles  PrivacyRole = "both"
)

// Criterion is one of the 61 Trust Services criteria, in our paraphrase.
type Criterion struct {
	ID          string      `yaml:"id"`
	Category    CategoryID  `yaml:"category"`
	Series      string      `yaml:"series"`         // "Logical and physical access"
	COSO        int         `yaml:"coso_principle"` // COSO principle 1 to 17; 0 for criteria that supplement principle 12
	PrivacyRole PrivacyRole `yaml:"privacy_role"`   // who the topic is for; empty outside privacy
	Title       string      `yaml:"title"`
	Intent      string      `yaml:"intent"`
	Topics      []string    `yaml:"topics"` // of the points of focus, which are guidance and never scored
}

// SeriesID is the criterion's series: "CC6" of CC6.1.
func (c Criterion) SeriesID() string {
	s, _, _ := strings.Cut(c.ID, ".")
	return s
}

// criterionForm is the pattern of identifiers (domain brief 2.1). Matching it is not enough: see Catalog.Knows.
var criterionForm = regexp.MustCompile(`^(CC[1-9]\.[1-8]|A1\.[1-3]|C1\.[12]|PI1\.[1-5]|P[1-8]\.[1-7])$`)

// Series is a group of criteria under one heading.
type Series struct {
	ID       string
	Name     string
	Category CategoryID
	Criteria []string
}

// Categories lists the five categories: security, availability, processing integrity, confidentiality, privacy.
func (c *Catalog) Categories() []Category { return slices.Clone(c.categories) }

// Criteria lists all 61 criteria in order of presentation: CC1 to CC9, A, C, PI, P.
func (c *Catalog) Criteria() []Criterion { return cloneAll(c.criteria, cloneCriterion) }

// Criterion finds a criterion.
func (c *Catalog) Criterion(id string) (Criterion, error) {
	if i, ok := c.criterion[id]; ok {
		return cloneCriterion(c.criteria[i]), nil
	}
	return Criterion{}, errs.New(errs.NotFound, "no criterion %q", id).At("criterion").WithHint("Criteria run from CC1.1 to P8.1; there are 61.")
}

// Series lists the series in order of presentation.
func (c *Catalog) Series() []Series {
	var out []Series
	for _, x := range c.criteria {
		if n := len(out); n == 0 || out[n-1].ID != x.SeriesID() {
			out = append(out, Series{ID: x.SeriesID(), Name: x.Series, Category: x.Category})
		}
		last := &out[len(out)-1]
		last.Criteria = append(last.Criteria, x.ID)
	}
	return out
}

// ParseCategories reads category names. Blanks around them and doubles are dropped; the result is in the order of Categories.
func (c *Catalog) ParseCategories(names []string) ([]CategoryID, error) {
	asked := map[CategoryID]bool{}
	for _, n := range names {
		id := CategoryID(strings.ToLower(strings.TrimSpace(n)))
		if !slices.ContainsFunc(c.categories, func(x Category) bool { return x.ID == id }) {
			return nil, errs.New(errs.Invalid, "%q is no category", n).At("categories").
				WithHint("Categories: security, availability, processing_integrity, confidentiality, privacy.")
		}
		asked[id] = true
	}
	var out []CategoryID
	for _, x := range c.categories {
		if asked[x.ID] {
			out = append(out, x.ID)
		}
	}
	return out, nil
}

// Applicable lists the criteria an examination of the categories applies: all 33 common criteria and every criterion of
// each category chosen (domain brief 1.4). The common criteria apply even when security itself is not chosen.
func (c *Catalog) Applicable(chosen []CategoryID) ([]Criterion, error) {
	names := make([]string, len(chosen))
	for i, x := range chosen {
		names[i] = string(x)
	}
	ids, err := c.ParseCategories(names)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errs.New(errs.Invalid, "no category is chosen").At("categories").WithHint("Most examinations begin with security.")
	}
	var out []Criterion
	for _, x := range c.criteria {
		if slices.Contains(ids, x.Category) || c.common(x.Category) {
			out = append(out, cloneCriterion(x))
		}
	}
	return out, nil
}

func (c *Catalog) common(id CategoryID) bool {
	return slices.ContainsFunc(c.categories, func(x Category) bool { return x.ID == id && x.Common })
}

// CompareCriteria orders two criteria as they are presented; identifiers the catalogue does not know come last.
func (c *Catalog) CompareCriteria(a, b string) int { return compareIn(c.criterion, a, b) }

// compareIn orders identifiers by their place in a list, unknown ones last by name.
func compareIn(place map[string]int, a, b string) int {
	i, oki := place[a]
	j, okj := place[b]
	switch {
	case oki && okj:
		return i - j
	case oki:
		return -1
	case okj:
		return 1
	}
	return strings.Compare(a, b)
}

func cloneCriterion(x Criterion) Criterion {
	x.Topics = slices.Clone(x.Topics)
	return x
}

func cloneAll[T any](list []T, one func(T) T) []T {
	out := make([]T, len(list))
	for i, x := range list {
		out[i] = one(x)
	}
	return out
}

// DescriptionCriterion is one of DC1 to DC9, what section III of a SOC 2 report must hold, in our paraphrase.
type DescriptionCriterion struct {
	ID      string `yaml:"id"`
	Title   string `yaml:"title"`
	Content string `yaml:"content"`
	Holds   string `yaml:"holds"` // what the program keeps for it
	When    string `yaml:"when"`  // "always", or "type2" for what only a period has
}

// DescriptionCriteria lists DC1 to DC9.
func (c *Catalog) DescriptionCriteria() []DescriptionCriterion { return slices.Clone(c.description) }
