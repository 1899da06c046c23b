package report

// figures are the counts that several sections state; there is one place where they are made, so that they agree.
type figures struct {
	criteria, controls    int
	tested, filed, bare   int // controls with a test; without, but with documents on file; with neither
	examined              int // controls without a test of their own that the auditor tested
	tests, evaluations    int
	deviations, deviating int // deviations, and tests that have any
	unknowns, silent      int // items without an answer, and tests that have any
	work                  int // tests of the auditor
	noted                 int64
	gapDays, gapped       int // days of tests without a verdict, and tests that have any
}

// tally counts the dossier.
func (b *builder) tally() figures {
	d := b.d
	n := figures{criteria: len(d.Criteria), controls: len(d.Controls), tests: len(d.Tests)}
	for _, c := range d.Controls {
		switch {
		case len(b.tests[c.Ref]) > 0:
			n.tested++
		case len(b.workOf(c.Ref)) > 0:
			n.examined++
		case len(c.Uploads) > 0:
			n.filed++
		default:
			n.bare++
		}
	}
	n.work = len(d.Work)
	for _, w := range d.Work {
		k, _ := workDeviations(w)
		n.noted += k
	}
	for _, t := range d.Tests {
		n.evaluations += t.Evaluations
		n.deviations += len(t.Deviations)
		n.unknowns += len(t.Unknowns)
		n.gapDays += max(0, t.DaysGap)
		n.deviating += one(len(t.Deviations) > 0)
		n.silent += one(len(t.Unknowns) > 0)
		n.gapped += one(t.DaysGap > 0)
	}
	return n
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
