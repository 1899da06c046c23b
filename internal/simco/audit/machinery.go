package audit

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// ask is a request to the cluster.
type ask struct {
	user, credential    string
	verb, resource, sub string
	namespace, name     string
	code                int
	body                string // requestObject, JSON
	group               string
}

// kube writes a record of the cluster's audit log.
func (s *sheet) kube(at life.Time, from *place, a ask) string {
	audit := guid(s.number())
	if a.code == 0 {
		a.code = 200
	}
	uri := "/api/v1"
	if a.namespace != "" {
		uri += "/namespaces/" + a.namespace
	}
	uri += "/" + a.resource
	if a.name != "" {
		uri += "/" + a.name
	}
	return s.put(at, Kubernetes, audit+":ResponseComplete", func(j *wire.JSON) {
		j.Obj().S("kind", "Event").S("apiVersion", "audit.k8s.io/v1").S("level", "Request").S("auditID", audit).S("stage", "ResponseComplete").S("requestURI", uri).
			S("verb", a.verb).O("user").S("username", a.user)
		if a.credential != "" {
			j.O("extra").A("authentication.kubernetes.io/credential-id").Str(a.credential).EndArr().End()
		}
		j.End().A("sourceIPs").Str(from.ip).EndArr().S("userAgent", from.kubectl).O("objectRef").S("resource", a.resource)
		for _, p := range [][2]string{{"namespace", a.namespace}, {"name", a.name}, {"subresource", a.sub}, {"apiGroup", a.group}} {
			if p[1] != "" {
				j.S(p[0], p[1])
			}
		}
		j.S("apiVersion", "v1").End().O("responseStatus").I("code", int64(a.code)).End()
		if a.body != "" {
			j.Key("requestObject").Raw(a.body)
		}
		j.TMs("requestReceivedTimestamp", at).TMs("stageTimestamp", at+12).End()
	})
}

// kubeUser is somebody's way into the cluster: a certificate of their own.
func (t *Trail) kubeUser(mail string) ask {
	return ask{user: mail, credential: "X509SHA256=" + strings.ToLower(t.stable("", mail))}
}

func (t *Trail) pod(sv *service, n int) string {
	return fmt.Sprintf("%s-%s-%s", sv.name, letters(mix(t.w.Seed+uint64(sv.repo)), hexadecimal, 9), letters(mix(t.w.Seed+uint64(sv.repo)<<8+uint64(n)), hexadecimal, 5))
}

// clustering is people's work with the cluster.
func (s *sheet) clustering(f shift) {
	mean := 0.0
	switch p := f.person; {
	case s.is(p, f.from, "Platform"):
		mean = 18
	case s.is(p, f.from, "Engineering") && p%3 == 0:
		mean = 4
	}
	if mean == 0 {
		return
	}
	who := s.kubeUser(s.mail(f.person))
	s.some(f, mean, func(at life.Time) {
		a, sv := who, pick(s.dice, s.cast.services)
		a.namespace = "production"
		switch k := s.IntN(12); {
		case k < 5:
			a.verb, a.resource = "list", "pods"
		case k < 8:
			a.verb, a.resource, a.sub, a.name = "get", "pods", "log", s.pod(&sv, s.IntN(3))
		case k < 10:
			a.verb, a.resource, a.group, a.name = "get", "deployments", "apps", sv.name
		case k < 11:
			a.verb, a.resource = "list", "events"
		default:
			a.verb, a.resource, a.name = "get", "configmaps", sv.name
		}
		s.kube(at, &f.at, a)
	})
}

// vault writes a response of the vault of secrets.
func (s *sheet) vault(at life.Time, from *place, display, entity, accessor, operation, path string, login bool) string {
	id := guid(s.number())
	token := "hmac-sha256:" + strings.ToLower(s.stable("", accessor))
	return s.put(at, Vault, id+":response", func(j *wire.JSON) {
		j.Obj().TMs("time", at).S("type", "response").O("auth")
		if !login {
			j.S("client_token", token)
		}
		policy := "default"
		if display == "root" {
			policy = "root"
		}
		j.S("accessor", "hmac-sha256:"+accessor).S("display_name", display).S("entity_id", entity).A("policies").Str(policy).EndArr().End().
			O("request").S("id", id).S("operation", operation).S("path", path).S("remote_address", from.ip).End().O("response")
		if login {
			j.O("auth").S("client_token", token).S("accessor", "hmac-sha256:"+accessor).End()
		}
		j.End().End()
	})
}

