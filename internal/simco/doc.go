// Package simco is Northwind, the simulated company, as other people's systems: a code host, an identity provider and an
// HR system, each an http.Handler that speaks its vendor's documented wire format, all showing one life at one clock.
// Demonstrations, tests and load runs collect from it with the connectors that read the real systems. It knows nothing
// of what anybody concludes from what it shows.
//
// # Use
//
//	c, err := simco.New(simco.Config{Seed: 1, People: 400, Repositories: 40, Start: start, Days: 365, Planted: true})
//	for system, handler := range c.Handlers() { ... http.Serve(listener, handler) }
//	c.SetClock(start.AddDate(0, 0, 30).Add(23*time.Hour + 30*time.Minute))
//
// What a client needs to connect is in Company.Tokens. The clock stands at the end of the life until it is set; every
// system shows exactly what it would have shown at that instant, and nothing later. The same configuration gives the same
// bytes from every endpoint at every instant, apart from request numbers and the rate limit, which runs in real time.
//
// # Systems
//
//   - "github" (package github): organisation, members, outside collaborators, teams, repositories, branch protection,
//     pull requests with reviews and commits, statuses and check runs, deployments, dependency alerts, the audit log,
//     search, and over GraphQL the SAML identities that tie logins to people. An outside collaborator has no such identity;
//     the public profile (/users/{login}) shows the address under which HR knows the contractor.
//   - "okta" (package okta): users, factors, groups, applications and their users, administrators and roles, password and
//     sign-on policies, the system log.
//   - "bamboohr" (package bamboohr): employees of the past, the present and the near future, changes, job information,
//     datasets and custom reports.
//   - "aws", "entra", "google" and "gitlab" (package logs): the audit logs of two clouds, two offices and a second code host, as
//     far as records are asked for by time. Records are shown some time after they happen, as in life.
//   - "terraform" (package terraform): infrastructure as code with a workspace for each program in production, the runs that its
//     releases are, and their states. What runs change is what the cloud's audit log tells of them; people also change by hand
//     what a workspace manages.
//
// Each package's comment lists its endpoints.
//
// # Life
//
// Package life makes the life and says what company practice is. Northwind observes itself, if anybody asks, at 23:30 UTC:
// what people do in the course of a day, such as closing the account of somebody who left at 17:00, is done by then.
//
// # Deviations
//
// With Config.Planted some people and things deviate from practice. Company.Deviations lists every one of them, and
// there is no other: by kind (life.Kinds), the entity as its system identifies it, and the instants from and to. Where one
// deviation makes another inevitable, both are listed: an account of a leaver that stays open is also an account of an
// inactive worker. Without Planted the list is empty and the life clean.
//
// # Faults
//
// Company.SetFault installs a function that decides about each request to a system: a slow answer, an error status with
// the vendor's own body and rate-limit headers, a body that breaks off or is no JSON, a list whose rows and total
// disagree, fields that come back null. See FaultResponse.
package simco
