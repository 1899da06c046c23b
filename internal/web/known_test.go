package web_test

// everybodys are routes with a parameter that show what does not belong to an organisation, or what both have under the
// same name: the catalogue, the library's tests and the starting set of controls.
var everybodys = []string{
	"/methodology/versions/{n}", // 0 is the program's own
	"/authority/permits/{ref}", "/authority/permits/{ref}/approve", "/authority/permits/{ref}/withdraw",
	"/rules/{key}", "/rules/{key}/turn", "/rules/{key}/try", "/rules/{key}/filter", "/rulesets/{ref}", "/rulesets/{ref}/remove", "/filters/{ref}/end", "/baselines/benign/{ref}/end",
	"/interview/{group}", "/gaps/{id}", "/gaps/{id}/task", "/programmes/{id}", "/programmes/{id}/{line}/settle", "/programmes/{id}/{line}/task",
	"/api/v1/engagements/{ref}", "/api/v1/engagements/{ref}/requests", "/api/v1/engagements/{ref}/findings",
	"/engagements/{ref}/findings", "/engagements/{ref}/findings/{f}", "/engagements/{ref}/findings/samples/{wp}",
	"/rhythms/{control}", "/rhythms/{control}/end", "/shared/{token}", "/shared/{token}/agree", "/shared/{token}/report.pdf", "/public/{org}/{ref}", "/public/{org}/{ref}/report.pdf",
	"/engagements/{ref}/report", "/engagements/{ref}/report/versions/{n}/{format}", "/engagements/{ref}/report/answers/{test}", "/engagements/{ref}/distribution", "/engagements/{ref}/distribution/log",
	"/engagements/{ref}/distribution/new", "/engagements/{ref}/distribution/terms", "/engagements/{ref}/distribution/publish", "/engagements/{ref}/distribution/unpublish", "/engagements/{ref}/distribution/readers/{reader}",
	"/engagements/{ref}/distribution/readers/{reader}/link", "/engagements/{ref}/distribution/readers/{reader}/mail", "/engagements/{ref}/distribution/readers/{reader}/end",
	"/connect/{kind}", "/evidence/due/{control}", "/settings/notifications/new/{kind}",
	"/frameworks/{framework}", "/frameworks/{framework}/{id}", "/criteria/{id}",
	"/frameworks/own/{ref}", "/frameworks/own/{ref}/history", "/frameworks/own/{ref}/catalog.json", "/frameworks/own/{ref}/remove", "/frameworks/own/{ref}/requirements/{code}",
	"/frameworks/own/{ref}/requirements/{code}/map", "/frameworks/own/{ref}/requirements/{code}/unmap",
	"/c/{ref}", "/c/{ref}/owner", "/c/{ref}/approve", "/c/{ref}/edit", "/c/{ref}/compare", "/c/{ref}/withdraw", "/c/{ref}/retire", "/c/{ref}/library", "/c/{ref}/run",
	"/t/{id}", "/t/{id}/edit", "/t/{id}/run", "/t/{id}/definition", "/ledger/{seq}", "/ledger/{seq}/proof", "/a/{ref}",
	"/engagements/{ref}/objectives", "/engagements/{ref}/objectives/new", "/methodology/versions/{n}",
	"/engagements/{ref}", "/engagements/{ref}/scope", "/engagements/{ref}/scope/edit", "/engagements/{ref}/auditors", "/engagements/{ref}/auditors/invite", "/engagements/{ref}/firm",
	"/engagements/{ref}/documents", "/engagements/{ref}/documents/new", "/engagements/{ref}/requests", "/engagements/{ref}/requests/{r}", "/engagements/{ref}/requests/bulk/owner", "/engagements/{ref}/requests/{r}/attach",
	"/engagements/{ref}/requests/{r}/detach", "/engagements/{ref}/requests/{r}/file", "/engagements/{ref}/requests/{r}/provide", "/engagements/{ref}/requests/{r}/recall", "/engagements/{ref}/requests/{r}/comment",
	"/engagements/{ref}/requests/{r}/owner", "/engagements/{ref}/move/{to}", "/engagements/{ref}/conditions/{gate}",
	"/campaigns/{ref}", "/campaigns/{ref}/close", "/campaigns/{ref}/extend", "/training/courses/{ref}", "/training/courses/{ref}/edit", "/training/courses/{ref}/retire",
	"/campaigns/{ref}/remind", "/campaigns/{ref}/restore", "/devices/{ref}/return", "/campaigns/{ref}/bulk/waive", "/campaigns/{ref}/bulk/postpone", "/mine/{token}", "/mine/{token}/{duty}",
	"/policies/{ref}", "/policies/{ref}/read", "/policies/{ref}/policy.pdf", "/policies/{ref}/policy.md", "/policies/{ref}/edit", "/policies/{ref}/compare", "/policies/{ref}/settings",
	"/policies/{ref}/send", "/policies/{ref}/approve", "/policies/{ref}/return", "/policies/{ref}/drop", "/policies/{ref}/reviewed", "/policies/{ref}/contacts", "/policies/{ref}/withdraw", "/policies/{ref}/retire",
	"/engagements/{ref}/requests", "/engagements/{ref}/requests/bulk/owner", "/engagements/{ref}/requests/{r}", "/engagements/{ref}/requests/{r}/attach", "/engagements/{ref}/requests/{r}/detach",
	"/engagements/{ref}/requests/{r}/file", "/engagements/{ref}/requests/{r}/provide", "/engagements/{ref}/requests/{r}/recall", "/engagements/{ref}/requests/{r}/comment", "/engagements/{ref}/requests/{r}/owner",
}

