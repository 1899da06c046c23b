// Package audit writes the audit logs that Northwind's systems would have kept of its life: each record as the vendor's own
// JSON, in the order of time, for any stretch of the life and at any volume. What the life knows it does not invent: sign-ins,
// grants, changes of groups and policies, pushes, reviews, merges and releases are those of package life; around them people
// work in their hours and time zones, robots and services run through the nights, somebody is on call, somebody mistypes.
//
// Into that, if asked, go attacks: each of them planned ahead, from the first sign to what is left behind, and listed with the
// truth about it in Attacks. The records themselves do not tell: an attacker's are written by the same hand as everybody's.
//
// The same life and options give the same bytes, and a day's records do not depend on which days were asked for.
//
// Addresses are those kept for documentation (RFC 5737, RFC 3849), networks' numbers too (RFC 5398); AWS accounts are those of
// the vendor's own examples.
package audit
