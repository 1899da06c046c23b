// Package bucket reads whole files of records from buckets: Amazon S3, Google Cloud Storage, MinIO and what else speaks S3's interface.
// It lists what may be new, not the bucket, and takes each object once, as package follow does with folders.
package bucket

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Address says where a bucket is, and who reads it.
type Address struct {
	URL       string // s3://BUCKET/PREFIX, or gs://BUCKET/PREFIX
	Region    string // eu-central-1; of Google it may be left out
	Endpoint  string // https://minio.northwind.example:9000; empty is Amazon's or Google's own
	PathStyle bool   // the bucket is in the path of requests, not in the name of the host
	KeyID     string
	Secret    string
	Session   string // of keys that end
	// Transport carries the requests. It is made for the hosts of Reaches.
	Transport http.RoundTripper
}

// place is an address taken apart.
type place struct {
	scheme, bucket, prefix string // the prefix is empty or ends in a slash
	host                   string // with the port if it is not the usual one
	secure                 bool
}

const (
	amazonHost = "s3.amazonaws.com"
	googleHost = "storage.googleapis.com"
)

// Shown is an address as it may be told: a secret that somebody wrote into it is not.
func Shown(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	if before, after, found := strings.Cut(address, "@"); found {
		return before[:min(len(before), len("s3://"))] + "…@" + after
	}
	return address
}

// names are those a bucket may have; Google allows underscores.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

func (a *Address) place() (place, error) {
	u, err := url.Parse(a.URL)
	if err != nil || u.Scheme != "s3" && u.Scheme != "gs" || u.RawQuery != "" || u.User != nil || !names.MatchString(u.Host) {
		return place{}, errs.New(errs.Invalid, "%q is no bucket", Shown(a.URL)).At("url").WithHint("Write s3://BUCKET/PREFIX, or gs://BUCKET/PREFIX for Google Cloud Storage.")
	}
	p := place{scheme: u.Scheme, bucket: u.Host, prefix: strings.TrimLeft(u.Path, "/"), secure: true, host: map[string]string{"s3": amazonHost, "gs": googleHost}[u.Scheme]}
	if p.prefix != "" && !strings.HasSuffix(p.prefix, "/") {
		p.prefix += "/"
	}
	if a.Endpoint == "" {
		if p.scheme == "s3" && a.Region == "" {
			return place{}, errs.New(errs.Invalid, "in which region is %s?", Shown(a.URL)).At("region").WithHint("Write region: eu-central-1, or as it is.")
		}
		return p, nil
	}
	e, err := url.Parse(a.Endpoint)
	if err != nil || e.Scheme != "https" && e.Scheme != "http" || e.Host == "" || strings.Trim(e.Path, "/") != "" || e.RawQuery != "" || e.User != nil {
		return place{}, errs.New(errs.Invalid, "%q is no endpoint", Shown(a.Endpoint)).At("endpoint").WithHint("Write scheme and host, with the port if it is not the usual one: https://minio.northwind.example:9000")
	}
	p.host, p.secure = e.Host, e.Scheme == "https"
	return p, nil
}

// Reaches are the hosts with ports that requests to an endpoint of one's own go to: whoever names them allows them, even where they are
// in a private network. Of Amazon and Google there are none, since they are not.
func (a *Address) Reaches() ([]string, error) {
	p, err := a.place()
	if err != nil || a.Endpoint == "" {
		return nil, err
	}
	host, port, err := net.SplitHostPort(p.host)
	if err != nil {
		host, port = strings.Trim(p.host, "[]"), map[bool]string{true: "443", false: "80"}[p.secure]
	}
	return []string{net.JoinHostPort(host, port), net.JoinHostPort(p.bucket+"."+host, port)}, nil
}

// tries is how often a request that the storage could not answer is sent again at once, before the bucket rests.
const tries = 3

