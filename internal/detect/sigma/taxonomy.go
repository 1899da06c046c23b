package sigma

// Windows is the source of Windows event logs as Sysmon and collectors write them as flat JSON, with Channel and EventID: by
// them the log sources of public rules are known. The identifiers are those of Microsoft's and Sysmon's documentation.
func Windows(name string) Source {
	s := Source{Name: name}
	for _, c := range sysmonCategories {
		s.Kinds = append(s.Kinds, Kind{LogSource{Product: "windows", Category: c.category, Service: "sysmon"},
			[]Equal{{"Channel", []string{"Microsoft-Windows-Sysmon/Operational"}}, {"EventID", c.events}}})
	}
	for _, c := range powershellCategories {
		s.Kinds = append(s.Kinds, Kind{LogSource{Product: "windows", Category: c.category, Service: c.service},
			[]Equal{{"Channel", c.channels}, {"EventID", c.events}}})
	}
	for _, c := range windowsServices {
		s.Kinds = append(s.Kinds, Kind{LogSource{Product: "windows", Service: c.service}, []Equal{{"Channel", c.channels}}})
	}
	return s
}

// PublicAliases says where records of vendors hold what public rules ask for under other names: Google Cloud audit logs, whose
// rules are written for other people's pipelines.
func PublicAliases() []Aliases {
	return []Aliases{{Product: "gcp", Service: "gcp.audit", Fields: map[string][]string{
		"gcp.audit.method_name":           {"protoPayload.methodName"},
		"data.protoPayload.*":             {"protoPayload.*"},
		"data.protoPayload.logName":       {"logName"},
		"data.protoPayload.resource.type": {"resource.type"},
	}}}
}

var sysmonCategories = []struct {
	category string
	events   []string
}{
	{"process_creation", []string{"1"}}, {"file_change", []string{"2"}}, {"network_connection", []string{"3"}},
	{"sysmon_status", []string{"4", "16"}}, {"process_termination", []string{"5"}}, {"driver_load", []string{"6"}},
	{"image_load", []string{"7"}}, {"create_remote_thread", []string{"8"}}, {"raw_access_thread", []string{"9"}},
	{"process_access", []string{"10"}}, {"file_event", []string{"11"}}, {"registry_add", []string{"12"}},
	{"registry_delete", []string{"12"}}, {"registry_set", []string{"13"}}, {"registry_rename", []string{"14"}},
	{"registry_event", []string{"12", "13", "14"}}, {"create_stream_hash", []string{"15"}}, {"pipe_created", []string{"17", "18"}},
	{"wmi_event", []string{"19", "20", "21"}}, {"dns_query", []string{"22"}}, {"file_delete", []string{"23", "26"}},
	{"clipboard_change", []string{"24"}}, {"process_tampering", []string{"25"}}, {"file_block_executable", []string{"27"}},
	{"file_block_shredding", []string{"28"}}, {"file_executable_detected", []string{"29"}}, {"sysmon_error", []string{"255"}},
}

var powershellCategories = []struct {
	category, service string
	channels, events  []string
}{
	{"ps_module", "powershell", []string{"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"}, []string{"4103"}},
	{"ps_script", "powershell", []string{"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"}, []string{"4104"}},
	{"ps_classic_start", "powershell-classic", []string{"Windows PowerShell"}, []string{"400"}},
	{"ps_classic_provider_start", "powershell-classic", []string{"Windows PowerShell"}, []string{"600"}},
	{"ps_classic_script", "powershell-classic", []string{"Windows PowerShell"}, []string{"800"}},
	{"file_access", "security-auditing", []string{"Microsoft-Windows-Kernel-File/Analytic"}, []string{"12"}},
	{"file_rename", "security-auditing", []string{"Microsoft-Windows-Kernel-File/Analytic"}, []string{"27"}},
}

var windowsServices = []struct {
	service  string
	channels []string
}{
	{"security", []string{"Security"}}, {"system", []string{"System"}}, {"application", []string{"Application"}},
	{"sysmon", []string{"Microsoft-Windows-Sysmon/Operational"}},
	{"powershell", []string{"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"}},
	{"powershell-classic", []string{"Windows PowerShell"}},
	{"windefend", []string{"Microsoft-Windows-Windows Defender/Operational"}},
	{"codeintegrity-operational", []string{"Microsoft-Windows-CodeIntegrity/Operational"}},
	{"security-mitigations", []string{"Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"}},
	{"firewall-as", []string{"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"}},
	{"bits-client", []string{"Microsoft-Windows-Bits-Client/Operational"}},
	{"msexchange-management", []string{"MSExchange Management"}},
	{"appxdeployment-server", []string{"Microsoft-Windows-AppXDeploymentServer/Operational"}},
	{"appxpackaging-om", []string{"Microsoft-Windows-AppxPackaging/Operational"}},
	{"appmodel-runtime", []string{"Microsoft-Windows-AppModel-Runtime/Admin"}},
	{"dns-client", []string{"Microsoft-Windows-DNS Client Events/Operational"}},
	{"dns-server", []string{"DNS Server"}}, {"dns-server-analytic", []string{"Microsoft-Windows-DNS-Server/Analytical"}},
	{"driver-framework", []string{"Microsoft-Windows-DriverFrameworks-UserMode/Operational"}},
	{"iis-configuration", []string{"Microsoft-IIS-Configuration/Operational"}},
	{"taskscheduler", []string{"Microsoft-Windows-TaskScheduler/Operational"}},
	{"wmi", []string{"Microsoft-Windows-WMI-Activity/Operational"}}, {"ntlm", []string{"Microsoft-Windows-NTLM/Operational"}},
	{"applocker", []string{"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL",
		"Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution"}},
	{"printservice-admin", []string{"Microsoft-Windows-PrintService/Admin"}},
	{"printservice-operational", []string{"Microsoft-Windows-PrintService/Operational"}},
	{"terminalservices-localsessionmanager", []string{"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"}},
	{"smbclient-security", []string{"Microsoft-Windows-SmbClient/Security"}},
	{"smbclient-connectivity", []string{"Microsoft-Windows-SmbClient/Connectivity"}},
	{"smbserver-connectivity", []string{"Microsoft-Windows-SMBServer/Connectivity"}},
	{"microsoft-servicebus-client", []string{"Microsoft-ServiceBus-Client"}},
	{"ldap", []string{"Microsoft-Windows-LDAP-Client/Debug"}}, {"openssh", []string{"OpenSSH/Operational"}},
	{"shell-core", []string{"Microsoft-Windows-Shell-Core/Operational"}},
	{"diagnosis-scripted", []string{"Microsoft-Windows-Diagnosis-Scripted/Operational"}},
	{"lsa-server", []string{"Microsoft-Windows-LSA/Operational"}}, {"capi2", []string{"Microsoft-Windows-CAPI2/Operational"}},
	{"certificateservicesclient-lifecycle-system", []string{"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"}},
}
