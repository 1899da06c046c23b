package org

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Kind is what a record of the description is.
type Kind string

// The kinds, in the order of the document.
const (
	KindSystem        Kind = "system"
	KindService       Kind = "service"
	KindCommitment    Kind = "commitment"
	KindComponent     Kind = "component"
	KindAspect        Kind = "aspect"
	KindTransaction   Kind = "transaction"
	KindSubservice    Kind = "subservice"
	KindIncident      Kind = "incident"
	KindNotApplicable Kind = "not_applicable"
	KindChange        Kind = "change"
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{KindSystem, KindService, KindCommitment, KindComponent, KindAspect, KindTransaction, KindSubservice, KindIncident, KindNotApplicable, KindChange}
}

// Record is one part of the description, saved and versioned by itself: System, Offering, Commitment, Component, Aspect,
// Transaction, Subservice, Incident, NotApplicable or Change.
type Record interface {
	Kind() Kind
	// Key tells records of a kind apart: two with the same key cannot be there at once.
	Key() string
	clean() Record
	check(c *catalog.Catalog, p *problems)
}

// Kind is KindSystem.
func (System) Kind() Kind { return KindSystem }

// Kind is KindService.
func (Offering) Kind() Kind { return KindService }

// Kind is KindCommitment.
func (Commitment) Kind() Kind { return KindCommitment }

// Kind is KindComponent.
func (Component) Kind() Kind { return KindComponent }

// Kind is KindAspect.
func (Aspect) Kind() Kind { return KindAspect }

// Kind is KindTransaction.
func (Transaction) Kind() Kind { return KindTransaction }

// Kind is KindSubservice.
func (Subservice) Kind() Kind { return KindSubservice }

// Kind is KindIncident.
func (Incident) Kind() Kind { return KindIncident }

// Kind is KindNotApplicable.
func (NotApplicable) Kind() Kind { return KindNotApplicable }

// Kind is KindChange.
func (Change) Kind() Kind { return KindChange }

// The key of each type.

func (System) Key() string          { return "system" }
func (x Offering) Key() string      { return fold(x.Name) }
func (x Commitment) Key() string    { return x.Ref }
func (x Component) Key() string     { return string(x.Class) + "/" + fold(x.Name) }
func (x Aspect) Key() string        { return string(x.Area) + "/" + fold(x.Title) }
func (x Transaction) Key() string   { return string(x.Topic) + "/" + fold(x.Title) }
func (x Subservice) Key() string    { return fold(x.Name) }
func (x Incident) Key() string      { return x.Ref }
func (x NotApplicable) Key() string { return x.Criterion }
func (x Change) Key() string        { return x.Date.String() + "/" + fold(x.Title) }

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// ReadRecord reads a record of a kind from its JSON, as somebody entered it: nothing is checked yet.
func ReadRecord(k Kind, body []byte) (Record, error) {
	x, err := decode(k, body)
	if err != nil && errs.KindOf(err) == errs.Internal {
		return nil, errs.As(errs.Invalid, err, "part of the description")
	}
	return x, err
}

// decode reads a record of a kind from its JSON.
func decode(k Kind, body []byte) (Record, error) {
	switch k {
	case KindSystem:
		return decodeAs[System](body)
	case KindService:
		return decodeAs[Offering](body)
	case KindCommitment:
		return decodeAs[Commitment](body)
	case KindComponent:
		return decodeAs[Component](body)
	case KindAspect:
		return decodeAs[Aspect](body)
	case KindTransaction:
		return decodeAs[Transaction](body)
	case KindSubservice:
		return decodeAs[Subservice](body)
	case KindIncident:
		return decodeAs[Incident](body)
	case KindNotApplicable:
		return decodeAs[NotApplicable](body)
	case KindChange:
		return decodeAs[Change](body)
	}
	return nil, errs.New(errs.Internal, "a description holds no %q", k)
}

func decodeAs[T Record](body []byte) (Record, error) {
	var x T
	err := json.Unmarshal(body, &x)
	return x, err
}

// placed is a record with where it stands in the document.
type placed struct {
	path   string // "commitments[2]"
	place  int    // in its list
	record Record
}

// records takes a document apart, in its order.
func (d Description) records() []placed {
	out := []placed{{"system", 0, d.System}}
	out = append(out, list("services", d.Services)...)
	out = append(out, list("commitments", d.Commitments)...)
	for _, class := range Classes() {
		part := list("components."+string(class), *d.Components.Of(class))
		for i := range part {
			x, _ := part[i].record.(Component) // list puts nothing else there
			x.Class = class
			part[i].record = x
		}
		out = append(out, part...)
	}
	for _, area := range Areas() {
		part := list("aspects."+string(area), *d.Aspects.Of(area))
		for i := range part {
			x, _ := part[i].record.(Aspect) // as above
			x.Area = area
			part[i].record = x
		}
		out = append(out, part...)
	}
	out = append(out, list("transactions", d.Transactions)...)
	out = append(out, list("subservice", d.Subservice)...)
	out = append(out, list("incidents", d.Incidents)...)
	out = append(out, list("not_applicable", d.NotApplicable)...)
	return append(out, list("changes", d.Changes)...)
}

func list[T Record](name string, in []T) []placed {
	out := make([]placed, len(in))
	for i, x := range in {
		out[i] = placed{fmt.Sprintf("%s[%d]", name, i), i, x}
	}
	return out
}

// assemble puts a document together from records in order.
func assemble(records []Record) Description {
	var d Description
	for _, r := range records {
		switch x := r.(type) {
		case System:
			d.System = x
		case Offering:
			d.Services = append(d.Services, x)
		case Commitment:
			d.Commitments = append(d.Commitments, x)
		case Component:
			l := d.Components.Of(x.Class)
			*l = append(*l, x)
		case Aspect:
			l := d.Aspects.Of(x.Area)
			*l = append(*l, x)
		case Transaction:
			d.Transactions = append(d.Transactions, x)
		case Subservice:
			d.Subservice = append(d.Subservice, x)
		case Incident:
			d.Incidents = append(d.Incidents, x)
		case NotApplicable:
			d.NotApplicable = append(d.NotApplicable, x)
		case Change:
			d.Changes = append(d.Changes, x)
		}
	}
	return d
}
