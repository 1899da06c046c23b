package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event/bucket"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// bucketWay is a bucket into which whole files are put.
type bucketWay struct {
	URL        string `yaml:"url"`         // s3://BUCKET/PREFIX, or gs://BUCKET/PREFIX
	Region     string `yaml:"region"`      // eu-central-1
	Endpoint   string `yaml:"endpoint"`    // of storage that is not Amazon's or Google's: https://minio.northwind.example:9000
	PathStyle  bool   `yaml:"path_style"`  // the bucket is in the path of requests, as MinIO has it
	CA         string `yaml:"ca"`          // a file with the authority of the endpoint's certificate, in PEM
	KeyID      string `yaml:"key_id"`      // of the access key; without one, AWS_ACCESS_KEY_ID and its like are read from the environment
	SecretFile string `yaml:"secret_file"` // a file with its secret, which others cannot read
	SecretEnv  string `yaml:"secret_env"`  // or the variable of the environment that holds it
	Since      string `yaml:"since"`       // the first day: 2026-01-31; the last days if it is left out
	LateDays   int    `yaml:"late_days"`   // in which objects that come late are found
	MaxMiB     int64  `yaml:"max_mib"`     // of an object
	Every      string `yaml:"every"`       // how often it is looked at: 1m
	Zone       string `yaml:"zone"`        // of times that do not tell theirs
	ofSource   `yaml:",inline"`
}

// How often a bucket is looked at: each look costs requests.
const (
	bucketLook  = time.Minute
	bucketLeast = 5 * time.Second
	maxLateDays = 60
)

// openBuckets makes what reads the buckets that the file of the ways in names.
func (a *App) openBuckets(ctx context.Context, w *ways) (all []func(context.Context), err error) {
	seen := map[string]bool{}
	for _, x := range w.Buckets {
		b, every, err := a.bucketWay(ctx, w, x, seen)
		if err != nil {
			return nil, errs.Wrap(err, "buckets: %s", bucket.Shown(x.URL))
		}
		all = append(all, func(ctx context.Context) {
			a.step(ctx, x.URL, every, func(ctx context.Context) (bool, error) {
				_, err := b.Look(ctx)
				return false, err
			})
		})
	}
	return all, nil
}

func (a *App) bucketWay(ctx context.Context, w *ways, x bucketWay, seen map[string]bool) (*bucket.Bucket, time.Duration, error) {
	every, err := time.ParseDuration(cmp.Or(x.Every, bucketLook.String()))
	if err != nil || every < bucketLeast {
		return nil, 0, errs.New(errs.Invalid, "every: %q is no time of at least %s", x.Every, bucketLeast).At("every").WithHint("Write every: 1m")
	}
	b := bucket.Bucket{Log: a.Log, Late: x.LateDays, Most: x.MaxMiB << 20, Spool: filepath.Join(a.Config.Data, "events", "tmp")}
	if x.LateDays < 0 || x.LateDays > maxLateDays || x.MaxMiB < 0 || x.MaxMiB > 1<<20 {
		return nil, 0, errs.New(errs.Invalid, "late_days must be at most %d, max_mib at most %d", maxLateDays, 1<<20).At("late_days")
	}
	if x.Since != "" {
		if b.Since, err = time.Parse(time.DateOnly, x.Since); err != nil {
			return nil, 0, errs.New(errs.Invalid, "since: %q is no day", x.Since).At("since").WithHint("Write since: 2026-01-31")
		}
	}
	at := bucket.Address{URL: x.URL, Region: x.Region, Endpoint: x.Endpoint, PathStyle: x.PathStyle}
	if err := w.key(x, &at); err != nil {
		return nil, 0, err
	}
	if at.Transport, err = w.carries(x, &at); err != nil {
		return nil, 0, err
	}
	to, known, err := a.followed(ctx, strings.TrimRight(x.URL, "/"), x.ofSource, x.Zone, seen)
	if err != nil {
		return nil, 0, err
	}
	b.Source, b.Known, b.Digested = to.Source, known, a.digested(to)
	out, err := bucket.Open(at, b)
	return out, every, err
}

// key reads the access key of a bucket. The secret is never told.
func (w *ways) key(x bucketWay, at *bucket.Address) error {
	switch {
	case x.KeyID == "" && x.SecretFile+x.SecretEnv == "":
		at.KeyID, at.Secret, at.Session = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")
	case x.KeyID == "" || (x.SecretFile == "") == (x.SecretEnv == ""):
		return errs.New(errs.Invalid, "the access key is told in part").At("key_id").WithHint("Write key_id with either secret_file or secret_env; or none of them, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
	case x.SecretEnv != "":
		at.KeyID, at.Secret = x.KeyID, os.Getenv(x.SecretEnv)
	default:
		file := w.path(x.SecretFile)
		info, err := os.Stat(file)
		if err != nil {
			return errs.AtField(errs.As(errs.Invalid, err, "the file of the secret"), "secret_file")
		}
		if info.Mode().Perm()&0o077 != 0 {
			return errs.New(errs.Invalid, "the file %s of the secret can be read by others (mode %04o)", file, info.Mode().Perm()).At("secret_file").WithHint("chmod 600 %s, and replace the key if somebody may have read it.", file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return errs.AtField(errs.As(errs.Invalid, err, "the file of the secret"), "secret_file")
		}
		at.KeyID, at.Secret = x.KeyID, strings.TrimSpace(string(text))
	}
	if at.KeyID == "" || at.Secret == "" {
		return errs.New(errs.Invalid, "there is no access key").At("key_id").WithHint("Write key_id with either secret_file or secret_env, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Of Google it is an HMAC key.")
	}
	return nil
}

// carries makes what requests to a bucket go over. It reaches public addresses, and the endpoint that whoever runs the program names.
func (w *ways) carries(x bucketWay, at *bucket.Address) (http.RoundTripper, error) {
	reaches, err := at.Reaches()
	if err != nil {
		return nil, err
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if x.CA != "" {
		pem, err := os.ReadFile(w.path(x.CA))
		if err != nil {
			return nil, errs.AtField(errs.As(errs.Invalid, err, "the file of the authority"), "ca")
		}
		if secure.RootCAs = x509.NewCertPool(); !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errs.New(errs.Invalid, "%s holds no certificate in PEM", x.CA).At("ca")
		}
	}
	// What is packed stays packed: the hash of an object is of what lies there.
	return &http.Transport{DialContext: httpx.Dialer(reaches), TLSClientConfig: secure, DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: time.Minute}, nil
}
