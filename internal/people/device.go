package people

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// DeviceID identifies a hand-out of a device.
type DeviceID string

// Device is a thing of the organisation that a person has or had: one record for each time it was given to somebody.
type Device struct {
	ID         DeviceID
	Ref        string // "DV-0012"
	Serial     string // serial or inventory number; one that is out is out once
	Kind       string // one of DeviceKinds
	Name       string // maker and model, or what it opens
	Holder     ID
	HolderRef  string      // filled when read
	HolderName string      // filled when read
	Holding    State       // of the holder; filled when read
	HolderEnd  period.Date // last day of the holder; filled when read
	Given      period.Date
	Returned   period.Date // 0 while it is out
	WrittenOff bool        // it did not come back and is not expected any more, for the reason in Note
	Note       string
	Version    int
	Created    time.Time
	Updated    time.Time
}

// DeviceKinds lists what can be given to people, with how it is called.
func DeviceKinds() [][2]string {
	return [][2]string{{"laptop", "Laptop"}, {"phone", "Phone"}, {"tablet", "Tablet"}, {"token", "Security key"}, {"badge", "Badge"}, {"key", "Key"}, {"other", "Other"}}
}

// DeviceKind is how a kind is called.
func DeviceKind(kind string) string {
	for _, k := range DeviceKinds() {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

// ReturnDays is within how many days after the last day a device is expected back.
const ReturnDays = 7

// Out reports whether the device is with its holder.
func (d Device) Out() bool { return d.Returned == 0 && !d.WrittenOff }

// Overdue reports whether a leaver still has the device after the days in which it was expected back.
func (d Device) Overdue(today period.Date) bool {
	return d.Out() && d.Holding == Left && (d.HolderEnd == 0 || today > d.HolderEnd+ReturnDays)
}

// DeviceFilter narrows a list of devices. Zero values do not narrow.
type DeviceFilter struct {
	Holders []ID
	Kind    string
	State   string // "out", "returned", "written_off", or "leaver": out with somebody who left
	Serial  string
	Overdue period.Date // out with somebody who left so long before the day that it is overdue
}

// Devices keeps what people have. Laws: a reference is unique in an organisation; a serial number that is out is out once, and a
// second hand-out is a Conflict; SaveDevice does nothing but report a Conflict when the version is not the base.
type Devices interface {
	Hand(ctx context.Context, s access.Scope, all []Device) ([]Device, error)
	SaveDevice(ctx context.Context, s access.Scope, d Device, base int) error
	Device(ctx context.Context, s access.ReadScope, idOrRef string) (Device, error)
	// Devices lists what is out before what came back. Sort names: ref, serial, kind, holder, given, returned.
	Devices(ctx context.Context, s access.ReadScope, f DeviceFilter, q paging.Query) (paging.Result[Device], error)
}

// Bounds of what people write, in characters.
const (
	maxSerial = 80
	maxLine   = 200
	maxNote   = 2000
	minWhy    = 10
	maxAtOnce = 5000
)

// NewDevice is a device to give to a person.
type NewDevice struct {
	Serial, Kind, Name string
	Holder             string // identifier, reference, address or employee number
	Given              period.Date
	Note               string
}

// StaleDevice is the cause of a Conflict when somebody else changed a device meanwhile.
type StaleDevice struct{ Theirs Device }

// Error says when the record was changed.
func (s *StaleDevice) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}

// Give records that a person was given a device.
func (s *Service) Give(ctx context.Context, scope access.Scope, now time.Time, n NewDevice) (Device, error) {
	all, err := s.GiveAll(ctx, scope, now, []NewDevice{n})
	if err != nil {
		return Device{}, err
	}
	return all[0], nil
}

// GiveAll records what people were given, all or nothing, with one ledger entry.
func (s *Service) GiveAll(ctx context.Context, scope access.Scope, now time.Time, list []NewDevice) ([]Device, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > maxAtOnce {
		return nil, errs.New(errs.Invalid, "%d devices at once: it takes 1 to %d", len(list), maxAtOnce)
	}
	var out []Device
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var add []Device
		for _, n := range list {
			d, err := s.device(ctx, scope, now, n)
			if err != nil {
				return err
			}
			add = append(add, d)
		}
		var err error
		if out, err = s.Devices.Hand(ctx, scope, add); err != nil {
			return err
		}
		var refs []string
		for _, d := range out {
			refs = append(refs, d.Ref)
		}
		subject := "devices"
		if len(out) == 1 {
			subject = string(out[0].ID)
		}
		_, err = s.Ledger.Append(ctx, scope, now, "device.given", subject, map[string]any{"refs": refs, "count": len(out)})
		return err
	})
	return out, err
}

