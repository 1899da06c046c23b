package engagement

import (
	"fmt"
	"strings"
	"time"
)

// readme is the page an auditor reads first.
func readme(e Engagement, f Frozen, d *Dossier) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# %s: %s", d.Org.Name, e.Title)
	p("")
	if d.Org.Simulated {
		p("**The records of this bundle come from a simulated company. They show how the program works and prove nothing about anybody.**")
		p("")
	}
	p("Engagement %s, period %s, dossier %d frozen on %s. SHA-256 of the dossier: `%s`.", e.Ref, e.Period, f.Number, f.At.UTC().Format("2 January 2006 15:04 UTC"), f.SHA256)
	p("")
	p("This is management's material for an examination. It holds no opinion; only the independent auditor gives one.")
	p("")
	p("## What is here")
	p("| path | what |")
	p("|---|---|")
	p("| `dossier.json` | everything the report says, as data |")
	p("| `report/` | the draft report |")
	p("| `issued/` | the report as the auditor issued it, in every format; only in the bundle of an issued report |")
	p("| `tests/` | each test as it was installed: question, population, statement, fixtures |")
	p("| `rerun/` | for each test, a script that runs its last evaluation again |")
	p("| `results.ndjson`, `results/` | every evaluation of the period: figures and hash; every row that did not pass, and the members that did |")
	p("| `evidence.ndjson`, `data/`, `manifests/` | every file of facts, with the manifest of the run that read it: what was asked, how many rows came, how many the source says there are |")
	p("| `ledger/` | the chain of the organisation, its batches, and the transparency log around them |")
	p("| `bundle.json` | the list of all files with their hashes, sealed by a ledger entry |")
	p("")
	p("## Check it")
	p("1. `tickmark verify FILE --key KEY` checks signatures, inclusion of every entry, no gap, no fork, and the hash of every file. It needs no network and no server. Get KEY from the organisation by another way than this file: the key inside proves only that the file is consistent. The format is documented in the public Go package `verify`; writing another verifier takes a day.")
	p("2. Keep the checkpoint (`ledger/checkpoint`). A later bundle must contain its history: `tickmark verify LATER --checkpoint KEPT`.")
	p("")
	p("## Run the tests again")
	p("Unpack the bundle, and with a stock DuckDB (1.1 or newer):")
	p("")
	p("    duckdb < rerun/TEST.sql")
	p("")
	p("Each script loads the same files, runs the same statement with the same parameters, compares the verdicts with the population, and prints `rows_sha256`. It must equal the one recorded:")
	p("")
	p("| test | population | as of | rows_sha256 | ledger entry |")
	p("|---|---|---|---|---|")
	for _, t := range d.Tests {
		if t.Final.RunID != "" {
			p("| %s | %d | %s | `%s` | %d |", t.ID, t.Final.Population, t.Final.AsOf.UTC().Format(time.RFC3339), t.Final.RowsSHA256, t.Final.Seq)
		}
	}
	p("")
	p("To run a test for another day, find the evaluation in `results.ndjson`: `inputs` names the evidence it read, `evidence.ndjson` the file of each; put those files and the instant into the script.")
	p("")
	p("## What it cannot show")
	p("Nothing proves an event that never reached the program. Sources were counted against their own totals where they give one (`completeness` in `evidence.ndjson`: proven, asserted, incomplete); days that were not tested are gaps in the report, not passes.")
	return b.String()
}
