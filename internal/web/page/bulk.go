package page

import "encoding/json"

// BulkAction is something that can be done to ticked rows. Action gets a POST with a "tick" for each row and the address of
// the list as "back". With Confirm the reader is asked first, in a panel that says it.
type BulkAction struct {
	Label, Action string
	Confirm       string // what will happen, for acts that cannot be taken back
	Danger        bool
}

// Asked is a BulkAction that waits for the reader's word.
type Asked struct {
	Label, Action, Confirm string
	Danger                 bool
}

const askPurpose = "act on many"

// ask seals an action into the button that leads to its question, so that the question is the program's own.
func (a BulkAction) ask(r *Request) string {
	raw, err := json.Marshal(Asked(a))
	if err != nil {
		return ""
	}
	return r.Seal(askPurpose, raw)
}

// Asked reads the action whose question a form asks for.
func (r *Request) Asked(f *Form) (Asked, bool) {
	var a Asked
	raw, ok := r.Open(askPurpose, f.Raw("ask"))
	if !ok || json.Unmarshal(raw, &a) != nil {
		return Asked{}, false
	}
	return a, true
}
