package audit

import (
	"fmt"
	"math"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/life"
)

// services are the programs in production, which follow their customers through the day, and the robots of the night.
func (t *Trail) services(s *sheet, day period.Date) {
	lo := life.Midnight(day)
	for i := range t.cast.services {
		if sv := &t.cast.services[i]; t.w.Repos[sv.repo].Created < lo {
			q := t.sheet(forService, i, day)
			q.serve(sv, i)
			s.acts = append(s.acts, q.acts...)
		}
	}
	q := t.sheet(forService, 1<<20, day)
	q.backup(lo)
	q.scan(lo)
	q.monitor(lo)
	s.acts = append(s.acts, q.acts...)
}

// busy is how much is going on at an hour, from 0 to 1: customers work by day, less at weekends.
func busy(day period.Date, hour int) float64 {
	x := 0.18 + 0.82*math.Max(0, math.Sin(math.Pi*(float64(hour)-5)/16))
	if w := ((int(day)+4)%7 + 7) % 7; w == 0 || w == 6 {
		x *= 0.45
	}
	return x
}

// serve is a day of a program in production.
func (s *sheet) serve(sv *service, n int) {
	from := server(210 + n%20)
	from.cli = "aws-sdk-go-v2/1.39.2 os/linux lang/go#1.26.1 md/GOOS#linux md/GOARCH#amd64"
	lo := life.Midnight(s.day)
	for hour := range 24 {
		at := lo + life.Time(hour)*life.Hour
		h := s.serviceKey(n, at)
		for range s.count(sv.rate * busy(s.day, hour) * s.o.Factor) {
			s.serveOnce(at+s.span(0, life.Hour), h, from, sv)
		}
		if hour%4 == n%4 {
			s.aws(at+s.span(0, life.Hour), h, from, call{source: "secretsmanager", name: "GetSecretValue", params: text("secretId", sv.secret)})
		}
	}
}

func (s *sheet) serveOnce(at life.Time, h holder, from place, sv *service) {
	object := fmt.Sprintf("%s/%s.json", at.Date(), letters(s.number(), hexadecimal, 8))
	switch k := s.IntN(10); {
	case k < 4:
		s.object(at, h, from, "GetObject", sv.bucket, object)
	case k < 7:
		s.object(at, h, from, "PutObject", sv.bucket, object)
	case k < 9:
		s.aws(at, h, from, call{source: "kms", name: "Decrypt", params: text("keyId", s.cast.keys[int(sv.repo)%len(s.cast.keys)])})
	default:
		s.aws(at, h, from, call{source: "dynamodb", name: "Query", data: true, params: text("tableName", sv.table)})
	}
}

// backup copies what is kept, every night, as the user the job has.
func (s *sheet) backup(lo life.Time) {
	h, from := s.iamUser("svc-backup"), server(242)
	from.cli = "restic/0.18.1 aws-sdk-go/1.55.8"
	at := lo + 2*life.Hour + s.span(0, 10*life.Minute)
	for i := range s.cast.services {
		sv := &s.cast.services[i]
		at += s.span(20*life.Second, 3*life.Minute)
		s.aws(at, h, from, call{source: "rds", name: "CreateDBSnapshot", params: text("dBInstanceIdentifier", sv.name, "dBSnapshotIdentifier", "nightly-"+sv.name+"-"+lo.Date().String())})
		s.object(at+30*life.Second, h, from, "PutObject", "northwind-backups", lo.Date().String()+"/"+sv.name+".tar.zst")
	}
	s.aws(at+5*life.Minute, h, from, call{source: "s3", name: "ListObjects", data: true, params: text("bucketName", "northwind-backups", "prefix", "2")})
}

// scan is the scanner of settings: it reads everything there is, four times a day.
func (s *sheet) scan(lo life.Time) {
	from := server(243)
	from.cli = "Boto3/1.40.50 md/Botocore#1.40.50 lang/python#3.13.7"
	for hour := 3; hour < 24; hour += 6 {
		at := lo + life.Time(hour)*life.Hour + s.span(0, 4*life.Minute)
		scanner := s.iamUser("svc-scanner")
		h, _ := s.assume(at, scanner, "security-audit", "scan", from)
		for range s.between(40, 60) {
			at += s.span(100, 3*life.Second)
			s.aws(at, h, from, pick(s.dice, reads))
		}
	}
}

// monitor is the monitoring: it asks for figures all day.
func (s *sheet) monitor(lo life.Time) {
	from := server(244)
	from.cli = "Datakeeper/7.71 aws-sdk-go-v2/1.39.2"
	for hour := range 24 {
		h := s.assumed("monitoring-role", "collector", "ASIA"+letters(mix(s.key+uint64(hour)), capitals, 16), lo+life.Time(hour)*life.Hour)
		for m := 0; m < 60; m += 10 {
			s.aws(lo+life.Time(hour)*life.Hour+life.Time(m)*life.Minute+s.span(0, 20*life.Second), h, from, call{source: "monitoring", name: "GetMetricData"})
		}
	}
}

// serviceKey is the key a program in production has at an instant; its machine hands it a new one every six hours.
func (t *Trail) serviceKey(n int, at life.Time) holder {
	sv, quarter := &t.cast.services[n], at/(6*life.Hour)
	key := "ASIA" + letters(mix(t.w.Seed^uint64(n)<<40^uint64(quarter)), capitals, 16)
	return t.assumed(sv.role, "i-"+letters(mix(uint64(sv.repo)+t.w.Seed), hexadecimal, 17), key, quarter*6*life.Hour)
}
