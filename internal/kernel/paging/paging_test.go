package paging_test

import (
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func TestNorm(t *testing.T) {
	t.Parallel()
	for in, want := range map[paging.Query]paging.Query{
		{}:                         {Page: 1, Size: 100},
		{Page: -3, Size: -1}:       {Page: 1, Size: 100},
		{Page: 7, Size: 50}:        {Page: 7, Size: 50},
		{Page: 1, Size: 1_000_000}: {Page: 1, Size: 1000},
	} {
		if got := in.Norm(); got != want {
			t.Errorf("%+v: %+v", in, got)
		}
	}
	q := paging.Query{Page: 3, Size: 10}.Norm()
	if q.Offset() != 20 {
		t.Error(q.Offset())
	}
	for total, want := range map[int]int{0: 1, 1: 1, 10: 1, 11: 2} {
		if got := (paging.Result[int]{Total: total, Query: q}).Pages(); got != want {
			t.Errorf("%d rows: %d pages", total, got)
		}
	}
}
