package applicability

// RulesVersion is the version of the rules. It is kept with every decision; a change of a rule raises it.
const RulesVersion = 1

// Rule is one of R1 to R13 of domain brief 1.3, in our words.
type Rule struct {
	ID   string
	If   string
	Then string
}

// Rules lists them. The functions of recommend.go apply them and name them in their reasons.
func Rules() []Rule {
	return []Rule{
		{"R1", "you change, process or host what ends in customers’ accounts", "SOC 1: a mistake of yours could misstate their accounts"},
		{"R2", "you can only look at such data", "SOC 1 is normally not needed; the reason is recorded"},
		{"R3", "customers’ auditors ask, and you neither change nor process such data", "clarify with the customer’s auditor; usually SOC 2 answers the need"},
		{"R4", "you hold customer data, run what customers depend on, or promise security", "SOC 2 with the common criteria"},
		{"R5", "a promise of uptime, confidentiality, processing or privacy is named", "its category is added; without a named commitment it is not"},
		{"R6", "personal data is held only for business customers", "prefer confidentiality: many privacy criteria would not apply"},
		{"R7", "SOC 1 is needed and customer data is held", "both reports; share evidence of general IT controls, keep scopes and opinions apart"},
		{"R8", "anyone should be able to read it", "SOC 3, from the same examination as a SOC 2 Type 2"},
		{"R9", "another framework is asked for", "SOC 2+ if an opinion on it is wanted; otherwise a mapping in section V, unaudited"},
		{"R10", "the question is the whole entity’s cyber risk, or a system that makes or distributes goods", "SOC for Cybersecurity, or SOC for Supply Chain"},
		{"R11", "controls have not run for three months, or a deadline comes first", "Type 1 now as a bridge and start the Type 2 period at once; otherwise Type 2 directly"},
		{"R12", "a category is left out that readers would expect", "warning: the report may mislead, and the service auditor may decline"},
		{"R13", "another organisation runs most of the system", "warning: a carve-out report may be too thin"},
	}
}
