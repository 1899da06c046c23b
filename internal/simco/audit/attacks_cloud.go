package audit

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
)

var cloudSchemes = []scheme{
	{"A user and a key are made to come back with", "An engineer is phished, with the second factor relayed", []string{"T1078.004", "T1087.004", "T1136.003", "T1098.003", "T1098.001", "T1530"}, true, 0, 3, keyPersistence},
	{"A key of the pipeline leaks and is tried out", "A long-lived key was pasted where others could read it", []string{"T1552.001", "T1078.004", "T1526", "T1580", "T1530"}, false, 0, 20, leakedKey},
	{"From role to role to the exports", "A key of a program is taken from its machine", []string{"T1552.005", "T1078.004", "T1548.005", "T1530"}, false, 0, 13, roleChain},
	{"The trail is stopped before the work begins", "An engineer is phished, with the second factor relayed", []string{"T1078.004", "T1562.008", "T1537"}, true, 0, 1, trailStopped},
	{"The exports are copied with a program's own key", "A key of a program is taken from its machine", []string{"T1552.005", "T1078.004", "T1619", "T1530"}, false, 0, 23, exports},
	{"A snapshot is shared with another account", "An engineer is phished, with the second factor relayed", []string{"T1078.004", "T1580", "T1578.001", "T1537"}, true, 0, 5, snapshotShared},
	{"A door is opened to the whole internet", "An engineer is phished, with the second factor relayed", []string{"T1078.004", "T1562.007", "T1098.004"}, true, 0, 2, doorOpened},
	{"Keys of encryption are set to be deleted", "An administrator's key is used from elsewhere", []string{"T1078.004", "T1486", "T1485"}, true, 0, 4, keysDeleted},
	{"Backups are deleted", "An engineer is phished, with the second factor relayed", []string{"T1078.004", "T1490", "T1485"}, true, 0, 3, backupsDeleted},
	{"A few exports every night for two weeks", "A key of a program is taken from its machine", []string{"T1552.005", "T1078.004", "T1530", "T1029"}, false, 14, 21, slowExports},
	{"A forgotten user wakes up", "The key of a user nobody used for years", []string{"T1078.004", "T1526", "T1555.006"}, false, 0, 11, dormantUser},
	{"Logs are kept for one day only", "An insider with the right to do it", []string{"T1078.004", "T1562.008", "T1070"}, false, 0, 19, retention},
}

// phished takes over somebody of the platform and goes into the cloud.
func (p *plot) phished() (holder, place) {
	v, from := p.someone("Platform"), p.enter(false)
	session := p.takeover(v, &from, "OKTA_VERIFY_PUSH")
	return p.cloudSession(v, from, session, powerRole), from
}

// look makes calls that only read.
func (p *plot) look(h holder, from place, n int) {
	for range n {
		p.peek(h, from, pick(p.dice, reads))
	}
}

// peek makes a call that only reads, and lists what it names.
func (p *plot) peek(h holder, from place, c call) {
	p.aws(p.soon(), h, from, c)
	if strings.Contains(c.params, "/production/app") {
		p.touch("read", "log_group", "/production/app")
	}
}

func (p *plot) iam(h holder, from place, name, params, answer string) {
	p.aws(p.soon(), h, from, call{source: "iam", name: name, params: params, answer: answer})
}

func keyPersistence(p *plot) {
	h, from := p.phished()
	p.look(h, from, 5)
	p.iam(h, from, "ListUsers", "", "")
	user := "svc-" + pick(p.dice, []string{"metrics", "inventory", "cleanup"}) + "-sync"
	u := p.iamUser(user)
	p.iam(h, from, "CreateUser", text("userName", user), text("user", text("userName", user, "arn", u.arn, "userId", u.principal)))
	p.iam(h, from, "AttachUserPolicy", text("userName", user, "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"), "")
	p.iam(h, from, "CreateAccessKey", text("userName", user), text("accessKey", text("accessKeyId", u.key, "status", "Active", "userName", user)))
	p.touch("created", "user", user)
	p.touch("created", "key", u.key)
	p.touch("read", "policy", "arn:aws:iam::aws:policy/AdministratorAccess")
	p.leave("user", user)
	p.leave("key", u.key)
	p.holds(u)
	p.later(3*life.Minute, 20*life.Minute)
	p.aws(p.now, u, from, call{source: "sts", name: "GetCallerIdentity"})
	p.look(u, from, 4)
	for range 30 {
		p.fetch(u, from, "northwind-customer-exports", "2026/customers-")
	}
}

