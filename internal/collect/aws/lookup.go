package aws

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// keys sign requests. Those of a role end.
type keys struct {
	id, secret, token string
	until             time.Time // zero for those of a user
}

// question is what LookupEvents is asked. Times are whole seconds and both belong to the answer.
type question struct {
	StartTime, EndTime int64
	MaxResults         int
	NextToken          string `json:",omitempty"`
}

// answer is a page of events, the newest first.
type answer struct {
	Events    *[]httpx.Row[lookedUp]
	NextToken string
}

type lookedUp struct{ CloudTrailEvent string }

// record is what is read of an event. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type record struct {
	EventID         string    `json:"eventID"`
	EventTime       time.Time `json:"eventTime"`
	EventSource     string    `json:"eventSource"`
	EventName       string    `json:"eventName"`
	SourceIPAddress *string   `json:"sourceIPAddress"`
	ErrorCode       string    `json:"errorCode"`
	UserIdentity    struct {
		ARN         string `json:"arn"`
		UserName    string `json:"userName"`
		PrincipalID string `json:"principalId"`
		InvokedBy   string `json:"invokedBy"`
	} `json:"userIdentity"`
	Resources []struct {
		ARN  string `json:"ARN"`
		Type string `json:"type"`
	} `json:"resources"`
}

// lookup reads the events of a region from an instant up to another.
func (r *run) lookup(ctx context.Context, region string, from, to time.Time, take collect.Take) error {
	return pull.Pages(func(token string) (string, error) {
		a, err := r.page(ctx, region, question{StartTime: from.Unix(), EndTime: to.Unix(), MaxResults: 50, NextToken: token})
		if err != nil {
			return "", err
		}
		r.sink.Page(pull.Resource, "LookupEvents")
		records := make([]pull.Record, len(*a.Events))
		for i, x := range *a.Events {
			records[i].Raw = cmp.Or(x.Value.CloudTrailEvent, x.Raw)
		}
		return a.NextToken, pull.Give(r.sink, from, records, fact, take)
	})
}

// page asks for one page.
func (r *run) page(ctx context.Context, region string, q question) (answer, error) {
	var out answer
	if err := r.assume(ctx); err != nil {
		return out, err
	}
	body, err := json.Marshal(q)
	if err != nil {
		return out, errs.As(errs.Internal, err, "write the request")
	}
	h := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"}}
	a, err := r.post(ctx, "cloudtrail", region, r.keys, h, body)
	if err != nil {
		return out, err
	}
	if err := a.Decode(&out); err != nil {
		return out, err
	}
	if out.Events == nil {
		return out, errs.New(errs.Invalid, "CloudTrail in %s answered without a list of events", region).WithHint("Check the address: something else may have answered.")
	}
	return out, nil
}

// assume takes the role, if there is one, some minutes before the last time ends.
func (r *run) assume(ctx context.Context) error {
	if r.role == "" || r.now().Before(r.keys.until.Add(-10*time.Minute)) {
		return nil
	}
	q := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {r.role}, "RoleSessionName": {"tickmark"}, "DurationSeconds": {"3600"}}
	if r.external != "" {
		q.Set("ExternalId", r.external)
	}
	a, err := r.post(ctx, "sts", r.regions[0], r.user, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(q.Encode()))
	if err != nil {
		return errs.Wrap(err, "take the role %s", r.role)
	}
	var out struct {
		Key        string    `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
		Secret     string    `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
		Token      string    `xml:"AssumeRoleResult>Credentials>SessionToken"`
		Expiration time.Time `xml:"AssumeRoleResult>Credentials>Expiration"`
	}
	if xml.Unmarshal(a.Body, &out) != nil || out.Key == "" || out.Secret == "" || out.Token == "" { // an error would tell of what was read
		return errs.New(errs.Invalid, "AWS gave no key for the role %s", r.role).WithHint("Check the address: something else may have answered.")
	}
	r.keys = keys{out.Key, out.Secret, out.Token, out.Expiration}
	return nil
}

// post signs and sends a request. Both requests there are only read, so they may be sent again.
func (r *run) post(ctx context.Context, service, region string, k keys, h http.Header, body []byte) (*httpx.Answer, error) {
	req, err := http.NewRequestWithContext(httpx.Repeatable(ctx), http.MethodPost, r.address(service, region)+"/", bytes.NewReader(body))
	if err != nil {
		return nil, errs.As(errs.Internal, err, "request of %s", service)
	}
	req.Header = h
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, sdk.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}, req, hex.EncodeToString(sum[:]), service, region, r.now())
	if err != nil {
		return nil, errs.New(errs.Internal, "sign the request of %s", service)
	}
	a, err := httpx.Fetch(httpx.Repeatable(ctx), r.http, req)
	return a, explain(err)
}

// explain gives what AWS answers its kind and a next step: most of it comes as 400.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html
func explain(err error) error {
	kind := errs.Denied
	var hint string
	switch code := httpx.CodeOf(err); strings.TrimSuffix(code, "Exception") {
	case "UnrecognizedClient", "InvalidClientTokenId", "MissingAuthenticationToken":
		hint = "check the access key, whether it is active, and whether the account has enabled this region"
	case "InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature", "RequestExpired":
		hint = "check the secret access key, and whether the clock of this machine is right"
	case "ExpiredToken":
		hint = "give a new access key"
	case "AccessDenied", "NotAuthorized":
		hint = "allow cloudtrail:LookupEvents; with a role, allow sts:AssumeRole and check the external identifier"
	case "Throttling", "TooManyRequests", "RequestLimitExceeded":
		kind, hint = errs.Exhausted, "others look events up too, or more happens than lookups can read; follow the bucket of a trail instead"
	default:
		return err
	}
	return &errs.Error{Kind: kind, Err: err, Hint: hint}
}

// fact is the event as a fact; nil where it cannot be read.
func fact(raw string) *collect.AuditEvent {
	var e record
	if json.Unmarshal([]byte(raw), &e) != nil || e.EventID == "" || e.EventTime.IsZero() || e.EventName == "" {
		return nil
	}
	service, _, _ := strings.Cut(e.EventSource, ".")
	f := &collect.AuditEvent{ID: e.EventID, OccurredAt: pull.Micros(e.EventTime), Action: service + ":" + e.EventName, IP: e.SourceIPAddress, Outcome: collect.Ptr("success")}
	u := e.UserIdentity
	f.ActorID = collect.NonZero(u.PrincipalID)
	for _, name := range []string{u.ARN, u.UserName, u.InvokedBy} {
		if name != "" {
			f.Actor = &name
			break
		}
	}
	if e.ErrorCode != "" {
		f.Outcome = collect.Ptr("failure")
	}
	if len(e.Resources) > 0 {
		f.TargetKind, f.TargetID = collect.NonZero(e.Resources[0].Type), collect.NonZero(e.Resources[0].ARN)
		f.Target = f.TargetID
	}
	f.Raw = raw
	return f
}
