package app_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/simco/s3"
)

const bucketSecret = "a-secret-of-nobody"

// TestBuckets: a bucket is read once, over two runs of the server; a mistake in what names it is told with its place, and never a secret.
func TestBuckets(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	trail := w.source("Trail", "aws.cloudtrail")
	store := &s3.Server{Bucket: "northwind-trail", Region: "eu-central-1", KeyID: "AKIANORTHWIND", Secret: bucketSecret}
	srv := httptest.NewServer(store)
	defer srv.Close()
	must(t, os.WriteFile(filepath.Join(w.dir, "trail.key"), []byte(bucketSecret+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(w.dir, "open.key"), []byte(bucketSecret), 0o644))
	way := fmt.Sprintf("{url: 's3://northwind-trail/logs', region: eu-central-1, endpoint: '%s', path_style: true, every: 5s, key_id: AKIANORTHWIND, secret_file: trail.key, source: %s}", srv.URL, trail.Ref)
	day := w.Clock().UTC().Format("2006/01/02")
	put := func(id string) {
		store.Put("logs/AWSLogs/123456789012/CloudTrail/eu-central-1/"+day+"/"+id+".json", []byte(`{"Records":[{"eventID":"`+id+`","eventName":"CreateUser"}]}`))
	}
	put("a")
	put("b")
	w.ways("buckets: [%s]\n", way)
	_, end := w.serve()
	w.took(trail, 2)
	end()
	put("c")
	_, end = w.serve()
	w.took(trail, 3)
	end()
	found, _, err := w.Events.Find(t.Context(), w.scope.ReadScope, event.Filter{Source: string(trail.ID)})
	if err != nil || len(found) != 3 {
		t.Errorf("%d events: %v", len(found), err)
	}
	for change, want := range map[string]string{
		"trail.key|open.key":                                              "can be read by others",
		"trail.key|none.key":                                              "file of the secret",
		", secret_file: trail.key|":                                       "told in part",
		"secret_file: trail|secret_env: X, secret_file: trail":            "told in part",
		"secret_file: trail.key|secret_env: TICKMARK_TEST_NO_SUCH_SECRET": "there is no access key",
		"every: 5s|every: 1s":                                             "at least 5s",
		"every: 5s|since: soon":                                           "is no day",
		"every: 5s|late_days: 99":                                         "late_days",
		"every: 5s|ca: open.key":                                          "no certificate",
		"s3://northwind-trail/logs|northwind-trail":                       "is no bucket",
		"s3://n|s3://key:" + bucketSecret + "@n":                          "is no bucket",
		"source: |source: SRC-9":                                          "SRC-9",
		"every: 5s|zone: Mars/Olympus":                                    "Mars",
		"every: 5s|secret: x":                                             "secret",
	} {
		from, to, _ := strings.Cut(change, "|")
		w.ways("buckets: [%s]\n", strings.Replace(way, from, to, 1))
		if err := w.Serve(t.Context(), func(string) { t.Errorf("%s: it served", change) }); err == nil || !strings.Contains(err.Error()+fmt.Sprint(err), want) || strings.Contains(fmt.Sprintf("%+v", err), bucketSecret) {
			t.Errorf("%s: %v", change, err)
		}
	}
	w.ways("buckets: [%s, %s]\n", way, way)
	if err := w.Serve(t.Context(), func(string) { t.Error("it served") }); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
}