// notLinked are pages that nothing links to while there is nothing to do on them, with what would make the link appear.
var notLinked = map[string]bool{
	"/e/{ref}/picture":                             true, // a page shows it; none links to it
	"/sign-in":                                     true, // signing out
	"/engagements/{ref}/conditions/{gate}":         true, // a condition that no record shows
	"/audits/{engagement}/stage/move/{to}":         true, // a stage that is the auditor's to end
	"/audits/{engagement}/stage/conditions/{gate}": true, // the same
	"/audits/{engagement}/stage/scope/{n}":         true, // a change of scope that waits
	"/audits/{engagement}/testing/{wp}/finding":    true, // an exception that no finding names yet
	"/audits/{engagement}/independence":            true, // who has not declared yet is sent there
	"/audits/{engagement}/bundle/{job}":            true, // a bundle that is done
	"/methodology/templates/{n}":                   true, // a template
	"/methodology/templates/{n}/drop":              true, // the same
	"/start":                                       true, // an installation without an organisation
	"/start/checklist":                             true, // the palette, and the home page once most of it is done
	"/alerts/{ref}/reopen":                         true, // a closed alert
	"/events/{event}/proof":                        true, // an event that can be read
	"/events/{event}/keep":                         true, // the same
	"/events/{event}/erase":                        true, // the same
	"/vendors/{ref}/remove":                        true, // a vendor of whom nothing is filed
	"/hunt/keep":                                   true, // a hunt that found something
	"/hunt/saved/{id}/remove":                      true, // a saved hunt
	"/incidents/{ref}/case.zip":                    true, // an incident of which there is a bundle
	"/incidents/{ref}/graph.svg":                   true, // an incident that was reconstructed
	"/jobs/events":                                 true, // a script asks for it
	"/jobs/{id}":                                   true, // a job
	"/jobs/{id}/cancel":                            true, // a job under way
	"/jobs/{id}/file":                              true, // a bundle
	"/system/records/{record}":                     true, // a part of the description, once one is written
	"/system/records/{record}/remove":              true, // the same
	"/views/{id}":                                  true, // a saved view's own address, to pass on
	"/views/{id}/edit":                             true, // a saved view
	"/account/tokens/{id}/revoke":                  true, // an API token
	"/welcome":                                     true, // the link of an invitation
	"/mine/{token}":                                true, // a personal link, in an e-mail
	"/mine/{token}/{duty}":                         true, // below it
	"/mine/thanks":                                 true, // once everything is done
	"/shared/{token}":                              true, // a reader's link
	"/shared/{token}/report.pdf":                   true, // below it
	"/engagements/{ref}/distribution/publish":      true, // a SOC 3 that is not public

	"/engagements/{ref}/objectives":                         true, // a SOC 1
	"/engagements/{ref}/objectives/new":                     true, // the same
	"/engagements/{ref}/objectives/{id}/edit":               true, // the same
	"/engagements/{ref}/objectives/{id}/leave":              true, // the same
	"/engagements/{ref}/distribution/readers/{reader}/mail": true, // an e-mail route that carries it

	"/settings/people/{id}/factor":               true, // a second factor
	"/settings/tokens/{id}/revoke":               true, // an API token
	"/settings/notifications/routes/{id}/edit":   true, // a route
	"/settings/notifications/routes/{id}/remove": true, // a route

	"/c/{ref}/approve":            true, // a draft of a control
	"/c/{ref}/withdraw":           true, // a draft of a control
	"/t/{id}/edit":                true, // a test of one's own
	"/tests/drafts/{id}":          true, // a proposal for a test
	"/tests/drafts/{id}/approve":  true, // a proposal for a test
	"/tests/drafts/{id}/withdraw": true, // a proposal for a test
	"/exceptions/{ref}":           true, // a request
	"/exceptions/{ref}/approve":   true, // a request
	"/exceptions/{ref}/revoke":    true, // an exception in force
}
