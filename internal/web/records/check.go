package records

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/verify"
)

// check is one thing that was checked while the page was made.
type check struct {
	Sign   sign
	What   string // what holds, or does not
	Detail string
}

// readNow is the most bytes whose hash is computed while a page is made; larger files are checked when they are downloaded.
const readNow = 64 << 20

// check looks at a piece of evidence itself: its content, its manifest, the ledger entry that sealed it, and the proof that
// the entry is in the signed log. Each is done now, on what is stored now.
func (s Services) check(r *page.Request, p piece) ([]check, error) {
	var out []check
	switch {
	case p.Bytes > readNow:
		out = append(out, check{sign{"na", "Not read"}, "The content is large and was not read for this page.", "It is checked against its hash when it is downloaded."})
	default:
		_, err := s.Content(p.Item)
		out = append(out, judged(err, "The content has the hash it was sealed with.", "The content is not what was sealed."))
	}
	if p.ManifestSHA256 != "" {
		_, err := s.Evidence.Blobs.Content(p.ManifestSHA256)
		out = append(out, judged(err, "The manifest has the hash it was sealed with.", "The manifest is not what was sealed."))
	}
	if !r.Can(access.ReadLedger) {
		return append(out, check{sign{"na", "Not shown"}, "The ledger is not open to your role.", ""}), nil
	}
	proof, err := s.prove(r.Context(), r.Read(), p.Seq)
	if err != nil {
		return nil, err
	}
	if proof.Entry != nil {
		out = append(out, sealedIn(proof, p))
	}
	return append(out, proof.Check), nil
}

func judged(err error, good, bad string) check {
	if err == nil {
		return check{sign{"pass", "Checked"}, good, ""}
	}
	return check{sign{"fail", "Failed"}, bad, page.Sentence(err)}
}

// sealedIn reports whether a ledger entry names a piece of evidence with its hash.
func sealedIn(p proof, e piece) check {
	if p.Payload == "" {
		return check{sign{"na", "Erased"}, "The entry’s payload was erased.", "It still proves that something was sealed then, not what."}
	}
	var said struct {
		Manifest string `json:"manifest_sha256"`
		Items    []struct {
			Ref    string `json:"ref"`
			SHA256 string `json:"sha256"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(p.Payload), &said); err != nil {
		return check{sign{"fail", "Failed"}, "The entry does not say what it sealed.", err.Error()}
	}
	for _, i := range said.Items {
		if i.Ref == e.Ref && i.SHA256 == e.SHA256 && said.Manifest == e.ManifestSHA256 {
			return check{sign{"pass", "Checked"}, fmt.Sprintf("Ledger entry %s names this evidence with the same hashes.", page.Count(e.Seq)), ""}
		}
	}
	return check{sign{"fail", "Failed"}, fmt.Sprintf("Ledger entry %s names other hashes.", page.Count(e.Seq)), "The record of this evidence was changed after it was sealed."}
}

// proof is a proof that an entry is in the log, and what checking it said.
type proof struct {
	Entry   *verify.Entry
	Payload string
	Batch   *verify.Batch
	Leaf    int64
	Path    int // hashes from the entry to the log's root
	Size    int64
	Key     string
	Notes   []string
	Check   check
	JSON    []byte
}

// prove builds the proof of an entry and checks it as an outsider would, with package verify and nothing else. Waiting to be
// sealed is a state, not a failure.
func (s Services) prove(ctx context.Context, scope access.ReadScope, seq int64) (proof, error) {
	made, err := s.Ledger.Prove(ctx, scope, seq)
	if errs.Is(err, errs.Unavailable) || errs.Is(err, errs.NotFound) {
		if _, eerr := s.Ledger.Store.Entry(ctx, scope, seq); eerr != nil {
			return proof{}, eerr
		}
		return proof{Check: check{sign{"prog", "Waiting"}, fmt.Sprintf("Entry %s waits to be put into the signed log.", page.Count(seq)), "The server does that every few seconds; the command is: tickmark ledger seal"}}, nil
	}
	if err != nil {
		return proof{}, err
	}
	p := proof{Payload: made.Payload, Leaf: made.Leaf, Path: len(made.Path) + len(made.LogPath)}
	if p.JSON, err = json.MarshalIndent(made, "", " "); err != nil {
		return p, err
	}
	rep, err := verify.Proof(p.JSON, verify.Options{Keys: []string{s.Ledger.Log.Key()}})
	if err != nil {
		return p, errs.As(errs.Internal, err, "proof of entry %d", seq)
	}
	p.Entry, p.Batch = &verify.Entry{}, &verify.Batch{}
	if err := json.Unmarshal([]byte(made.Entry), p.Entry); err != nil {
		return p, errs.As(errs.Internal, err, "entry %d", seq)
	}
	if err := json.Unmarshal([]byte(made.Batch), p.Batch); err != nil {
		return p, errs.As(errs.Internal, err, "batch of entry %d", seq)
	}
	p.Size, p.Key, p.Notes = rep.Size, rep.Key, rep.Notes
	if rep.OK() {
		p.Check = check{sign{"pass", "Checked"}, fmt.Sprintf("Entry %s is in the signed log.", page.Count(seq)),
			fmt.Sprintf("%s lead from it to the root of %s; the signature is good.", page.Plural(p.Path, "hash", "hashes"), page.Plural(rep.Size, "leaf", "leaves"))}
		return p, nil
	}
	faults := make([]string, len(rep.Findings))
	for i, f := range rep.Findings {
		faults[i] = f.String()
	}
	p.Check = check{sign{"fail", "Failed"}, fmt.Sprintf("The proof of entry %s does not hold.", page.Count(seq)), strings.Join(faults, " ")}
	return p, nil
}
