package event

// Title is the class by the caption that OCSF gives it.
func (c Class) Title() string {
	if t := classTitles[c]; t != "" {
		return t
	}
	return "Other"
}

var classTitles = map[Class]string{
	FileActivity: "File System Activity", ScheduledJob: "Scheduled Job Activity", ProcessActivity: "Process Activity", DetectionFinding: "Detection Finding",
	AccountChange: "Account Change", Authentication: "Authentication", AuthorizeSession: "Authorize Session", EntityChange: "Entity Management",
	UserAccess: "User Access Management", GroupChange: "Group Management", NetworkActivity: "Network Activity", SSHActivity: "SSH Activity",
	DeviceInventory: "Device Inventory Info", SoftwareInventory: "Software Inventory Info", WebResource: "Web Resources Activity", APIActivity: "API Activity",
}

// Title is the effect as a word about a target: it was "read", "created".
func (e Effect) Title() string {
	switch e {
	case Reads:
		return "read"
	case Creates:
		return "created"
	case Changes:
		return "changed"
	case Deletes:
		return "deleted"
	case EffectUnknown:
	}
	return "touched"
}