func leakedKey(p *plot) {
	u, from := p.iamUser("svc-deploy"), p.enter(true)
	from.cli = "Boto3/1.28.3 md/Botocore#1.31.3 ua/2.0 os/linux#5.10.0 lang/python#3.9.2"
	p.holds(u)
	p.aws(p.now, u, from, call{source: "sts", name: "GetCallerIdentity"})
	for _, c := range []string{"iam ListUsers", "iam ListRoles", "iam GetAccountAuthorizationDetails", "ses GetSendQuota", "ec2 DescribeRegions", "organizations ListAccounts"} {
		source, name, _ := strings.Cut(c, " ")
		p.aws(p.later(500, 3*life.Second), u, from, call{source: source, name: name, fault: "AccessDenied", message: "User is not authorized to perform this action"})
	}
	p.aws(p.soon(), u, from, call{source: "s3", name: "ListBuckets"})
	p.aws(p.soon(), u, from, call{source: "s3", name: "ListObjects", data: true, params: text("bucketName", "northwind-releases", "prefix", "")})
	p.touch("read", "bucket", "northwind-releases")
	for range 18 {
		p.fetch(u, from, "northwind-releases", "build/")
	}
}

// stolen is the key of a program in production, used from elsewhere. It is the one that the program has at the time.
func (p *plot) stolen() (holder, place, *service) {
	n := p.IntN(len(p.cast.services))
	sv := &p.cast.services[n]
	from := p.enter(false)
	h := p.serviceKey(n, p.now)
	p.holds(h)
	return h, from, sv
}

func roleChain(p *plot) {
	h, from, sv := p.stolen()
	p.aws(p.now, h, from, call{source: "sts", name: "GetCallerIdentity"})
	p.fetch(h, from, sv.bucket, "config/")
	next, _ := p.assume(p.soon(), h, "data-export", "session", from)
	p.holds(next)
	p.aws(p.soon(), next, from, call{source: "s3", name: "ListBuckets"})
	last, _ := p.assume(p.soon(), next, "warehouse-admin", "session", from)
	p.holds(last)
	for range 35 {
		p.fetch(last, from, "northwind-warehouse", "daily/")
	}
}

func trailStopped(p *plot) {
	h, from := p.phished()
	p.aws(p.soon(), h, from, call{source: "cloudtrail", name: "DescribeTrails"})
	trail := "arn:aws:cloudtrail:" + region + ":" + account + ":trail/organisation"
	p.aws(p.soon(), h, from, call{source: "cloudtrail", name: "StopLogging", params: text("name", trail)})
	p.touch("changed", "trail", trail)
	for range 12 {
		p.fetch(h, from, "northwind-customer-exports", "2026/invoices-")
	}
}

func exports(p *plot) {
	h, from, _ := p.stolen()
	p.aws(p.now, h, from, call{source: "s3", name: "ListObjects", data: true, params: text("bucketName", "northwind-customer-exports", "prefix", "2026/")})
	for range 214 {
		p.fetch(h, from, "northwind-customer-exports", "2026/customers-")
	}
}

func snapshotShared(p *plot) {
	h, from := p.phished()
	p.look(h, from, 3)
	p.aws(p.soon(), h, from, call{source: "ec2", name: "DescribeVolumes"})
	volume, snap := "vol-"+letters(p.number(), hexadecimal, 17), "snap-"+letters(p.number(), hexadecimal, 17)
	p.aws(p.soon(), h, from, call{source: "ec2", name: "CreateSnapshot", params: text("volumeId", volume), answer: text("snapshotId", snap, "volumeId", volume)})
	p.aws(p.soon(), h, from, call{source: "ec2", name: "ModifySnapshotAttribute", params: text("snapshotId", snap, "attributeType", "CREATE_VOLUME_PERMISSION",
		"createVolumePermission", `{"add":{"items":[{"userId":"`+stranger+`"}]}}`)})
	p.touch("created", "snapshot", snap)
	p.touch("read", "volume", volume)
	p.leave("snapshot", snap)
}

