// Command ledger measures how fast entries are appended durably and proofs are made and checked: the program's ledger, and
// Tessera's POSIX driver alone, which the ledger stands on.
package main

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tickmark/tickmark/bench/internal/measure"
)

// task is what a contender is to do.
type task struct {
	Dir     string
	Entries int // appended at each concurrency but one
	Alone   int // appended one after the other
	Clients int // that append at once
	Riding  int // entries of one transaction, where the contender has transactions
	Proofs  int
	Payload int // bytes
}

// result is what a contender used, by stage.
type result struct {
	Alone, Together, Riding, Seal, Make, Check measure.Usage
	ProofBytes                                 int64
}

// payload is the content of the n-th entry: as long as asked for, and different from the others.
func payload(n, size int) string {
	s := "evidence sealed " + strconv.Itoa(n) + " "
	return s + strings.Repeat("x", max(0, size-len(s)))
}

// together calls f for 0..n-1 from some clients at once and returns the first error.
func together(n, clients int, f func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, clients)
	for range clients {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

// timed measures a stage.
func timed(into *measure.Usage, f func() error) error {
	m := measure.Start()
	err := f()
	*into = m.Stop()
	return err
}

// pick spreads n picks over the entries without order: multiples of a prime, modulo the number of entries.
func pick(i, entries int) int { return i * 7919 % entries }

func main() {
	measure.Serve(map[string]measure.Part{"tickmark": measure.Typed(oursPart), "tessera": measure.Typed(tesseraPart)})
	t := task{}
	flag.IntVar(&t.Entries, "entries", 20_000, "entries to append with many clients")
	flag.IntVar(&t.Alone, "alone", 500, "entries to append with one client")
	flag.IntVar(&t.Clients, "clients", 64, "clients that append at once")
	flag.IntVar(&t.Riding, "riding", 100, "entries in one transaction")
	flag.IntVar(&t.Proofs, "proofs", 2000, "proofs to make and to check")
	flag.IntVar(&t.Payload, "payload", 256, "bytes of each entry's payload")
	dir := flag.String("dir", "", "folder for the data (default: a temporary one)")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		t.Entries, t.Alone, t.Clients, t.Riding, t.Proofs = 200, 5, 8, 20, 20
	}
	measure.Fatal(run(t, *dir))
}

func run(t task, parent string) error {
	dir, err := os.MkdirTemp(parent, "tickmark-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	measure.Header("ledger")
	of := func(part string) (result, error) {
		x := t
		x.Dir = filepath.Join(dir, part)
		if err := os.Mkdir(x.Dir, 0o700); err != nil {
			return result{}, err
		}
		return measure.Run[result](part, x)
	}
	ours, err := of("tickmark")
	if err != nil {
		return err
	}
	peer, err := of("tessera")
	if err != nil {
		return err
	}
	print(t, ours, peer)
	return nil
}

func print(t task, ours, peer result) {
	f := measure.Figure
	f("ledger.payload", float64(t.Payload), "bytes")
	f("ledger.entries", float64(t.Entries), "entries")
	many := strconv.Itoa(t.Clients)
	rate := func(name string, n int, u measure.Usage, unit string) float64 {
		f("ledger."+name, float64(n)/u.Seconds, unit+"/s")
		f("ledger."+name+".per_cpu_second", float64(n)/u.CPU, unit+"/cpu-s")
		return float64(n) / u.Seconds
	}
	one := rate("tickmark.append_1_client", t.Alone, ours.Alone, "entries")
	oneT := rate("tessera.append_1_client", t.Alone, peer.Alone, "entries")
	f("ledger.append_1_client.tickmark_over_tessera", one/oneT, "ratio")
	all := rate("tickmark.append_"+many+"_clients", t.Entries, ours.Together, "entries")
	allT := rate("tessera.append_"+many+"_clients", t.Entries, peer.Together, "entries")
	f("ledger.append_"+many+"_clients.tickmark_over_tessera", all/allT, "ratio")
	riding := rate("tickmark.append_"+strconv.Itoa(t.Riding)+"_in_a_transaction", t.Entries, ours.Riding, "entries")
	f("ledger.append_"+strconv.Itoa(t.Riding)+"_in_a_transaction.tickmark_over_tessera_"+many+"_clients", riding/allT, "ratio")
	rate("tickmark.seal_into_log", 2*t.Entries+t.Alone, ours.Seal, "entries")
	made := rate("tickmark.proofs_made", t.Proofs, ours.Make, "proofs")
	madeT := rate("tessera.proofs_made", t.Proofs, peer.Make, "proofs")
	f("ledger.proofs_made.tickmark_over_tessera", made/madeT, "ratio")
	checked := rate("tickmark.proofs_verified", t.Proofs, ours.Check, "proofs")
	checkedT := rate("tessera.proofs_verified", t.Proofs, peer.Check, "proofs")
	f("ledger.proofs_verified.tickmark_over_tessera", checked/checkedT, "ratio")
	f("ledger.tickmark.proof_size", float64(ours.ProofBytes)/float64(t.Proofs), "bytes")
	f("ledger.tessera.proof_size", float64(peer.ProofBytes)/float64(t.Proofs), "bytes")
	for _, x := range []struct {
		name string
		r    result
	}{{"tickmark", ours}, {"tessera", peer}} {
		peak := int64(0)
		for _, u := range []measure.Usage{x.r.Alone, x.r.Together, x.r.Riding, x.r.Seal, x.r.Make, x.r.Check} {
			peak = max(peak, u.Peak)
		}
		f("ledger."+x.name+".peak_memory", float64(peak)/(1<<20), "MiB")
	}
}
