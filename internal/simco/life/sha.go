package life

import "encoding/binary"

// A commit's name carries where the commit is, scrambled: repository, position of the pull request, commit number. So the
// name of any commit can be read back without a table.

// SHA is the name of a pull request's commit: of its n-th one, of its merge (MergeCommit) or of its trial merge
// (TestMerge).
func (w *World) SHA(repo int32, p *Pull, n int) string {
	return w.shaOf(uint64(repo)<<40 | uint64(uint32(p.Number))<<8 | uint64(n))
}

// LooseSHA is the name of the n-th commit of a repository that belongs to no pull request.
func (w *World) LooseSHA(repo int32, n int) string {
	return w.shaOf(1<<60 | uint64(repo)<<40 | uint64(n))
}

func (w *World) shaOf(ref uint64) string {
	x := mix(ref ^ mix(w.Seed))
	var raw [20]byte
	binary.BigEndian.PutUint64(raw[:], x)
	binary.BigEndian.PutUint64(raw[8:], mix(x+1))
	binary.BigEndian.PutUint32(raw[16:], uint32(mix(x+2)))
	const digits = "0123456789abcdef"
	var out [40]byte
	for i, c := range raw {
		out[2*i], out[2*i+1] = digits[c>>4], digits[c&15]
	}
	return string(out[:])
}

// CommitAt reads the name of a commit of a pull request back; nil if there is no such commit.
func (w *World) CommitAt(repo int32, sha string) (*Pull, int) {
	if len(sha) != 40 {
		return nil, 0
	}
	var x uint64
	for i := range 16 {
		c := sha[i]
		switch {
		case c >= '0' && c <= '9':
			x = x<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			x = x<<4 | uint64(c-'a'+10)
		default:
			return nil, 0
		}
	}
	ref := unmix(x) ^ mix(w.Seed)
	if ref>>40 != uint64(repo) || w.shaOf(ref) != sha {
		return nil, 0
	}
	r := &w.Repos[repo]
	p := r.PullByNumber(int32(uint32(ref >> 8)))
	n := int(ref & 255)
	if p == nil || n >= len(p.Commits) && n != MergeCommit && n != TestMerge {
		return nil, 0
	}
	return p, n
}

// PullByNumber finds a pull request of the repository; nil if there is none.
func (r *Repo) PullByNumber(number int32) *Pull {
	lo, hi := 0, len(r.Pulls)
	for lo < hi {
		mid := (lo + hi) / 2
		if r.Pulls[mid].Number < number {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(r.Pulls) && r.Pulls[lo].Number == number {
		return &r.Pulls[lo]
	}
	return nil
}
