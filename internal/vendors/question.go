package vendors

// Question is a line of a checklist.
type Question struct {
	Key  string
	Text string
	Help string
}

// diligence is what is asked before a vendor is used, and again at its interval. It follows what control VEN-01 and the
// point of focus about third parties in CC9.2 want to be known.
var diligence = []Question{
	{"need", "The need, and the data it will reach, are written down", "The services and data of this page are right."},
	{"attest", "Its controls are attested by somebody independent", "A current SOC report or certificate, or another proof."},
	{"access", "Access to our data is limited and uses a second factor", "For the vendor's own staff as well."},
	{"protect", "Data is encrypted in transit and at rest", ""},
	{"secure", "It finds and closes its own weaknesses", "Tests, scans, and times within which findings are closed."},
	{"incident", "It tells us about incidents within an agreed time", ""},
	{"chain", "Its own subcontractors are known and held to the same", ""},
	{"place", "The places where data is kept are known and allowed", ""},
	{"resume", "It can restore its service within the time we need", ""},
	{"privacy", "Personal data is processed under an agreement, on our instructions", "Not applicable when it reaches none."},
	{"leave", "We can get our data back, and have it deleted, when we leave", ""},
}

// performance is what is asked each quarter.
var performance = []Question{
	{"levels", "Service levels were met", ""},
	{"incidents", "Incidents were told in time and closed", "Not applicable when there were none."},
	{"changes", "Changes of its service, places or subcontractors are known and acceptable", ""},
	{"issues", "Issues of earlier reviews are closed or in time", "Not applicable when there were none."},
	{"contacts", "Contacts, and what we pay for, are right", ""},
}

// reading is what is asked of a report (control VEN-03).
var reading = []Question{
	{"scope", "The report is about the services we use, and the subjects that matter to us", ""},
	{"period", "Its period joins the one before, and reaches far enough", "Look at the bar of what is covered."},
	{"opinion", "The opinion, and what qualifies it, was read and weighed", ""},
	{"exceptions", "Each exception that touches us was weighed, with what we do about it", "Not applicable when the report notes none."},
	{"cuecs", "The controls it expects of us are listed, and mapped to ours", "Not applicable when it expects none."},
	{"chain", "What it carves out was looked at: the subcontractors that it does not cover", "Not applicable when nothing is carved out."},
	{"csocs", "It shows the controls that our description expects of this vendor", "Not applicable when the vendor is no subservice organisation."},
}

// Questions lists the checklist of a purpose.
func Questions(p Purpose) []Question {
	if p == Performance {
		return performance
	}
	return diligence
}

// ReviewQuestions lists the checklist for reading a report.
func ReviewQuestions() []Question { return reading }

// QuestionText is the text of a question by its key, wherever it is asked.
func QuestionText(p Purpose, key string) string {
	for _, q := range Questions(p) {
		if q.Key == key {
			return q.Text
		}
	}
	for _, q := range reading {
		if q.Key == key {
			return q.Text
		}
	}
	return key
}
