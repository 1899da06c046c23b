package fieldwork

// Custom is a number of the trade that no standard prescribes: it is a setting with a default, and says where that comes from.
type Custom struct {
	Name, Value, Default, Source, Where string
}

// Customs are the numbers that the firm sets, as they stand.
func (m Methodology) Customs() []Custom {
	begun := Begun()
	of := func(x Methodology) string { return x.Table.Name + ", version " + itoa(x.Version) }
	return []Custom{
		{"Table of sample sizes", of(m), of(begun), begun.Table.Source, "/methodology"},
		{"Confidence that a new sample begins with", m.Confidence.String(), begun.Confidence.String(), "Attribute sampling as it is practised; the firm's judgement decides", "/methodology"},
		{"Tolerable rate that a new sample begins with", m.Tolerable.String(), begun.Tolerable.String(), "Attribute sampling as it is practised; the firm's judgement decides", "/methodology"},
		{"Items a testing sheet lists at most", itoa(maxListed), itoa(maxListed), "Fixed: a sheet that people read", ""},
		{"Largest population for the exact statistics", "10 million", "10 million", "Fixed: above it a population counts as large", ""},
	}
}
