package github

import (
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/simco/wire"
)

// identities lists the identities of present members who have one.
func (x *execution) identities(f *field) error {
	first, err := strconv.Atoi(f.args["first"])
	if err != nil {
		return complain("You must provide a `first` or `last` value to properly paginate the `externalIdentities` connection.")
	}
	if first < 1 || first > 100 {
		return complain("Requesting %d records on the `externalIdentities` connection exceeds the `first` limit of 100 records.", first)
	}
	var all []int32
	for _, m := range x.v.members {
		if x.s.w.Logins[m.Subject].NameID != "" {
			all = append(all, m.Subject)
		}
	}
	from := 0
	if c := f.args["after"]; c != "" {
		last, err := strconv.ParseInt(decodeCursor(c), 10, 32)
		if err != nil {
			return complain("`%s` does not appear to be a valid cursor.", c)
		}
		from, _ = slices.BinarySearch(all, int32(last)+1)
	}
	lo, hi := wire.Window(len(all), from, first)
	x.j.O(f.key())
	for i := range f.of {
		g := &f.of[i]
		switch g.name {
		case "totalCount":
			x.j.I(g.key(), int64(len(all)))
		case "pageInfo":
			start, end := "", ""
			if hi > lo {
				start, end = encodeCursor(itoa(int64(all[lo]))), encodeCursor(itoa(int64(all[hi-1])))
			}
			err = x.leaf(g, "PageInfo", map[string]any{"hasNextPage": hi < len(all), "hasPreviousPage": lo > 0,
				"startCursor": start, "endCursor": end})
			if err != nil {
				return err
			}
		case "edges", "nodes":
			x.j.A(g.key())
			for _, l := range all[lo:hi] {
				if err := x.edge(g, l); err != nil {
					return err
				}
			}
			x.j.EndArr()
		default:
			return unknown(g, "ExternalIdentityConnection")
		}
	}
	x.j.End()
	return nil
}

func (x *execution) edge(f *field, login int32) error {
	if f.name == "nodes" {
		return x.identity(f.of, login)
	}
	x.j.Obj()
	for i := range f.of {
		g := &f.of[i]
		switch g.name {
		case "cursor":
			x.j.S(g.key(), encodeCursor(itoa(int64(login))))
		case "node":
			x.j.Key(g.key())
			if err := x.identity(g.of, login); err != nil {
				return err
			}
		default:
			return unknown(g, "ExternalIdentityEdge")
		}
	}
	x.j.End()
	return nil
}

func (x *execution) identity(of []field, login int32) error {
	l := &x.s.w.Logins[login]
	x.j.Obj()
	for i := range of {
		g := &of[i]
		switch g.name {
		case "guid":
			x.j.S(g.key(), x.s.w.GUID(uint64(l.ID)))
		case "id":
			x.j.S(g.key(), node("ExternalIdentity", l.ID))
		case "samlIdentity":
			if err := x.leaf(g, "ExternalIdentitySamlAttributes", map[string]any{"nameId": l.NameID, "username": l.NameID}); err != nil {
				return err
			}
		case "scimIdentity":
			x.j.N(g.key())
		case "user":
			err := x.leaf(g, "User", map[string]any{"login": l.Name, "databaseId": l.ID, "name": l.Full, "email": l.Email})
			if err != nil {
				return err
			}
		default:
			return unknown(g, "ExternalIdentity")
		}
	}
	x.j.End()
	return nil
}
