package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/verify"
)

// quarters is how many segments a day has where little is sent: one each quarter of an hour.
const quarters = 24 * 4

// compaction measures the same questions over a month in small segments, as they are filed, and over what compaction makes of them.
func compaction(dir string, n int) error {
	measure.Header("compaction")
	tmp, err := os.MkdirTemp(dir, "compaction")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := fillSmall(tmp, n); err != nil {
		return err
	}
	f := measure.Figure
	f("compaction.events", float64(n), "events")
	for _, when := range []string{"before", "after"} {
		if when == "after" {
			r, err := measure.Run[result]("compact", task{tmp, n})
			if err != nil {
				return err
			}
			f("compaction.rate", float64(n)/r.Seconds["compact"], "events/s")
			r.Use.Figures("compaction")
		}
		files, size := 0, int64(0)
		err := filepath.Walk(filepath.Join(tmp, "events"), func(_ string, st os.FileInfo, err error) error {
			if err == nil && !st.IsDir() {
				files, size = files+1, size+st.Size()
			}
			return err
		})
		if err != nil {
			return err
		}
		f("compaction."+when+".files", float64(files), "files")
		f("compaction."+when+".on_disk", float64(size)/float64(n), "B")
		r, err := measure.Run[result]("tickmark", task{tmp, n})
		if err != nil {
			return err
		}
		for _, q := range questions {
			f("compaction."+when+"."+q.name, r.Seconds[q.name], "s")
		}
	}
	return nil
}

func fillSmall(dir string, n int) error {
	ctx := context.Background()
	in, err := open(ctx, dir)
	if err != nil {
		return err
	}
	store := in.app.EventSealer.Segments
	if err := store.SetFiled(ctx, int64(n)+1); err != nil {
		return err
	}
	files := eventlake.Files{Dir: lake.Dir{Root: filepath.Join(dir, "events")}}
	salt := make([]byte, 16)
	for i := range days * quarters {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		s := event.Segment{ID: fmt.Sprintf("seg_%06d", i), Logs: []string{"aws.cloudtrail"}, Sealed: from}
		day := from.AddDate(0, 0, i/quarters).Format(time.DateOnly)
		begin, end := i*n/(days*quarters), (i+1)*n/(days*quarters)
		s.File = fmt.Sprintf("%s/%s/%s.parquet", in.scope.Org(), day, event.FirstID(int64(begin+1)))
		f, err := files.Create(s.File)
		if err != nil {
			return err
		}
		var leaves []tlog.Hash
		for k := begin; k < end; k++ {
			e := made(k, n, r)
			if s.Rows == 0 {
				s.First, s.From = e.ID, e.At
			}
			s.Last, s.To, s.Rows, s.RawBytes = e.ID, e.At, s.Rows+1, s.RawBytes+int64(len(e.Raw))
			leaves = append(leaves, event.Commitment(e.ID, salt, e.Raw))
			if err := f.Write(&e, salt); err != nil {
				f.Abort()
				return err
			}
		}
		if s.SHA256, s.Bytes, err = f.Commit(); err != nil {
			return err
		}
		root := verify.RootOf(leaves)
		s.Root = hex.EncodeToString(root[:])
		if err := store.AddSegment(ctx, in.scope, s); err != nil {
			return err
		}
	}
	return in.app.Close(ctx)
}

func compactPart(t task) (result, error) {
	ctx := context.Background()
	in, err := open(ctx, t.Dir)
	if err != nil {
		return result{}, err
	}
	m, start := measure.Start(), time.Now()
	err = in.app.CompactEvents(ctx, in.scope, nil)
	r := result{Seconds: map[string]float64{"compact": time.Since(start).Seconds()}}
	r.Use = m.Stop()
	if err != nil {
		return r, err
	}
	return r, in.app.Close(ctx)
}
