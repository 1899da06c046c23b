package risk

// Threat is what may cause a risk. Those of the program are a start, in our own words; an organisation writes its own risks
// without one where none fits.
type Threat struct {
	ID    string
	Kind  Kind
	Title string
	Text  string
}

// Threats lists the threats the program comes with. They cover what CC3.2 to CC3.4 ask to be looked at: malice, mistakes and
// the environment, weaknesses of components, third parties, fraud with its three sides, and change; among the attacks those
// on sign-in, one by one, because each is answered by other controls.
func Threats() []Threat { return threats }

// ThreatNamed finds a threat.
func ThreatNamed(id string) (Threat, bool) {
	for _, t := range threats {
		if t.ID == id {
			return t, true
		}
	}
	return Threat{}, false
}

func threatTitle(id string) string {
	if t, ok := ThreatNamed(id); ok {
		return t.Title
	}
	return id
}

var threats = []Threat{
	// --- attacks on sign-in and sessions ---
	{"credential-stuffing", Security, "Credential stuffing", "Names and passwords that leaked elsewhere are tried here by machine, because people use one password in several places."},
	{"password-spraying", Security, "Password spraying", "A few common passwords are tried against very many accounts, slowly enough that no single account is locked."},
	{"brute-force", Security, "Brute force against one account", "Passwords or codes of one account are guessed until one fits, where nothing slows the guessing down."},
	{"mfa-fatigue", Security, "Tiring people into approval", "Somebody who knows the password asks for the second factor again and again until the owner approves to have peace."},
	{"mfa-relay", Security, "Second factor relayed by a false page", "A page between the person and the real one passes on password and code in real time and keeps the session."},
	{"session-hijack", Security, "Session taken over", "The cookie of a signed-in person is stolen from a browser, a log or the network and used elsewhere."},
	{"session-fixation", Security, "Session that outlives its sign-in", "A session identifier is set before sign-in, or stays good after sign-out or a change of password."},
	{"token-theft", Security, "Stolen token or key", "A long-lived token, key or application grant is found in code, a log or a device and used instead of a sign-in."},
	{"reset-abuse", Security, "Account taken over by its recovery", "Reset of password or factor is easier to deceive than the sign-in: a known question, a moved phone number, a helpful desk."},
	{"default-credentials", Security, "Default or shared credentials", "An account is reached with the password it was delivered with, or with one that many people know."},
	{"orphan-account", Security, "Account that nobody owns", "An account of somebody who left, or of a forgotten integration, still opens the door."},
	// --- other attacks and weaknesses ---
	{"phishing", Security, "Phishing", "A message makes somebody give away a password, pay, or run a program."},
	{"ransomware", Security, "Ransomware", "Systems and their backups are encrypted, and data is taken for a second blackmail."},
	{"known-weakness", Security, "Known weakness not repaired", "A published weakness of a system or a library is used before it is repaired."},
	{"injection", Security, "Injection into an application", "Input is taken for a command by a database, a shell or a template."},
	{"broken-authorisation", Security, "Access across customers", "A missing check of rights shows one customer what belongs to another."},
	{"misconfiguration", Security, "Open by misconfiguration", "Storage, a management page or a network is open to everybody because a setting is wrong."},
	{"supply-chain", Security, "Poisoned software supply", "A library, a build step or a tool carries somebody else's code into the product."},
	{"denial-of-service", Security, "Service made unreachable", "Requests in masses, or a few expensive ones, keep customers out."},
	{"privilege-escalation", Security, "More rights than given", "Somebody who is in gains the rights of an administrator by a weakness or a careless grant."},
	{"data-exfiltration", Security, "Data taken out unnoticed", "Data leaves through a channel that nobody watches: an export, a personal account, a backup."},
	{"lost-device", Security, "Lost or stolen device", "A laptop or telephone with data or sessions on it is gone."},
	// --- mistakes and failures ---
	{"human-error", Operations, "Mistake in operation", "Somebody deletes, overwrites or sends the wrong thing."},
	{"failed-change", Operations, "Change that breaks the service", "A release or a setting takes the service down or damages data, and cannot be taken back quickly."},
	{"backup-unusable", Operations, "Backup that cannot be restored", "A backup is missing, incomplete, or was never tried."},
	{"capacity", Operations, "Too little capacity", "Growth or a peak exceeds what the systems can carry."},
	{"processing-error", Operations, "Wrong or incomplete processing", "Input is lost, doubled or calculated wrongly, and nobody notices."},
	{"undetected-incident", Operations, "Incident noticed late", "What happens is not logged, or nobody looks at it."},
	{"data-kept-too-long", Compliance, "Data kept longer than promised", "Data is not deleted when a contract or its purpose ends."},
	// --- people ---
	{"key-person", People, "Knowledge in one head", "Nobody can do what one person did when they leave or fall ill."},
	{"unfit-hire", People, "Somebody unfit is hired", "Background or ability is not looked at before access is given."},
	{"untrained-staff", People, "People do not know what is expected", "Rules exist, but were not explained, or are forgotten."},
	// --- surroundings ---
	{"site-loss", Environment, "Loss of a site", "Fire, water, weather or unrest makes an office or data centre unusable."},
	{"power-network", Environment, "Loss of power or network", "Electricity, cooling or the connection of a region fails for hours."},
	{"pandemic", Environment, "Many people absent at once", "Illness or a crisis keeps a large part of the staff away."},
	// --- third parties ---
	{"vendor-outage", ThirdParty, "Failure of a vendor", "A service that ours is built on is down, or ends."},
	{"vendor-breach", ThirdParty, "Breach at a vendor", "Somebody gets at our data, or into our systems, through a vendor."},
	{"vendor-lock-in", ThirdParty, "No way away from a vendor", "Prices, terms or quality change, and moving would take too long."},
	{"subservice-controls", ThirdParty, "Controls of a subservice organisation fail", "What we rely on another organisation for does not work, and its report says so late or not at all."},
	// --- law and contracts ---
	{"new-law", Compliance, "New law or duty", "A law, a regulator or a contract asks for something that nobody noticed in time."},
	{"privacy-breach", Compliance, "Personal data used against its purpose", "Data of people is collected, shown or passed on without a basis."},
	// --- change ---
	{"new-technology", FromChange, "New technology misunderstood", "A new technology is taken into use before its weaknesses are known."},
	{"growth-acquisition", FromChange, "Growth or acquisition", "Systems and people join faster than controls follow."},
	{"leadership-change", FromChange, "Change of leadership or model", "New people or goals shift priorities away from control."},
	// --- fraud ---
	{"fraud-payment", Fraud, "Payments diverted by an insider", "Somebody with access to bank details or payment runs pays themselves, under pressure, unseen, and as if it were owed."},
	{"fraud-data-sale", Fraud, "Customer data sold by an insider", "Somebody with wide access copies data for money or out of resentment."},
	{"fraud-records", Fraud, "Records changed to look better", "Figures, logs or evidence are altered to meet a target or to hide a failure."},
	{"fraud-vendor", Fraud, "Invented vendor or kickback", "A purchaser invents a supplier, or is paid for choosing one."},
	{"fraud-invoice", Fraud, "False invoice or changed bank account from outside", "Somebody poses as a vendor or a chief and has money sent."},
	{"fraud-customer", Fraud, "Service abused by a customer", "False identity, stolen cards or false claims turn the service into a tool."},
}