func doorOpened(p *plot) {
	h, from := p.phished()
	p.aws(p.soon(), h, from, call{source: "ec2", name: "DescribeSecurityGroups", params: `{"securityGroupSet":{}}`})
	group := "sg-" + letters(p.number(), hexadecimal, 17)
	p.aws(p.soon(), h, from, call{source: "ec2", name: "AuthorizeSecurityGroupIngress", params: text("groupId", group,
		"ipPermissions", `{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]}`)})
	p.touch("changed", "security_group", group)
	pair := "maintenance-" + letters(p.number(), hexadecimal, 4)
	p.aws(p.soon(), h, from, call{source: "ec2", name: "ImportKeyPair", params: text("keyName", pair), answer: text("keyName", pair)})
	p.touch("created", "key_pair", pair)
	p.leave("key_pair", pair)
	p.leave("security_group", group)
}

func keysDeleted(p *plot) {
	u, from := p.iamUser("emergency-admin"), p.enter(true)
	p.holds(u)
	p.aws(p.now, u, from, call{source: "kms", name: "ListKeys"})
	for _, k := range p.cast.keys[:4] {
		arn := "arn:aws:kms:" + region + ":" + account + ":key/" + k
		p.aws(p.soon(), u, from, call{source: "kms", name: "DescribeKey", params: text("keyId", arn)})
		p.aws(p.soon(), u, from, call{source: "kms", name: "ScheduleKeyDeletion", params: text("keyId", arn, "pendingWindowInDays", "7"), resources: []resource{{"AWS::KMS::Key", arn}}})
		p.touch("deleted", "key", arn)
	}
}

func backupsDeleted(p *plot) {
	h, from := p.phished()
	p.aws(p.soon(), h, from, call{source: "backup", name: "ListRecoveryPointsByBackupVault", params: text("backupVaultName", "production")})
	for i := range 8 {
		arn := fmt.Sprintf("arn:aws:backup:%s:%s:recovery-point:%s", region, account, guid(p.number()))
		p.aws(p.later(2*life.Second, 12*life.Second), h, from, call{source: "backup", name: "DeleteRecoveryPoint", params: text("backupVaultName", "production", "recoveryPointArn", arn)})
		p.touch("deleted", "recovery_point", arn)
		if i%2 == 0 {
			snap := fmt.Sprintf("nightly-%s-2026-0%d", p.cast.services[i%len(p.cast.services)].name, 1+i)
			p.aws(p.soon(), h, from, call{source: "rds", name: "DeleteDBSnapshot", params: text("dBSnapshotIdentifier", snap)})
			p.touch("deleted", "db_snapshot", snap)
		}
	}
}

func slowExports(p *plot) {
	n := p.IntN(len(p.cast.services))
	from := p.enter(false)
	for range 14 {
		h := p.serviceKey(n, p.now)
		p.holds(h)
		for range p.between(6, 12) {
			p.later(3*life.Minute, 9*life.Minute)
			p.fetch(h, from, "northwind-customer-exports", "2026/accounts-")
		}
		p.now = life.Midnight(p.now.Date()+1) + 21*life.Hour + p.span(0, life.Hour)
	}
}

func dormantUser(p *plot) {
	u, from := p.iamUser("jenkins-legacy"), p.enter(false)
	p.holds(u)
	p.aws(p.now, u, from, call{source: "sts", name: "GetCallerIdentity"})
	p.look(u, from, 6)
	p.aws(p.soon(), u, from, call{source: "secretsmanager", name: "ListSecrets"})
	for i := range min(9, len(p.cast.services)) {
		id := p.cast.services[i].secret
		p.aws(p.later(10*life.Second, life.Minute), u, from, call{source: "secretsmanager", name: "GetSecretValue", params: text("secretId", id)})
		p.touch("read", "secret", id)
	}
}

func retention(p *plot) {
	v := p.someone("Platform")
	session, at := p.present(v)
	p.with("session", session)
	home := p.whereabouts(v, int(at.Date()))
	p.now = at + p.span(11*life.Hour, 12*life.Hour)
	h := p.cloudSession(v, home, session, powerRole)
	for _, group := range []string{"/production/app", "/production/audit", "/production/access"} {
		p.aws(p.soon(), h, home, call{source: "logs", name: "PutRetentionPolicy", params: text("logGroupName", group, "retentionInDays", "1")})
		p.touch("changed", "log_group", group)
	}
	p.aws(p.soon(), h, home, call{source: "s3", name: "PutBucketLifecycle", params: text("bucketName", "northwind-audit-logs",
		"LifecycleConfiguration", `{"Rule":{"Status":"Enabled","Expiration":{"Days":1}}}`)})
	p.touch("changed", "bucket", "northwind-audit-logs")
}
