package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

func actor(n int) string { return "arn:aws:iam::111122223333:role/team-" + strconv.Itoa(n%actors) }

// actorOf is who did event n.
func actorOf(n int) string { return actor(n / 300 * 7919) }

// credential is that of a record: a session of one actor makes some hundred requests.
func credential(n int) string { return fmt.Sprintf("ASIAEXAMPLE%010d", n/300) }

func request(n int) string { return fmt.Sprintf("REQ%012d", n) }

var actions = []string{"s3:GetObject", "ec2:DescribeInstances", "sts:AssumeRole", "s3:PutObject", "kms:Decrypt", "iam:GetRole", "logs:CreateLogStream", "ssm:GetParameter", "dynamodb:Query", "lambda:Invoke"}

// made is event n of all, spread evenly over the days, in the normal form and with its record.
func made(n, all int, r *rand.Rand) event.Event {
	at := from.Add(time.Duration(float64(n) / float64(all) * days * 24 * float64(time.Hour))).Truncate(time.Millisecond)
	who, what := actorOf(n), actions[r.IntN(len(actions))]
	ip := "192.0." + strconv.Itoa(r.IntN(8)) + "." + strconv.Itoa(r.IntN(250))
	raw := fmt.Appendf(nil, `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","arn":%q,"accountId":"111122223333","accessKeyId":%q,"sessionContext":{"sessionIssuer":{"type":"Role","arn":%q,"accountId":"111122223333"},"attributes":{"mfaAuthenticated":"false"}}},"eventTime":%q,"eventSource":"aws.example","eventName":%q,"awsRegion":"eu-central-1","sourceIPAddress":%q,"userAgent":"aws-sdk-go-v2/1.41 os/linux lang/go#1.26 md/GOARCH#amd64","requestParameters":{"bucketName":"data-%d","key":"year=2026/part-%d.parquet"},"responseElements":null,"additionalEventData":{"bytesTransferredOut":%d,"x-amz-id-2":"%016x%016x"},"requestID":%q,"eventID":"00000000-0000-4000-8000-%012d","readOnly":true,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}`,
		who, credential(n), who, at.Format(time.RFC3339), what, ip, r.IntN(50), r.IntN(100_000), r.IntN(1_000_000), r.Uint64(), r.Uint64(), request(n), n)
	return event.Event{
		ID: event.FirstID(int64(n + 1)), Source: "src_bench", Log: "aws.cloudtrail", Upstream: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), At: at, Received: at.Add(time.Minute), Class: 6003, Activity: 2, Action: what,
		Effect: event.EffectOf("reads"), Weight: event.WeightOf("read"), Status: event.StatusOf("success"), Actor: event.Actor{ID: who, Name: who, Kind: event.Service}, Credential: credential(n),
		From: event.Endpoint{IP: ip, UserAgent: "aws-sdk-go-v2/1.41 os/linux lang/go#1.26 md/GOARCH#amd64"}, Targets: []event.Target{{Kind: "bucket", ID: "data-" + strconv.Itoa(r.IntN(50))}}, Raw: raw,
	}
}