// vaultToken is the accessor of a service's token at an instant: it signs in every six hours.
func (t *Trail) vaultToken(sv *service, at life.Time) string {
	return letters(mix(t.w.Seed^uint64(sv.repo)<<30^uint64(at/(6*life.Hour))), hexadecimal, 32)
}

// machines are what programs do at the cluster and the vault, and what happens on hosts, day and night.
func (t *Trail) machines(s *sheet, day period.Date) {
	lo := life.Midnight(day)
	for i := range t.cast.services {
		sv := &t.cast.services[i]
		if t.w.Repos[sv.repo].Created >= lo {
			continue
		}
		q := t.sheet(forHost, i, day)
		from := server(210 + i%20)
		from.kubectl = "northwind-" + sv.name + "/v1 (linux/amd64) kubernetes/$Format"
		user := ask{user: "system:serviceaccount:production:" + sv.name, verb: "get", resource: "configmaps", namespace: "production", name: sv.name}
		for hour := range 24 {
			at := lo + life.Time(hour)*life.Hour
			token := t.vaultToken(sv, at)
			if hour%6 == 0 {
				q.vault(at+life.Second, &from, "approle", "ent-"+sv.name, token, "update", "auth/approle/login", true)
			}
			if hour%2 == i%2 {
				q.vault(at+q.span(life.Minute, life.Hour), &from, "approle", "ent-"+sv.name, token, "read", "secret/data/"+sv.name+"/database", false)
			}
			if hour%3 == i%3 {
				q.kube(at+q.span(life.Minute, life.Hour), &from, user)
			}
		}
		s.acts = append(s.acts, q.acts...)
	}
	t.hosts(s, day)
}

// The company's hosts.
const (
	bastion = "bastion-1"
	builder = "build-1"
	webHost = "web-1"
)

// sshd writes a line of the server for remote shells, as the journal exports it.
func (s *sheet) sshd(at life.Time, host string, pid int, message string) string {
	id := fmt.Sprintf("s=%s;i=%s", letters(s.w.Seed, hexadecimal, 16), letters(s.number(), hexadecimal, 12))
	return s.put(at, SSHD, id, func(j *wire.JSON) {
		j.Obj().TMs("time", at).S("hostname", host).S("program", "sshd").I("pid", int64(pid)).S("message", message).S("__CURSOR", id).End()
	})
}

// process writes the start of a process.
func (s *sheet) process(at life.Time, host, user string, pid, parent int, image, line, parentImage string) string {
	id := letters(s.number(), "123456789", 15)
	return s.put(at, Process, id, func(j *wire.JSON) {
		j.Obj().S("UtcTime", at.Go().Format("2006-01-02 15:04:05.000")).S("RecordID", id).S("Computer", host).I("ProcessId", int64(pid)).I("ParentProcessId", int64(parent)).
			S("Image", image).S("CommandLine", line).S("ParentImage", parentImage).S("User", user).End()
	})
}

// wrote writes that a file was written.
func (s *sheet) wrote(at life.Time, host, user string, pid int, image, file string) string {
	id := letters(s.number(), "123456789", 15)
	return s.put(at, File, id, func(j *wire.JSON) {
		j.Obj().S("UtcTime", at.Go().Format("2006-01-02 15:04:05.000")).S("RecordID", id).S("Computer", host).I("ProcessId", int64(pid)).S("Image", image).
			S("TargetFilename", file).S("User", user).End()
	})
}

func (s *sheet) pid() int { return 1000 + s.IntN(4_000_000) }

