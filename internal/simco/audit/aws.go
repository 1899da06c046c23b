package audit

import (
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// call is a call of the cloud's interface. What is JSON is written as it stands; empty is null.
type call struct {
	source, name   string // source without ".amazonaws.com"
	params, answer string // JSON
	extra          string // additionalEventData, JSON
	fault, message string
	resources      []resource
	agent          string // empty: the program of the place
	kind           string // eventType; empty: AwsApiCall
	data           bool   // of the data plane
	region         string
}

type resource struct{ kind, arn string }

var readVerbs = []string{"Get", "List", "Describe", "Head", "Lookup", "Decrypt", "Select", "BatchGet", "Search", "Filter", "Query", "Assume", "ConsoleLogin"}

func (c *call) reads() bool {
	for _, v := range readVerbs {
		if strings.HasPrefix(c.name, v) {
			return true
		}
	}
	return false
}

// aws writes a record of CloudTrail.
func (s *sheet) aws(at life.Time, who holder, from place, c call) string {
	id, request := guid(s.number()), guid(s.number())
	if c.agent == "" {
		c.agent = from.cli
	}
	return s.put(at, AWS, id, func(j *wire.JSON) {
		j.Obj().S("eventVersion", "1.11")
		who.write(j)
		j.T("eventTime", at).S("eventSource", c.source+".amazonaws.com").S("eventName", c.name)
		where := c.region
		if where == "" {
			where = region
		}
		ip := from.ip
		if who.by != "" {
			ip = who.by
			c.agent = who.by
		}
		j.S("awsRegion", where).S("sourceIPAddress", ip).S("userAgent", c.agent)
		if c.fault != "" {
			j.S("errorCode", c.fault).SN("errorMessage", c.message)
		}
		raw(j, "requestParameters", c.params)
		raw(j, "responseElements", c.answer)
		if c.extra != "" {
			raw(j, "additionalEventData", c.extra)
		}
		j.S("requestID", request).S("eventID", id).B("readOnly", c.reads())
		if len(c.resources) > 0 {
			j.A("resources")
			for _, r := range c.resources {
				j.Obj().S("accountId", account).S("type", r.kind).S("ARN", r.arn).End()
			}
			j.EndArr()
		}
		kind, category := "AwsApiCall", "Management"
		if c.kind != "" {
			kind = c.kind
		}
		if c.data {
			category = "Data"
		}
		j.S("eventType", kind).B("managementEvent", !c.data).S("recipientAccountId", account).S("eventCategory", category).End()
	})
}

func raw(j *wire.JSON, key, value string) {
	if value == "" {
		j.N(key)
		return
	}
	j.Key(key).Raw(value)
}

func (h *holder) write(j *wire.JSON) {
	j.O("userIdentity").S("type", h.kind)
	if h.principal != "" {
		j.S("principalId", h.principal)
	}
	if h.arn != "" {
		j.S("arn", h.arn).S("accountId", account)
	}
	if h.key != "" {
		j.S("accessKeyId", h.key)
	}
	if h.user != "" {
		j.S("userName", h.user)
	}
	if h.role != "" {
		j.O("sessionContext").O("sessionIssuer").S("type", "Role").S("principalId", h.roleID).S("arn", h.roleARN).S("accountId", account).
			S("userName", h.role).End().O("attributes").T("creationDate", h.since).S("mfaAuthenticated", map[bool]string{false: "false", true: "true"}[h.mfa]).End().End()
	}
	if h.by != "" {
		j.S("invokedBy", h.by)
	}
	j.End()
}

// text is a JSON object of texts: names and values in turn. A value that begins with { or [ is JSON already.
func text(pairs ...string) string {
	j := wire.NewJSON().Obj()
	defer j.Free()
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := pairs[i+1]; v != "" && (v[0] == '{' || v[0] == '[') || v == "true" || v == "false" || v == "null" {
			j.Key(pairs[i]).Raw(v)
		} else {
			j.S(pairs[i], v)
		}
	}
	return string(j.End().Bytes())
}

// issued is the answer that hands out a temporary key.
func issued(key string, until life.Time, arn, principal string) string {
	return text("credentials", text("accessKeyId", key, "sessionToken", "not recorded", "expiration", until.Go().Format("Jan 2, 2006, 3:04:05 PM")),
		"assumedRoleUser", text("assumedRoleId", principal, "arn", arn))
}

// console opens a session at the cloud with the company's sign-in: the record that issues its key, and who then holds it.
func (s *sheet) console(at life.Time, mail, role string, from place) (holder, string) {
	key := s.tempKey()
	h := s.assumed(role, mail, key, at)
	h.mfa = true
	who := holder{kind: "SAMLUser", principal: s.stable("", "provider") + ":" + mail, user: mail}
	id := s.aws(at, who, from, call{source: "sts", name: "AssumeRoleWithSAML", agent: from.agent,
		params: text("sAMLAssertionID", "_"+guid(s.number()), "roleSessionName", mail, "durationSeconds", "28800", "roleArn", h.roleARN,
			"principalArn", "arn:aws:iam::"+account+":saml-provider/Okta"),
		answer:    issued(key, at+8*life.Hour, h.arn, h.principal),
		resources: []resource{{"AWS::IAM::Role", h.roleARN}}})
	return h, id
}

// assume takes another role with a key one has: the record, and who then holds the new key.
func (s *sheet) assume(at life.Time, who holder, role, session string, from place) (holder, string) {
	key := s.tempKey()
	h := s.assumed(role, session, key, at)
	id := s.aws(at, who, from, call{source: "sts", name: "AssumeRole",
		params:    text("roleArn", h.roleARN, "roleSessionName", session, "durationSeconds", "3600"),
		answer:    issued(key, at+life.Hour, h.arn, h.principal),
		resources: []resource{{"AWS::IAM::Role", h.roleARN}}})
	return h, id
}
