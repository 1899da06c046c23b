// Package measure runs the contenders of a benchmark, each in a process of its own so that time and memory are its own, and
// prints figures as lines of the form "name value unit".
package measure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// envPart names the contender that a process was started as.
const envPart = "TICKMARK_BENCH_PART"

// Part is one contender: it reads what it is to do and returns what it found.
type Part func(in json.RawMessage) (any, error)

// Typed makes a Part of a function with typed input and output.
func Typed[In, Out any](f func(In) (Out, error)) Part {
	return func(raw json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return f(in)
	}
}

// Serve turns this process into a contender when it was started as one, and ends it. In any other process it returns.
func Serve(parts map[string]Part) {
	name := os.Getenv(envPart)
	if name == "" {
		return
	}
	raw, err := io.ReadAll(os.Stdin)
	if err == nil {
		var out any
		if out, err = parts[name](raw); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(out)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Run starts this program again as a contender and waits for its result.
func Run[Out any](part string, in any) (Out, error) {
	var out Out
	raw, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	self, err := os.Executable()
	if err != nil {
		return out, err
	}
	var stdout bytes.Buffer
	cmd := exec.Command(self) //nolint:gosec // this program itself
	cmd.Env = append(os.Environ(), envPart+"="+part)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(raw), &stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return out, fmt.Errorf("%s: %w", part, err)
	}
	return out, json.Unmarshal(stdout.Bytes(), &out)
}

// Figure prints one figure. Digits beyond what a run can repeat are left out.
func Figure(name string, value float64, unit string) {
	digits := 4
	switch {
	case value >= 100 || value == float64(int64(value)):
		digits = 0
	case value >= 1:
		digits = 2
	}
	fmt.Printf("%s %s %s\n", name, strconv.FormatFloat(value, 'f', digits, 64), unit)
}

// Figures prints what a contender used: seconds, CPU seconds, and its peak of memory.
func (u Usage) Figures(name string) {
	Figure(name+".wall", u.Seconds, "s")
	Figure(name+".cpu", u.CPU, "cpu-s")
	Figure(name+".peak_memory", float64(u.Peak)/(1<<20), "MiB")
}

// Fatal ends the program on an error.
func Fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
