package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/collect"
)

// counts are the verdicts of one rule. What lies outside of its population is in none of them.
type counts struct{ Pass, Fail, Unknown int64 }

func (c *counts) add(outcome string, n int64) {
	switch outcome {
	case "pass":
		c.Pass += n
	case "fail":
		c.Fail += n
	case "unknown":
		c.Unknown += n
	}
}

// task is what a contender is to do.
type task struct {
	File    string // accounts as the program keeps facts: Parquet
	Items   int    // how many of them, from the first
	Tests   int
	Workers int
	Dir     string // for what a contender writes
}

// result is what a contender found and used.
type result struct {
	measure.Usage
	Counts []counts
	// Stages are seconds of parts of the work, by name.
	Stages map[string]float64
}

func (r result) verdicts() (total, other int64) {
	for _, c := range r.Counts {
		total += c.Pass + c.Fail + c.Unknown
		other += c.Fail + c.Unknown
	}
	return total, other
}

// same compares the counts of two contenders rule by rule.
func same(a, b []counts, who string) error {
	if len(a) != len(b) {
		return fmt.Errorf("%s: %d rules were counted, not %d", who, len(b), len(a))
	}
	for i := range a {
		if a[i] != b[i] {
			return fmt.Errorf("%s disagree on %s: %+v and %+v", who, rules[i].id, a[i], b[i])
		}
	}
	return nil
}

// block is how many accounts a peer reads at once.
const block = 4096

// readAccounts reads accounts from the file in blocks. The slice is used again after each call.
func readAccounts(t task, each func([]collect.UserAccount) error) error {
	f, err := os.Open(t.File)
	if err != nil {
		return err
	}
	defer f.Close()
	r := parquet.NewGenericReader[collect.UserAccount](f)
	defer r.Close()
	rows := make([]collect.UserAccount, block)
	for left := t.Items; left > 0; {
		clear(rows)
		n, err := r.Read(rows[:min(block, left)])
		if n > 0 {
			left -= n
			if err := each(rows[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) && left == 0 {
				return nil
			}
			return err
		}
	}
	return nil
}

// spread reads the accounts and has workers judge them, each with a judge of its own, and adds up what they count.
func spread[T any](t task, make1 func(collect.UserAccount) T, judge func() (func(T, []counts) error, error)) ([]counts, error) {
	blocks := make(chan []T, t.Workers)
	type answer struct {
		counts []counts
		err    error
	}
	answers := make(chan answer, t.Workers)
	for range t.Workers {
		go func() {
			a := answer{counts: make([]counts, t.Tests)}
			one, err := judge()
			a.err = err
			for b := range blocks {
				for i := 0; i < len(b) && a.err == nil; i++ {
					a.err = one(b[i], a.counts)
				}
			}
			answers <- a
		}()
	}
	err := readAccounts(t, func(rows []collect.UserAccount) error {
		b := make([]T, len(rows))
		for i := range rows {
			b[i] = make1(rows[i])
		}
		blocks <- b
		return nil
	})
	close(blocks)
	total := make([]counts, t.Tests)
	for range t.Workers {
		a := <-answers
		err = errors.Join(err, a.err)
		for i, c := range a.counts {
			total[i].Pass += c.Pass
			total[i].Fail += c.Fail
			total[i].Unknown += c.Unknown
		}
	}
	return total, err
}
