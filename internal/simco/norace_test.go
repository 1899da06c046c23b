//go:build !race

package simco_test

const raced = false
