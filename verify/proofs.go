package verify

import (
	"encoding/json"
	"strings"
)

// ProofPrefix is where a bundle of one organisation's keeps proofs of entries in another organisation's ledger: an auditor's bundle
// has its evidence sealed in the client's. A proof is named after the file it is of: "proofs/evidence/EV-2026-00142.parquet.json".
const ProofPrefix = "proofs/"

// checkProofs checks each proof that came along, and that the entry it proves names the hash of the file it is of.
func (b *bundle) checkProofs() {
	sums := make(map[string]string, len(b.man.Files))
	for _, f := range b.man.Files {
		sums[f.Path] = f.SHA256
	}
	for _, name := range b.below(ProofPrefix) {
		data := b.read(name, maxManifest)
		if data == nil {
			continue
		}
		b.rep.Proofs++
		rep, err := entryProof(data, Options{Keys: b.opt.Keys})
		if err != nil {
			b.rep.find(CheckFormat, name, "%v", err)
			continue
		}
		for _, f := range rep.Findings {
			b.rep.find(f.Check, name+" "+f.Place, "%s", f.Detail)
		}
		var p SingleProof
		if json.Unmarshal(data, &p) != nil || !rep.OK() {
			continue
		}
		of := strings.TrimSuffix(strings.TrimPrefix(name, ProofPrefix), ".json")
		if sum, ok := sums[of]; !ok {
			b.rep.find(CheckMissing, name, "proves %s, which the bundle does not hold", of)
		} else if !strings.Contains(p.Payload, sum) {
			b.rep.find(CheckUnsealed, of, "the entry that is proven does not name its hash")
		}
	}
}
