package people

import (
	"cmp"
	"slices"
	"strings"
)

// Branch is a person with those who report to them.
type Branch struct {
	Person
	Reports []*Branch
	Under   int // everybody below, whether directly or not
}

// Chart is the organisation as reporting lines draw it: of those who work here.
type Chart struct {
	Top   *Branch    // whoever reports to nobody and has most people below; nil without anybody
	Loose []*Branch  // others whose line does not lead to the top, with those below them
	Lost  []Person   // who starts such a line: reports to nobody, or to somebody who does not work here
	Rings [][]Person // people who report to each other in a circle
	Count int
}

// Draw makes the chart of those among people who work here.
func Draw(all []Person) Chart {
	var c Chart
	by := map[ID]*Branch{}
	var order []*Branch
	for _, p := range all {
		if p.Works() {
			x := &Branch{Person: p}
			by[p.ID] = x
			order = append(order, x)
		}
	}
	slices.SortStableFunc(order, func(a, b *Branch) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Ref, b.Ref))
	})
	c.Count = len(order)
	ring := rings(order, by, &c)
	var heads []*Branch
	for _, x := range order {
		m := by[x.Manager]
		switch {
		case ring[x.ID]: // drawn below as loose, cut where the circle closes
			continue
		case m == nil || m == x:
			heads = append(heads, x)
		default:
			m.Reports = append(m.Reports, x)
		}
	}
	for _, r := range c.Rings {
		first := by[r[0].ID]
		for _, p := range r[1:] {
			first.Reports = append(first.Reports, by[p.ID])
		}
		heads = append(heads, first)
	}
	for _, h := range heads {
		h.count()
	}
	for _, h := range heads {
		if !ring[h.ID] && h.Manager == "" && (c.Top == nil || h.Under > c.Top.Under) {
			c.Top = h
		}
	}
	for _, h := range heads {
		if h == c.Top {
			continue
		}
		c.Loose = append(c.Loose, h)
		if !ring[h.ID] {
			c.Lost = append(c.Lost, h.Person)
		}
	}
	return c
}

// rings finds the circles: following managers from anybody leads to the top, to somebody unknown, or round.
func rings(order []*Branch, by map[ID]*Branch, c *Chart) map[ID]bool {
	done, ring := map[ID]bool{}, map[ID]bool{}
	for _, x := range order {
		at := map[ID]int{}
		var path []*Branch
		for y := x; y != nil && !done[y.ID]; y = by[y.Manager] {
			if n, again := at[y.ID]; again {
				var people []Person
				for _, z := range path[n:] {
					people = append(people, z.Person)
					ring[z.ID] = true
				}
				slices.SortFunc(people, func(a, b Person) int { return strings.Compare(a.Ref, b.Ref) })
				c.Rings = append(c.Rings, people)
				break
			}
			at[y.ID] = len(path)
			path = append(path, y)
		}
		for _, y := range path {
			done[y.ID] = true
		}
	}
	return ring
}

func (b *Branch) count() int {
	b.Under = 0
	for _, r := range b.Reports {
		b.Under += 1 + r.count()
	}
	return b.Under
}

// Line is how a person's reporting line stands.
type Line string

// The states of a reporting line.
const (
	AtTop      Line = "top"     // reports to nobody, and most people report to them in the end
	Holds      Line = "holds"   // reports to somebody who works here
	ToNobody   Line = "nobody"  // no manager is known
	ToLeaver   Line = "left"    // the manager has left
	ToJoiner   Line = "joining" // the manager has not started yet
	ToStranger Line = "lost"    // no source tells of the manager any more
	InCircle   Line = "circle"  // following managers leads back to the person
	NotAsked   Line = ""        // does not work here
)

// Lines says of everybody how the reporting line stands. all must be the whole directory.
func Lines(all []Person) map[ID]Line {
	out, by := map[ID]Line{}, map[ID]Person{}
	for _, p := range all {
		by[p.ID] = p
	}
	c := Draw(all)
	for _, ring := range c.Rings {
		for _, p := range ring {
			out[p.ID] = InCircle
		}
	}
	for _, p := range all {
		if !p.Works() || out[p.ID] == InCircle {
			continue
		}
		m, known := by[p.Manager]
		switch {
		case c.Top != nil && c.Top.ID == p.ID:
			out[p.ID] = AtTop
		case p.Manager == "":
			out[p.ID] = ToNobody
		case !known || m.Gone != nil:
			out[p.ID] = ToStranger
		case m.State == Left:
			out[p.ID] = ToLeaver
		case m.State == Joining:
			out[p.ID] = ToJoiner
		default:
			out[p.ID] = Holds
		}
	}
	return out
}