func (s *Service) device(ctx context.Context, scope access.Scope, now time.Time, n NewDevice) (Device, error) {
	d := Device{
		ID: DeviceID(id.New("dev", now)), Serial: text.Line(n.Serial), Kind: n.Kind, Name: text.Line(n.Name), Given: n.Given, Note: text.Prose(n.Note),
		Version: 1, Created: now, Updated: now,
	}
	if err := d.check(now); err != nil {
		return d, err
	}
	who := text.Line(n.Holder)
	if who == "" {
		return d, errs.New(errs.Invalid, "say who was given the device").At("holder")
	}
	p, err := s.Store.Person(ctx, scope.ReadScope, who)
	if errs.Is(err, errs.NotFound) {
		return d, errs.New(errs.Invalid, "nobody has the reference, address or number %q", who).At("holder").WithHint("Give the reference, such as P-0142, or the address.")
	}
	if err == nil && p.State == Left && p.Ended != 0 && d.Given > p.Ended {
		return d, errs.New(errs.Invalid, "%s left on %s", p.Name, p.Ended).At("given").WithHint("Give a day on which the person worked here.")
	}
	d.Holder, d.HolderRef, d.HolderName, d.Holding, d.HolderEnd = p.ID, p.Ref, p.Name, p.State, p.Ended
	return d, err
}

func (d Device) check(now time.Time) error {
	today := period.Of(now)
	for _, err := range []error{
		text.Bounds("serial", "the serial or inventory number", d.Serial, 1, maxSerial), text.Bounds("name", "the name", d.Name, 0, maxLine),
		text.Bounds("note", "the note", d.Note, 0, maxNote),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case !slices.ContainsFunc(DeviceKinds(), func(k [2]string) bool { return k[0] == d.Kind }):
		return errs.New(errs.Invalid, "choose what it is").At("kind")
	case d.Given <= 0:
		return errs.New(errs.Invalid, "give the day on which it was given").At("given").WithHint("A day such as 2026-03-31.")
	case d.Given > today:
		return errs.New(errs.Invalid, "%s is to come", d.Given).At("given").WithHint("Record what has happened.")
	case d.Returned != 0 && d.Returned < d.Given:
		return errs.New(errs.Invalid, "it was given on %s only", d.Given).At("returned")
	case d.Returned > today:
		return errs.New(errs.Invalid, "%s is to come", d.Returned).At("returned").WithHint("Record what has happened.")
	case d.WrittenOff:
		return text.Bounds("note", "the reason", d.Note, minWhy, maxNote)
	}
	return nil
}

// Return records that a device came back on a day; base is the version the editor saw, 0 for any.
func (s *Service) Return(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, on period.Date, note string) (Device, error) {
	return s.changeDevice(ctx, scope, now, ref, base, "device.returned", func(d *Device) error {
		if !d.Out() {
			return errs.New(errs.Conflict, "%s is not out any more", d.Ref)
		}
		if on <= 0 {
			return errs.New(errs.Invalid, "give the day on which it came back").At("returned").WithHint("A day such as 2026-03-31.")
		}
		d.Returned = on
		if note = text.Prose(note); note != "" {
			d.Note = note
		}
		return nil
	})
}

// WriteOff records that a device does not come back, and why.
func (s *Service) WriteOff(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Device, error) {
	return s.changeDevice(ctx, scope, now, ref, base, "device.written_off", func(d *Device) error {
		if !d.Out() {
			return errs.New(errs.Conflict, "%s is not out any more", d.Ref)
		}
		d.WrittenOff, d.Note = true, text.Prose(why)
		return nil
	})
}

// TakeBack undoes a return or a write-off that was recorded by mistake: the device is out again.
func (s *Service) TakeBack(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Device, error) {
	return s.changeDevice(ctx, scope, now, ref, base, "device.out_again", func(d *Device) error {
		if d.Out() {
			return errs.New(errs.Conflict, "%s is out", d.Ref)
		}
		d.Returned, d.WrittenOff = 0, false
		return nil
	})
}

func (s *Service) changeDevice(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string, do func(*Device) error) (Device, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return Device{}, err
	}
	var d Device
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Devices.Device(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.Changed(was.Ref, &StaleDevice{Theirs: was})
		}
		d = was
		if err := do(&d); err != nil {
			return err
		}
		if err := d.check(now); err != nil {
			return err
		}
		d.Version, d.Updated = was.Version+1, now
		if err := s.Devices.SaveDevice(ctx, scope, d, was.Version); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(d.ID), map[string]any{
			"ref": d.Ref, "holder": d.HolderRef, "returned": dateText(d.Returned), "note": d.Note,
		})
		return err
	})
	return d, err
}

// Device reads a hand-out by identifier or reference.
func (s *Service) Device(ctx context.Context, scope access.ReadScope, ref string) (Device, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return Device{}, err
	}
	return s.Devices.Device(ctx, scope, ref)
}

// ListDevices lists devices.
func (s *Service) ListDevices(ctx context.Context, scope access.ReadScope, f DeviceFilter, q paging.Query) (paging.Result[Device], error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return paging.Result[Device]{}, err
	}
	return s.Devices.Devices(ctx, scope, f, q)
}