// client makes what asks the storage.
func (a *Address) client() (*minio.Core, place, error) {
	p, err := a.place()
	if err != nil {
		return nil, p, err
	}
	lookup := minio.BucketLookupAuto
	if a.PathStyle {
		lookup = minio.BucketLookupPath
	}
	region := cmp.Or(a.Region, map[string]string{"s3": "us-east-1", "gs": "auto"}[p.scheme])
	c, err := minio.NewCore(p.host, &minio.Options{
		Creds: credentials.NewStaticV4(a.KeyID, a.Secret, a.Session), Secure: p.secure, Region: region, BucketLookup: lookup, Transport: a.Transport, MaxRetries: tries,
	})
	return c, p, errs.As(errs.Invalid, err, "the bucket %s", a.URL)
}

// How long one request may take.
const (
	listTime = time.Minute
	getTime  = 15 * time.Minute
)

// found is an object of a listing, or a folder, whose key ends in a slash.
type found struct {
	key, etag string
	size      int64
}

// list gives what is below a prefix in order of key: everything, or folder by folder.
func (x *Bucket) list(ctx context.Context, prefix, after string, folders bool, do func(found) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(listTime, cancel)
	defer late.Stop()
	no := false
	for o := range x.client.ListObjectsIter(ctx, x.at.bucket, minio.ListObjectsOptions{Prefix: prefix, StartAfter: after, Recursive: !folders, FetchOwner: &no}) {
		if o.Err != nil {
			return fault(o.Err, "list "+x.name(prefix))
		}
		if o.Key == prefix {
			continue // what marks an empty folder
		}
		late.Reset(2 * getTime) // what is listed is read meanwhile
		if err := do(found{o.Key, o.ETag, o.Size}); err != nil {
			return err
		}
		late.Reset(listTime)
	}
	return fault(ctx.Err(), "list "+x.name(prefix))
}

// errGone is of an object that is not there any more, or not as it was listed. The next look finds what is there.
var errGone = errs.New(errs.NotFound, "the object is gone, or another by now")

// fetch copies an object as it was listed. One that came short is an error.
func (x *Bucket) fetch(ctx context.Context, o found, to io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, getTime)
	defer cancel()
	var opt minio.GetObjectOptions
	if o.etag != "" {
		if err := opt.SetMatchETag(o.etag); err != nil {
			return errs.As(errs.Internal, err, "ask for %s", x.name(o.key))
		}
	}
	body, _, _, err := x.client.GetObject(ctx, x.at.bucket, o.key, opt)
	if err != nil {
		return fault(err, "read "+x.name(o.key))
	}
	defer body.Close()
	n, err := io.Copy(to, io.LimitReader(body, o.size+1))
	if err != nil {
		return fault(err, "read "+x.name(o.key))
	}
	if n != o.size {
		return errs.New(errs.Unavailable, "%s came with %d of %d bytes", x.name(o.key), n, o.size)
	}
	return nil
}

// fault is what the storage or the way to it says, in our words.
func fault(err error, what string) error {
	if err == nil {
		return nil
	}
	var said minio.ErrorResponse
	if !errors.As(err, &said) {
		if errs.KindOf(err) != errs.Internal { // of the guard before connections, or of the disk
			return errs.Wrap(err, "%s", what)
		}
		return errs.As(errs.Unavailable, err, "%s", what)
	}
	switch s := said.StatusCode; {
	case said.Code == "NoSuchKey", s == http.StatusPreconditionFailed:
		return errGone
	case said.Code == "NoSuchBucket":
		return errs.Hinted(errs.As(errs.Invalid, err, "%s", what), "Is the bucket written as it is called, and is the region its own?")
	case said.Code == "SlowDown", s == http.StatusTooManyRequests:
		return errs.As(errs.Exhausted, err, "%s", what)
	case said.Code == "InvalidObjectState":
		return errs.Hinted(errs.As(errs.Denied, err, "%s", what), "The object lies in an archive of the storage; restore it there, and it is read.")
	case s == http.StatusForbidden, s == http.StatusUnauthorized:
		return errs.Hinted(errs.As(errs.Denied, err, "%s", what), "The key needs s3:ListBucket on the bucket and s3:GetObject on what is in it, and kms:Decrypt where it is encrypted with a key of one's own.")
	case s >= http.StatusInternalServerError, s == 0:
		return errs.As(errs.Unavailable, err, "%s", what)
	}
	return errs.As(errs.Invalid, err, "%s", what)
}

func (x *Bucket) name(key string) string { return x.at.scheme + "://" + x.at.bucket + "/" + key }
