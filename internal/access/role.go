package access

import (
	"maps"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Role is what a person is to an organisation. The roles follow section 6.2 of the domain brief.
type Role string

// The roles.
const (
	Owner           Role = "owner"
	ComplianceLead  Role = "compliance_lead"
	ControlOwner    Role = "control_owner"
	SecurityAnalyst Role = "security_analyst"
	Employee        Role = "employee"
	Auditor         Role = "auditor"
	Reader          Role = "reader"
	// In an audit firm's own organisation.
	Partner         Role = "partner"
	Senior          Role = "senior" // senior or manager of the team
	Staff           Role = "staff"
	QualityReviewer Role = "quality_reviewer" // of the firm, outside the team: reads and remarks, tests nothing
	examiner        Role = "examiner"         // in a client's organisation, whoever of a firm was invited to an engagement; never given
	operator        Role = "operator"         // whoever holds the machine and its key file
	system          Role = "system"           // the program's own jobs
)

// Action is something a scope may cover.
type Action string

// The actions. A route, a command and a store method name the one they need.
const (
	ReadProgramme    Action = "programme.read" // controls, criteria, tests, results, connections without secrets
	ReadEvidence     Action = "evidence.read"
	ReadLedger       Action = "ledger.read"
	ReadEngagement   Action = "engagement.read"
	ManageOrg        Action = "org.manage"
	ManageUsers      Action = "users.manage"
	ManageTokens     Action = "tokens.manage" // one's own API tokens
	ManageConnection Action = "connections.manage"
	RunCollection    Action = "collection.run"
	EditControls     Action = "controls.edit"
	ApproveControls  Action = "controls.approve"
	RunTests         Action = "tests.run"
	EditTests        Action = "tests.edit"
	ApproveTests     Action = "tests.approve" // an organisation's own, written by somebody else
	AddEvidence      Action = "evidence.add"
	RequestException Action = "exceptions.request"
	ApproveException Action = "exceptions.approve"
	ManageEngagement Action = "engagement.manage"
	BuildReport      Action = "report.build"
	ErasePayload     Action = "ledger.erase"
	ReadTasks        Action = "tasks.read"
	WorkTasks        Action = "tasks.work"           // on those one owns, and remarks on any
	ManageTasks      Action = "tasks.manage"         // open, assign and change any
	DecideReport     Action = "applicability.decide" // which reports the organisation needs
	ReadPolicies     Action = "policies.read"        // everybody inside
	EditPolicies     Action = "policies.edit"
	ApprovePolicies  Action = "policies.approve" // versions that somebody else wrote
	ReadPeople       Action = "people.read"      // the directory, and what people signed and learned
	ManagePeople     Action = "people.manage"
	ManageCampaigns  Action = "campaigns.manage" // of acknowledgement and training, and courses
	SignDuties       Action = "duties.sign"      // one's own
	ManageReviews    Action = "reviews.manage"   // start and close access reviews
	DecideReviews    Action = "reviews.decide"   // the rows one is the reviewer of
	ReadRisks        Action = "risks.read"
	ManageRisks      Action = "risks.manage"
	AcceptRisks      Action = "risks.accept" // that somebody else owns
	ReadVendors      Action = "vendors.read"
	ManageVendors    Action = "vendors.manage"
	ManageChanges    Action = "changes.manage"   // significant changes, and who was told
	ReadOccurrences  Action = "occurrences.read" // of controls that people perform on a rhythm
	ImportRecords    Action = "records.import"   // a file of many records at once; what it holds needs its own right too
	AnswerRequests   Action = "requests.answer"  // of the auditor
	AskRequests      Action = "requests.ask"     // as the auditor
	SignDocuments    Action = "documents.sign"   // management's assertion, representations, bridge letters
	ReadAudits       Action = "audits.read"      // a firm's engagements one was invited to
	Examine          Action = "audits.examine"   // populations, samples, tests
	RemarkWork       Action = "audits.remark"    // notes on workpapers
	ReviewWork       Action = "audits.review"    // sign off what somebody else prepared
	SignOpinion      Action = "opinion.sign"
	ManageMethod     Action = "methodology.manage" // the firm's sample table, attributes and wording
	ReadDetections   Action = "detections.read"    // rules, alerts and incidents
	HandleAlerts     Action = "alerts.handle"      // alerts and incidents: acknowledge, silence, close, declare, respond
	ManageDetection  Action = "detection.manage"   // rules, baselines, sources of events, whom alerts go to, who is on call
	RunDetection     Action = "detection.run"      // raise alerts
)

var reads = []Action{ReadProgramme, ReadEvidence, ReadLedger, ReadEngagement, ReadPolicies, ReadPeople, ReadRisks, ReadVendors, ReadOccurrences, ReadDetections}

// watches is what answers attacks.
var watches = []Action{HandleAlerts, ManageDetection, RunDetection}

// runs is what leads the programme's human half.
var runs = []Action{
	EditPolicies, ApprovePolicies, ManagePeople, ManageCampaigns, ManageReviews, ManageRisks, AcceptRisks, ManageVendors, ManageChanges, ImportRecords,
}

var phrases = map[Action]string{
	ReadProgramme: "read the programme", ReadEvidence: "read evidence", ReadLedger: "read the ledger",
	ReadEngagement: "read engagements", ManageOrg: "change the organisation", ManageUsers: "manage users",
	ManageTokens: "manage API tokens", ManageConnection: "manage connections", RunCollection: "collect",
	EditControls: "change controls", ApproveControls: "approve controls", RunTests: "run tests", EditTests: "change tests", ApproveTests: "approve tests",
	AddEvidence: "add evidence", RequestException: "request exceptions", ApproveException: "approve exceptions",
	ManageEngagement: "manage engagements", BuildReport: "build reports", ErasePayload: "erase payloads from the ledger",
	ReadTasks: "read tasks", WorkTasks: "work on tasks", ManageTasks: "change tasks",
	DecideReport: "decide which report is needed",
	ReadPolicies: "read policies", EditPolicies: "change policies", ApprovePolicies: "approve policies",
	ReadPeople: "read the directory", ManagePeople: "change the directory", ManageCampaigns: "run campaigns", SignDuties: "sign",
	ManageReviews: "run access reviews", DecideReviews: "decide in access reviews", ReadRisks: "read risks", ManageRisks: "change risks",
	AcceptRisks: "accept risks", ReadVendors: "read vendors", ManageVendors: "change vendors", ManageChanges: "record significant changes",
	ReadOccurrences: "read what people perform on a rhythm", ImportRecords: "import",
	AnswerRequests: "answer requests", AskRequests: "ask for evidence", SignDocuments: "sign for management",
	ReadAudits: "read workpapers", Examine: "examine", RemarkWork: "remark on workpapers", ReviewWork: "review workpapers",
	SignOpinion: "enter the opinion", ManageMethod: "change the methodology",
	ReadDetections: "read alerts and incidents", HandleAlerts: "handle alerts and incidents", ManageDetection: "change detection", RunDetection: "raise alerts",
}

var rights = map[Role][]Action{
	Owner: slices.Concat(reads, []Action{
		ManageOrg, ManageUsers, ManageTokens, ManageConnection, RunCollection, EditControls, ApproveControls, RunTests,
		EditTests, ApproveTests, AddEvidence, RequestException, ApproveException, ManageEngagement, BuildReport, ErasePayload, DecideReport, ReadTasks, WorkTasks, ManageTasks,
	}, runs, watches, []Action{SignDuties, DecideReviews, AnswerRequests, SignDocuments}),
	ComplianceLead: slices.Concat(reads, []Action{
		ManageTokens, ManageConnection, RunCollection, EditControls, ApproveControls, RunTests, EditTests, ApproveTests, AddEvidence,
		RequestException, ApproveException, ManageEngagement, BuildReport, DecideReport,
		ReadTasks, WorkTasks, ManageTasks,
	}, runs, watches, []Action{SignDuties, DecideReviews, AnswerRequests}),
	ControlOwner:    slices.Concat(reads, []Action{ManageTokens, RunCollection, RunTests, AddEvidence, RequestException, ReadTasks, WorkTasks, ManageTasks, SignDuties, DecideReviews, ManageVendors, ManageChanges, AnswerRequests}),
	SecurityAnalyst: slices.Concat(reads, []Action{ManageTokens, RunCollection, RunTests, EditTests, AddEvidence, RequestException, ReadTasks, WorkTasks, ManageTasks, SignDuties, DecideReviews, ManageRisks, ManageChanges, AnswerRequests}, watches),
	Employee:        {ReadProgramme, ReadPolicies, ReadOccurrences, ManageTokens, ReadTasks, WorkTasks, SignDuties, DecideReviews},
	// An auditor owns nothing of the client's (brief 4.6): reading is all there is here. The auditor's own workspace has
	// records, and a scope, of its own.
	Auditor: reads,
	Reader:  {ReadProgramme},
	// What a firm's people may do at home (brief 6.2). In a client's organisation they are an examiner.
	Partner:         {ManageOrg, ManageUsers, ManageTokens, ReadLedger, ReadAudits, Examine, RemarkWork, ReviewWork, SignOpinion, ManageMethod},
	Senior:          {ManageTokens, ReadAudits, Examine, RemarkWork, ReviewWork},
	Staff:           {ManageTokens, ReadAudits, Examine, RemarkWork},
	QualityReviewer: {ManageTokens, ReadAudits, RemarkWork},
	examiner:        slices.Concat(reads, []Action{AskRequests}),
	// Jobs refresh the directory, give joiners their duties, verify what reviews removed, and open tasks for it.
	system: slices.Concat(reads, []Action{RunCollection, RunTests, AddEvidence, BuildReport, ReadTasks, ManageTasks, ManagePeople, ManageCampaigns, ManageReviews, RunDetection}),
}

var titles = map[Role]string{
	Owner: "owner", ComplianceLead: "compliance lead", ControlOwner: "control owner", SecurityAnalyst: "security analyst",
	Employee: "employee", Auditor: "auditor", Reader: "reader",
	Partner: "partner", Senior: "senior", Staff: "staff", QualityReviewer: "quality reviewer", examiner: "auditor", operator: "operator", system: "system",
}

// Roles lists the roles a person can be given in a service organisation, most powerful first.
func Roles() []Role {
	return []Role{Owner, ComplianceLead, ControlOwner, SecurityAnalyst, Employee, Auditor, Reader}
}

// FirmRoles lists the roles a person can be given in an audit firm, most powerful first.
func FirmRoles() []Role { return []Role{Partner, Senior, Staff, QualityReviewer} }

// Roles lists the roles a person can be given in an organisation of the kind, most powerful first.
func (k OrgKind) Roles() []Role {
	if k == Firm {
		return FirmRoles()
	}
	return Roles()
}

// leads reports whether the role is the one that an organisation never loses the last of.
func (r Role) leads() bool { return r == Owner || r == Partner }

// ParseRole reads the name of a role of either kind of organisation.
func ParseRole(s string) (Role, error) {
	if r := Role(s); slices.Contains(Roles(), r) || slices.Contains(FirmRoles(), r) {
		return r, nil
	}
	return "", errs.New(errs.Invalid, "%q is no role", s).At("role").
		WithHint("Roles: owner, compliance_lead, control_owner, security_analyst, employee, auditor, reader; in an audit firm: partner, senior, staff, quality_reviewer.")
}

// check says what is wrong with a role in an organisation of the kind.
func (k OrgKind) check(s Role) error {
	r, err := ParseRole(string(s))
	if err == nil && !slices.Contains(k.Roles(), r) {
		var names []string
		for _, x := range k.Roles() {
			names = append(names, string(x))
		}
		return errs.New(errs.Invalid, "there is no %s in %s", r.Title(), k.phrase()).At("role").WithHint("Roles: %s.", strings.Join(names, ", "))
	}
	return err
}

// May reports whether the role covers the action. An unknown role covers nothing.
func (r Role) May(a Action) bool {
	if r == operator {
		r = Owner
	}
	return slices.Contains(rights[r], a)
}

// Title is the role in words.
func (r Role) Title() string {
	if t, ok := titles[r]; ok {
		return t
	}
	return "nobody"
}

func (r Role) readOnly() bool {
	for _, a := range rights[r] {
		if !slices.Contains(reads, a) {
			return false
		}
	}
	return r != operator
}

// Actions lists every action, sorted.
func Actions() []Action { return slices.Sorted(maps.Keys(phrases)) }

// Phrase is the action as it reads after "may not".
func (a Action) Phrase() string {
	if p, ok := phrases[a]; ok {
		return p
	}
	return string(a)
}

// parseActions reads the scopes of a token: each must exist and be one the role has.
func parseActions(role Role, names []string) ([]Action, error) {
	out := []Action{}
	for _, n := range names {
		a := Action(n)
		if _, ok := phrases[a]; !ok {
			return nil, errs.New(errs.Invalid, "%q is no scope", n).At("scopes")
		}
		if !role.May(a) {
			return nil, errs.New(errs.Denied, "the role %s does not have the scope %s", role.Title(), n).At("scopes")
		}
		out = append(out, a)
	}
	return out, nil
}

// ActionsOf reads the scopes of a token as they are kept: names with spaces between.
func ActionsOf(kept string) []Action {
	var out []Action
	for f := range strings.FieldsSeq(kept) {
		out = append(out, Action(f))
	}
	return out
}
