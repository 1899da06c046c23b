// Package engagement is the examination: which report, over which period and criteria, and the frozen dossier that the
// report is made from.
package engagement
