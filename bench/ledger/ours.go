package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/verify"
)

// oursPart appends to the ledger of an installation on SQLite: each entry durable when Append returns, numbered and chained
// in its transaction; then seals all of them into the log, makes proofs with ledger.Service.Prove and checks each with
// verify.Proof and the key, signature included.
func oursPart(t task) (result, error) {
	ctx := context.Background()
	var out result
	a, err := app.Open(ctx, app.Config{Data: t.Dir, Database: "sqlite:" + filepath.Join(t.Dir, "records.db")}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return out, err
	}
	defer a.Close(ctx) //nolint:errcheck // the process ends
	now := time.Now()
	_, scope, err := a.CreateOrg(ctx, "bench", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Owner"}, false)
	if err != nil {
		return out, err
	}
	if _, err := a.Ledger.Seal(ctx, now); err != nil { // what setting up left
		return out, err
	}
	add := func(ctx context.Context, i int) error {
		_, err := a.Ledger.Store.Append(ctx, scope, now, "bench.entry", fmt.Sprint("entry_", i), payload(i, t.Payload))
		return err
	}
	err = timed(&out.Alone, func() error { return together(t.Alone, 1, func(i int) error { return add(ctx, i) }) })
	if err != nil {
		return out, err
	}
	err = timed(&out.Together, func() error { return together(t.Entries, t.Clients, func(i int) error { return add(ctx, i) }) })
	if err != nil {
		return out, err
	}
	err = timed(&out.Riding, func() error {
		return together(t.Entries/t.Riding, t.Clients, func(i int) error {
			return a.DB.InTx(ctx, func(ctx context.Context) error {
				for k := range t.Riding {
					if err := add(ctx, i*t.Riding+k); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
	if err != nil {
		return out, err
	}
	if err := timed(&out.Seal, func() error { _, err := a.Ledger.Seal(ctx, now); return err }); err != nil {
		return out, err
	}
	return out, oursProofs(ctx, a, scope, t, &out)
}

func oursProofs(ctx context.Context, a *app.App, scope access.Scope, t task, out *result) error {
	head, err := a.Ledger.Store.Head(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	proofs := make([][]byte, t.Proofs)
	err = timed(&out.Make, func() error {
		for i := range proofs {
			p, err := a.Ledger.Prove(ctx, scope.ReadScope, head.Seq-int64(pick(i, t.Entries)))
			if err != nil {
				return err
			}
			if proofs[i], err = json.Marshal(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	keys := []string{a.Ledger.Log.Key()}
	return timed(&out.Check, func() error {
		for _, p := range proofs {
			out.ProofBytes += int64(len(p))
			rep, err := verify.Proof(p, verify.Options{Keys: keys})
			if err != nil {
				return err
			}
			if !rep.OK() || rep.Payloads != 1 {
				var all []string
				for _, f := range rep.Findings {
					all = append(all, f.String())
				}
				return fmt.Errorf("a proof does not hold: %s", strings.Join(all, "; "))
			}
		}
		return nil
	})
}
