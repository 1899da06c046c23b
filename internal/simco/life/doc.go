// Package life is the simulated life of Northwind, a company that does not exist: its people, accounts, repositories,
// changes, deployments and settings over a year, every one of them as a timeline that can be read as of any instant.
// It holds no vendor's format and serves nothing; the packages github, okta and bamboohr render it.
//
// # The year
//
// A life runs from Start for Days days, with History days of people and access before it and CodeHistory days of code.
// The same Config gives the same life to the last byte: every entity draws from its own stream of random numbers,
// seeded by the configuration's seed and the entity's own number, so that one more entity never moves another.
//
// # Company practice
//
// People do what the company says they do, with room to spare:
//
//   - Screening is complete with result "clear", and the confidentiality agreement signed, on or before the hire date.
//   - The code of conduct is accepted within 14 days of hire and again at least every 365 days; security awareness
//     training is done within 30 days of hire and again at least every 365 days; people employed for longer than twelve
//     months had a performance review within the last 365 days.
//   - Every active worker has a manager (the chief executive excepted), a department and a title.
//   - An identity account belongs to a worker or is a service account (login svc-*, in the group "Service accounts"). It is
//     made on the hire date, has an active second factor within 24 hours of activation, signs in at least every 90 days,
//     and is deactivated within 24 hours of the end of work: 17:00 UTC on the termination date.
//   - A worker who changes department has the new department's group, and not the old one's, within 5 days.
//   - Administrators come from the group "IT administrators" and hold a phishing-resistant factor; at most four of them
//     are super administrators. Applications are assigned to active accounts only.
//   - Password policies ask for 12 characters, remember 5 passwords and lock after at most 10 attempts. Rules of sign-on
//     policies that allow access ask for a factor, and sessions end within 12 hours.
//   - The code host asks everybody for two-factor authentication and gives everybody at most read access. It has at most
//     five owners, all in the team platform-admins; members are active workers or registered bots; outside collaborators
//     are contractors whom HR knows; a leaver is out within 24 hours. Repositories are not public.
//   - The default branch of a production repository (topic "production") is protected at all times: an approving review,
//     stale reviews dismissed, administrators included, a status check, no force push, no deletion. Owners alone change
//     that, and never to less.
//   - A change merged there was approved on its last commit, before the merge, by somebody who wrote none of it; its
//     checks passed; its title or branch names a ticket (NW-123).
//   - Production is deployed by the pipeline identity, from a merge commit, and ends in success; a failed deployment is
//     retried or rolled back within a day.
//   - Critical dependency alerts are fixed within 7 days, high ones within 30.
//
// With Config.Planted the life also holds deviations from these practices, each listed in World.Deviations, and no other.
//
// # Traps
//
// Some things look wrong and are not, so that a reader who is too quick is caught: repositories without the production
// topic are unprotected and merge without review; merges to release branches and staging deployments follow no rule;
// an inactive sign-on rule asks for no factor; stale approvals are dismissed and given again; failed deployments are
// followed by a retry or a rollback; future hires are in the HR system as inactive; merge commits of open requests are
// test merges.
package life
