//go:build race

package simco_test

// raced says that the race detector watches, which makes everything ten times slower: long observations are cut short.
const raced = true
