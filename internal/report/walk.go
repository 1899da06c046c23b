package report

// Walk shows every text of a document in its order, with the place where it stands in words.
func Walk(doc *Document, see func(place string, t Text)) {
	plain := func(place, s string) {
		if s != "" {
			see(place, Text{{Text: s}})
		}
	}
	for _, s := range []string{doc.Org, doc.Short, doc.Ref} {
		plain("running heads", s)
	}
	c := doc.Cover
	for _, s := range []string{c.Mark, c.Org, c.Title, c.Period} {
		plain("cover", s)
	}
	for _, t := range []Text{c.Notice, c.Alert} {
		text("cover", t, see)
	}
	walkPairs("cover", c.Facts, see)
	for _, s := range doc.Sections {
		place := s.Number
		if place == "" {
			place = s.Title
		}
		for _, t := range []string{s.Title, s.Short, s.Voice} {
			plain(place, t)
		}
		walkBlocks(place, s.Blocks, see)
	}
}

func walkBlocks(place string, blocks []Block, see func(string, Text)) {
	section := place
	for _, b := range blocks {
		switch b := b.(type) {
		case Heading:
			place = b.Number
			if place == "Test" || place == "" {
				place = section + ", " + b.Title
			}
			see(place, Text{{Text: b.Number}, {Text: b.Title}})
		case Paragraph:
			text(place, b.Text, see)
		case List:
			for _, t := range b.Entries {
				text(place, t, see)
			}
		case Table:
			walkTable(place, b, see)
		case Pairs:
			walkPairs(place, b.Pairs, see)
		case Strip:
			see(place, Text{{Text: b.Sentence}})
		case Graph:
			see(place, Text{{Text: b.Sentence}})
			see(place, Text{{Text: b.Shorter}})
		case Legend:
			for _, e := range b.Entries {
				text(place, e.Meaning, see)
			}
		case Callout:
			see(place, Text{{Text: b.Title}})
			walkBlocks(place, b.Body, see)
		case Contents:
			see(place, Text{{Text: b.Title}})
		}
	}
}

func walkTable(place string, t Table, see func(string, Text)) {
	text(place, t.Caption, see)
	for _, c := range t.Columns {
		see(place, Text{{Text: c.Title}})
	}
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			text(place, c, see)
		}
	}
	text(place, t.Note, see)
}

func walkPairs(place string, pairs []Pair, see func(string, Text)) {
	for _, p := range pairs {
		see(place, Text{{Text: p.Key}})
		text(place, p.Value, see)
	}
}

// text shows a text and the footnotes called in it.
func text(place string, t Text, see func(string, Text)) {
	if len(t) == 0 {
		return
	}
	see(place, t)
	for _, s := range t {
		if s.Note != nil {
			text(place+", footnote", s.Note.Text, see)
		}
	}
}