// hosts is a day of the hosts: knocking from everywhere, jobs of the clock.
func (t *Trail) hosts(s *sheet, day period.Date) {
	lo := life.Midnight(day)
	q := t.sheet(forHost, 1<<20, day)
	for range q.count(24) {
		q.sshd(lo+q.span(0, life.Day), bastion, q.pid(), fmt.Sprintf("Failed password for invalid user %s from %s port %d ssh2",
			pick(q.dice, []string{"admin", "oracle", "test", "ubuntu", "git"}), q.anywhere(), 1024+q.IntN(60000)))
	}
	for hour := range 24 {
		for _, host := range []string{bastion, builder, webHost} {
			at, cron := lo+life.Time(hour)*life.Hour+q.span(0, life.Second), q.pid()
			q.process(at, host, "root", cron, 1, "/usr/sbin/cron", "/usr/sbin/CRON -f", "/usr/lib/systemd/systemd")
			q.process(at+50, host, "root", q.pid(), cron, "/usr/sbin/logrotate", "/usr/sbin/logrotate /etc/logrotate.conf", "/usr/sbin/cron")
			q.wrote(at+90, host, "root", cron, "/usr/sbin/logrotate", "/var/lib/logrotate/status")
		}
	}
	s.acts = append(s.acts, q.acts...)
}

// unix is somebody's name on hosts.
func (t *Trail) unix(p int32) string {
	name, _, _ := strings.Cut(t.mail(p), "@")
	return name
}

// shell is people's work on hosts.
func (s *sheet) shell(f shift) {
	if !s.is(f.person, f.from, "Platform") {
		return
	}
	s.some(f, 1.2, func(at life.Time) {
		user, pid := s.unix(f.person), s.pid()
		s.sshd(at, bastion, pid, fmt.Sprintf("Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%s", user, f.at.ip, 1024+s.IntN(60000), s.stable("", "ssh "+user)))
		sh := s.pid()
		s.process(at+400, bastion, user, sh, pid, "/usr/bin/bash", "-bash", "/usr/sbin/sshd")
		for range s.count(4) {
			at += s.span(5*life.Second, 4*life.Minute)
			line := pick(s.dice, []string{"systemctl status app", "journalctl -u app -n 200", "df -h", "ss -tln", "ps aux", "less /etc/app/app.yaml", "htop"})
			program, _, _ := strings.Cut(line, " ")
			s.process(at, bastion, user, s.pid(), sh, "/usr/bin/"+program, line, "/usr/bin/bash")
		}
	})
}

// gcp writes a record of the other cloud's audit log. Key is the key of a service account it was done with.
func (s *sheet) gcp(at life.Time, from *place, mail, key, service, method, resourceType, name, answer string) string {
	id := letters(s.number(), base62, 14)
	return s.put(at, GCP, id, func(j *wire.JSON) {
		j.Obj().O("protoPayload").S("@type", "type.googleapis.com/google.cloud.audit.AuditLog").O("authenticationInfo").S("principalEmail", mail)
		if key != "" {
			j.S("serviceAccountKeyName", key)
		}
		j.End().O("requestMetadata").S("callerIp", from.ip).S("callerSuppliedUserAgent", "gcloud/545.0.0 ("+from.os+")").End().S("serviceName", service+".googleapis.com").
			S("methodName", method).S("resourceName", name)
		if answer != "" {
			j.Key("response").Raw(answer)
		}
		j.End().S("insertId", id).O("resource").S("type", resourceType).End().TMs("timestamp", at).S("severity", "INFO").End()
	})
}

// querying is the data people's work in the other cloud.
func (s *sheet) querying(f shift) {
	if !s.is(f.person, f.from, "Data") {
		return
	}
	mail := s.mail(f.person)
	s.some(f, 9, func(at life.Time) {
		if s.chance(0.7) {
			s.gcp(at, &f.at, mail, "", "bigquery", "google.cloud.bigquery.v2.JobService.InsertJob", "bigquery_project", "projects/northwind-data/jobs/bq"+letters(s.number(), hexadecimal, 8), "")
			return
		}
		s.gcp(at, &f.at, mail, "", "storage", "storage.objects.get", "gcs_bucket", fmt.Sprintf("projects/_/buckets/northwind-lake/objects/day-%d.parquet", s.IntN(90)), "")
	})
}
