//go:build unix

package sigma_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

func cloudtrail() sigma.Source {
	return sigma.Source{Name: "routed", Kinds: []sigma.Kind{{LogSource: sigma.LogSource{Product: "aws", Service: "cloudtrail"}}}}
}

func BenchmarkMatch(b *testing.B) {
	for _, x := range []struct {
		name, file string
		source     sigma.Source
	}{
		{"cloudtrail/routed", "events/cloudtrail-2900.ndjson.zst", cloudtrail()},
		{"cloudtrail/all", "events/cloudtrail-2900.ndjson.zst", sigma.Source{Name: "all", All: true}},
		{"windows/routed", "events/windows-20000.ndjson.zst", sigma.Windows("windows")},
		{"windows/all", "events/windows-20000.ndjson.zst", sigma.Source{Name: "all", All: true}},
	} {
		b.Run(x.name, func(b *testing.B) {
			e, err := sigma.Compile(corpus(b), sigma.Options{Sources: []sigma.Source{x.source}})
			if err != nil {
				b.Fatal(err)
			}
			events := lines(b, x.file)
			v := e.Evaluator()
			hits, size := 0, 0
			for _, ev := range events {
				h, err := v.Match(0, ev, time.Time{})
				if err != nil {
					b.Fatal(err)
				}
				hits += len(h)
				size += len(ev)
			}
			v.Flush()
			evaluated := int64(0)
			for i := range e.Rules() {
				evaluated += e.Counter(i).Evaluated
			}
			b.ReportMetric(float64(evaluated)/float64(len(events)), "candidates/event")
			b.ReportMetric(float64(hits)/float64(len(events)), "hits/event")
			b.SetBytes(int64(size / len(events)))
			b.ReportAllocs()
			b.ResetTimer()
			cpu := cpuSeconds()
			for i := 0; b.Loop(); i++ {
				if _, err := v.Match(0, events[i%len(events)], time.Time{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/(cpuSeconds()-cpu), "events/cpu-s")
			b.ReportMetric(float64(evaluated)/float64(len(events)), "candidates/event")
			b.ReportMetric(float64(hits)/float64(len(events)), "hits/event")
		})
	}
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
