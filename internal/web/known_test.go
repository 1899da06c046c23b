package web_test

// everybodys are routes with a parameter that show what does not belong to an organisation, or what both have under the
// same name: the catalogue, the library's tests and the starting set of controls.
var everybodys = []string{
	"/frameworks/{framework}", "/frameworks/{framework}/{id}", "/criteria/{id}",
	"/c/{ref}", "/c/{ref}/owner", "/c/{ref}/approve", "/t/{id}", "/t/{id}/definition", "/ledger/{seq}", "/ledger/{seq}/proof", "/a/{ref}",
}

// notLinked are pages that nothing links to while there is nothing to do on them, with what would make the link appear.
var notLinked = map[string]bool{
	"/sign-in":                    true, // signing out
	"/account/tokens/{id}/revoke": true, // an API token
	"/c/{ref}/approve":            true, // a draft of a control
	"/exceptions/{ref}":           true, // a request
	"/exceptions/{ref}/approve":   true, // a request
	"/exceptions/{ref}/revoke":    true, // an exception in force
}
