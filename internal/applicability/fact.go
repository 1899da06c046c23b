// Package applicability answers which report an organisation needs: facts that people state, rules that turn them into a
// recommendation with its reasons, and the decision that the organisation takes (domain brief 1.1 to 1.4). The result is
// advice: customers, their auditors and contracts may ask for something else.
package applicability

import (
	"slices"

	"github.com/tickmark/tickmark/internal/catalog"
)

// FactID names a fact: "F1" to "F11" are those of domain brief 1.3. F4a, F7a and F13 are the conditions of rules R6, R9 and
// R13 that the brief's list of facts does not hold.
type FactID string

// The facts.
const (
	F1  FactID = "F1"
	F2  FactID = "F2"
	F3  FactID = "F3"
	F4  FactID = "F4"
	F4a FactID = "F4a"
	F5  FactID = "F5"
	F5a FactID = "F5a"
	F5b FactID = "F5b"
	F5c FactID = "F5c"
	F5d FactID = "F5d"
	F6  FactID = "F6"
	F7  FactID = "F7"
	F7a FactID = "F7a"
	F8  FactID = "F8"
	F9  FactID = "F9"
	F10 FactID = "F10"
	F11 FactID = "F11"
	F13 FactID = "F13"
)

// Fact is something that only the organisation knows.
type Fact struct {
	ID       FactID
	Question string
	Help     string // how to tell
	Ask      string // who knows, for whoever does not
	// Category is the one that a commitment of this sort brings in; empty for other facts.
	Category catalog.CategoryID
}

// Group is the facts of one page of the interview.
type Group struct {
	ID, Title, Lead string
	Facts           []FactID
}

// Groups are the pages of the interview, in order.
func Groups() []Group {
	return []Group{
		{"books", "Your customers’ books", "SOC 1 is about controls that matter to your customers’ financial reporting. Three facts decide whether it is needed.", []FactID{F1, F2, F3}},
		{"data", "Data and systems", "SOC 2 is about the systems that customers rely on and the data they hand over.", []FactID{F4, F4a, F13}},
		{"promises", "What you promise", "A category belongs in the report when there is a commitment to keep. Name the commitment: the auditor reads each criterion against it.", []FactID{F5, F5a, F5b, F5c, F5d}},
		{"readers", "Who will read it", "Some readers need a report of another kind, or one more opinion in it.", []FactID{F6, F7, F7a, F8, F9}},
		{"time", "What has run so far", "Whether controls have left evidence decides between a date and a period.", []FactID{F10, F11}},
	}
}

var facts = []Fact{
	{ID: F1, Question: "Can you create, change or delete data or transactions that end up in your customers’ financial statements?",
		Help: "Looking at them is not enough. The practical test is write access: could a mistake of yours misstate their accounts?", Ask: "whoever runs the product, and the finance contact of a large customer"},
	{ID: F2, Question: "Do you initiate, authorise, record, process or report such transactions, or host the system that does?",
		Help: "Payroll, claims, loans, custody, billing on behalf of customers, or hosting their accounting system.", Ask: "whoever runs the product"},
	{ID: F3, Question: "Do customers’ auditors ask you for assurance on their internal control over financial reporting, or do customers cite section 404 of the Sarbanes-Oxley Act?",
		Help: "Look at vendor questionnaires and requests in the last year.", Ask: "sales and customer success"},
	{ID: F4, Question: "Do you store, process or transmit customer data, or run systems that customers depend on?",
		Help: "Most software services do.", Ask: "whoever runs the product"},
	{ID: F4a, Question: "Do you hold personal data only as a processor for business customers, without any commitment of your own to the individuals?",
		Help: "Answer no when you also collect personal data in your own name.", Ask: "the person responsible for privacy, or counsel"},
	{ID: F5, Question: "Do contracts or public statements promise that the service is secure?",
		Help: "Terms, security annex, trust page, sales material.", Ask: "counsel and sales", Category: "security"},
	{ID: F5a, Question: "Do they promise that the service is up, or recovers in a given time?",
		Help: "A service level, a status page with a target, a recovery time.", Ask: "counsel and sales", Category: "availability"},
	{ID: F5b, Question: "Do they promise to keep data confidential, or to return or delete it?",
		Help: "Confidentiality clauses, retention and deletion at the end of a contract.", Ask: "counsel", Category: "confidentiality"},
	{ID: F5c, Question: "Do they promise that processing is correct, complete or on time?",
		Help: "Cut-off times, accuracy, reconciliation, error rates.", Ask: "counsel and whoever runs the product", Category: "processing_integrity"},
	{ID: F5d, Question: "Do you promise individuals, in your own name, how you treat their personal information?",
		Help: "A privacy notice of your own towards consumers or users, not a contract with a business.", Ask: "the person responsible for privacy", Category: "privacy"},
	{ID: F6, Question: "Do you want a document that anyone may read, on your web site or without a confidentiality agreement?",
		Help: "SOC 1 and SOC 2 reports are for named readers only.", Ask: "marketing and sales"},
	{ID: F7, Question: "Must the auditor also give an opinion on another framework?",
		Help: "HIPAA, HITRUST, ISO 27001, CSA CCM, NIST and others. Write in the note which.", Ask: "sales, and the customers who asked"},
	{ID: F7a, Question: "Do readers want to see how your controls meet another framework, without an opinion on it?",
		Help: "A mapping is enough for many readers. Write in the note which framework.", Ask: "sales"},
	{ID: F8, Question: "Is the question about the cyber risk programme of your whole entity, for a board, investors or the public?",
		Help: "Not about one system that customers use.", Ask: "the board or its audit committee"},
	{ID: F9, Question: "Do you make or distribute goods, and is the question about the system that does so?",
		Help: "Production, manufacturing, distribution, logistics of goods.", Ask: "operations and procurement"},
	{ID: F10, Question: "Have your controls run, and left evidence, for at least three months?",
		Help: "A policy that nobody can show the working of does not count.", Ask: "the owners of the controls"},
	{ID: F11, Question: "Must you show a report before a useful period could end?",
		Help: "A signature that waits for it, a deadline in a contract.", Ask: "sales"},
	{ID: F13, Question: "Does another organisation run most of the system for you?",
		Help: "A hosting provider whose controls make up most of what readers care about.", Ask: "whoever runs the infrastructure"},
}

// Facts lists all facts in the order of the interview.
func Facts() []Fact {
	var out []Fact
	for _, g := range Groups() {
		for _, id := range g.Facts {
			f, _ := FactOf(id)
			out = append(out, f)
		}
	}
	return out
}

// FactOf finds a fact.
func FactOf(id FactID) (Fact, bool) {
	i := slices.IndexFunc(facts, func(f Fact) bool { return f.ID == id })
	if i < 0 {
		return Fact{}, false
	}
	return facts[i], true
}

// GroupOf finds a page of the interview and says where it stands.
func GroupOf(id string) (g Group, at int, ok bool) {
	all := Groups()
	at = slices.IndexFunc(all, func(g Group) bool { return g.ID == id })
	if at < 0 {
		return Group{}, at, false
	}
	return all[at], at, true
}
