package main

import (
	"fmt"
	"time"
)

// cloud is an event of CloudTrail of the usual size.
func cloud(n int, at time.Time) []byte {
	actions := []struct{ source, name, read string }{{"s3", "GetObject", "true"}, {"ec2", "DescribeInstances", "true"}, {"sts", "AssumeRole", "true"}, {"s3", "PutObject", "false"}, {"kms", "Decrypt", "true"}, {"iam", "GetRole", "true"}, {"logs", "CreateLogStream", "false"}}
	a := actions[n%len(actions)]
	user := n * 7919 % 500
	return trail(n, at, a.source, a.name, a.read, fmt.Sprintf("team-%d", user%40), user)
}

// canary is an event that a rule is about: somebody stops the trail. Each is of somebody else, so that each is an alert of its own.
func canary(n int, at time.Time) []byte {
	return trail(900_000_000+n, at, "cloudtrail", "StopLogging", "false", fmt.Sprintf("canary-%d", n), 1_000_000+n)
}

func trail(n int, at time.Time, source, name, read, role string, user int) []byte {
	return fmt.Appendf(nil, `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE%06d:session-%d","arn":"arn:aws:sts::111122223333:assumed-role/%s/session-%d","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE%08d","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%06d","arn":"arn:aws:iam::111122223333:role/%s","accountId":"111122223333","userName":"%s"},"attributes":{"creationDate":"2026-03-01T00:00:00Z","mfaAuthenticated":"false"}}},"eventTime":%q,"eventSource":"%s.amazonaws.com","eventName":%q,"awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.%d","userAgent":"aws-sdk-go-v2/1.41 os/linux lang/go#1.26 md/GOARCH#amd64","requestParameters":{"bucketName":"data-%d","key":"year=2026/part-%d.parquet","Host":"data.s3.eu-central-1.amazonaws.com"},"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","bytesTransferredOut":%d},"requestID":"REQ%012d","eventID":"00000000-0000-4000-8000-%012d","readOnly":%s,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"data.s3.eu-central-1.amazonaws.com"}}`,
		user, user, role, user, user*31+n%3, user, role, role, at.UTC().Format(time.RFC3339Nano), source, name, user%250, user%20, n, n*37%100000, n, n, read)
}

func okta(n int, at time.Time) []byte {
	user := n * 7919 % 400
	return fmt.Appendf(nil, `{"uuid":"00000000-0000-4000-9000-%012d","published":%q,"eventType":"user.authentication.sso","version":"0","severity":"INFO","displayMessage":"User single sign on to app","actor":{"id":"00u%08d","type":"User","alternateId":"person.%d@northwind.example","displayName":"Person %d"},"client":{"userAgent":{"rawUserAgent":"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0","os":"Linux","browser":"FIREFOX"},"zone":"null","device":"Computer","ipAddress":"198.51.100.%d","geographicalContext":{"city":"Hamburg","country":"Germany"}},"authenticationContext":{"externalSessionId":"trs%012d"},"outcome":{"result":"SUCCESS"},"target":[{"id":"0oa%06d","type":"AppInstance","alternateId":"App %d","displayName":"App %d"}],"transaction":{"type":"WEB","id":"W%012d"},"debugContext":{"debugData":{"requestUri":"/app/sso"}}}`,
		n, at.UTC().Format(time.RFC3339Nano), user, user, user, user%250, user, user%30, user%30, user%30, n)
}

func github(n int, at time.Time) []byte {
	user := n * 7919 % 120
	return fmt.Appendf(nil, `{"@timestamp":%d,"_document_id":"doc%014d","action":"git.clone","actor":"dev-%d","actor_id":%d,"actor_ip":"203.0.113.%d","actor_location":{"country_code":"DE"},"created_at":%d,"org":"northwind","org_id":4711,"repo":"northwind/service-%d","repository":"northwind/service-%d","transport_protocol_name":"ssh","user_agent":"git/2.51","visibility":"private","programmatic_access_type":"SSH key"}`,
		at.UnixMilli(), n, user, 1000+user, user%250, at.UnixMilli(), user%40, user%40)
}
