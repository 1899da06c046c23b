// Package verify checks, offline and with nothing else at hand, what Tickmark exports: engagement bundles, case files of incidents,
// single ledger proofs and single events. It holds the public formats and imports nothing else of the program, so that an outsider can
// read it in an hour, or write another one.
//
// # The ledger
//
// Each organisation has a chain of entries with contiguous sequence numbers; an entry carries the hash of the one before.
// Entries are sealed in batches: the Merkle root over a batch's entries, the numbers it covers and the hash of the
// organisation's previous batch form a manifest, and the manifest is one leaf of a transparency log (RFC 6962 hashing,
// C2SP tlog-tiles, C2SP signed-note checkpoints). The chain proves that nothing is missing inside an organisation; the log
// proves that nothing was rewritten afterwards.
//
// A payload is not in its entry: the entry holds HMAC-SHA-256(salt, payload). Erasing payload and salt leaves the log valid.
//
// # Events
//
// Events are filed in segments. The ledger entry of a segment names the Merkle root over the commitments of its events, each made of
// the identifier, a salt and the record; one event is proven by these, its path to the root, and the proof of the entry.
//
// # Case files
//
// The case file of an incident is an archive of papers, of the record of each event with its proof, and of ledger entries with theirs. Its
// manifest names every file and every event, also those whose record is not there, and a ledger entry holds the hash of that
// (CaseSealHash). All proofs lead to one checkpoint.
//
// # Samples
//
// A bundle can hold frozen populations and the samples drawn from them: the rows are hashed again, each sample is drawn again from
// its seed (Draw), and the ledger shows that the seed was on record before the items.
package verify
