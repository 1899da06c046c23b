package event

import "sync"

// Recent keeps the last batches that were taken in the normal form, so that those who follow closely need not read the records once
// more. What is not there is read from the journal; it is the same.
type Recent struct {
	most int64 // bytes

	mu    sync.Mutex
	size  int64
	order []int64 // positions, the oldest first
	at    map[int64]recentBatch
}

type recentBatch struct {
	events []Event
	size   int64
}

// eventBytes is about what an event takes beside its record.
const eventBytes = 640

// NewRecent makes one that keeps about so many bytes.
func NewRecent(most int64) *Recent { return &Recent{most: most, at: map[int64]recentBatch{}} }

// put keeps the events of a batch, which nobody changes from then on.
func (r *Recent) put(pos int64, events []Event) {
	if r == nil || len(events) == 0 {
		return
	}
	x := recentBatch{events: events}
	for i := range events {
		x.size += 2*int64(len(events[i].Raw)) + eventBytes // the texts of the normal form hold the record once more
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[pos], r.order, r.size = x, append(r.order, pos), r.size+x.size
	for r.size > r.most {
		oldest := r.order[0]
		r.size -= r.at[oldest].size
		delete(r.at, oldest)
		r.order = r.order[1:]
	}
}

func (r *Recent) get(pos int64) []Event {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[pos].events
}

// eventsAt are the events of a batch at a position, from what is remembered or from the batch itself. They are shared: nobody changes them.
func (r *Recent) eventsAt(pos int64, b *batch) []Event {
	if events := r.get(pos); len(events) == len(b.records) {
		return events
	}
	return b.events(pos)
}

// known is an event of the batch, from those that are remembered of it if they are.
func (b *batch) known(events []Event, pos int64, n int) Event {
	if len(events) == len(b.records) {
		return events[n]
	}
	return b.event(pos, n)
}

// drop forgets the batch at a position.
func (r *Recent) drop(pos int64) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if x, ok := r.at[pos]; ok {
		r.size -= x.size
		r.at[pos] = recentBatch{} // its place in the order stays
	}
}
