package detect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func engine(tb testing.TB) *sigma.Engine {
	tb.Helper()
	p, err := pack.Load()
	if err != nil {
		tb.Fatal(err)
	}
	e, err := sigma.Compile(p.Set, detect.Options())
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// scanned reads texts one after the other, and gives what was found, what was refused and the error that ended it.
func scanned(tb testing.TB, e *sigma.Engine, source string, texts ...string) (found, refused []string, tally detect.Tally, err error) {
	tb.Helper()
	s, err := detect.NewScanner(e, source)
	if err != nil {
		tb.Fatal(err)
	}
	s.Found = func(f detect.Finding) error {
		found = append(found, fmt.Sprintf("%d %s %s %s %s", f.Event, f.At.Format(time.RFC3339), f.Rule.Title, f.Who, f.Where))
		return nil
	}
	s.Refuse = func(r detect.Refused) error {
		refused = append(refused, fmt.Sprintf("%d %s", r.Event, r.Why))
		return nil
	}
	for i, text := range texts {
		if err = s.Read(context.Background(), fmt.Sprint(i), strings.NewReader(text)); err != nil {
			break
		}
	}
	if err == nil {
		err = s.Finish()
	}
	return found, refused, s.Tally(), err
}

const (
	stopped = `{"eventTime":"2026-03-02T09:15:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","userIdentity":{"arn":"arn:aws:iam::1:user/x"},"sourceIPAddress":"203.0.113.5"}`
	listed  = `{"eventTime":"2026-03-02T09:14:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets"}`
)

// TestForms: the same events are found in every form a file may have.
func TestForms(t *testing.T) {
	t.Parallel()
	e := engine(t)
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface {
		Write(p []byte) (int, error)
		Close() error
	}{g, z} {
		if _, err := w.Write([]byte(listed + "\n" + stopped + "\n")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"lines": listed + "\n" + stopped + "\n", "no end of line": listed + "\n" + stopped, "blank lines, carriage returns": "\r\n\r\n" + listed + "\r\n\n" + stopped + "\r\n\n",
		"mark": "\xef\xbb\xbf" + listed + "\n" + stopped, "array": "[" + listed + ",\n" + stopped + "]", "records": `{ "Records" : [` + listed + "," + stopped + "]}", "gzip": gz.String(), "zstd": zs.String(),
	} {
		found, refused, tally, err := scanned(t, e, "aws.cloudtrail", text)
		if err != nil || len(refused) > 0 || tally.Events != 2 || len(found) != 1 || found[0] != "2 2026-03-02T09:15:00Z A trail is stopped or deleted arn:aws:iam::1:user/x 203.0.113.5" {
			t.Errorf("%s: %q %q %+v %v", name, found, refused, tally, err)
		}
	}
}

// TestBadFiles: what cannot be read is told with its place, and what came before it counts.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	e := engine(t)
	long := `{"eventName":"` + strings.Repeat("x", detect.MaxEvent) + `"}`
	for name, x := range map[string]struct {
		text, refused string
		found         int
		fails         bool
	}{
		"empty":            {"", "", 0, false},
		"only blanks":      {" \n\n", "", 0, false},
		"no JSON":          {stopped + "\nStopLogging\n" + stopped, "2 is no JSON", 2, false},
		"no object":        {"7\n\"StopLogging\"\n" + stopped, "1 is no JSON object|2 is no JSON object", 1, false},
		"cut off":          {stopped + "\n" + stopped[:60], "2 is no JSON", 1, false},
		"too long":         {stopped + "\n" + long + "\n" + stopped, "2 is longer than 1024 KiB", 2, false},
		"array cut off":    {"[" + stopped + "," + stopped[:60], "", 1, true},
		"array of numbers": {"[1," + stopped + "]", "1 is no JSON object", 1, false},
		"long in an array": {"[" + stopped + "," + long + "," + stopped + "]", "2 is longer than 1024 KiB", 2, false},
		"gzip cut off":     {"\x1f\x8b\x08\x00", "", 0, true},
		"bytes":            {"\x00\xff\xfe\n" + stopped, "1 is no JSON", 1, false},
		"nested deeply":    {strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000) + "\n" + stopped, "1 is no JSON", 1, false},
	} {
		found, refused, tally, err := scanned(t, e, "aws.cloudtrail", x.text)
		if strings.Join(refused, "|") != x.refused || len(found) != x.found || (err != nil) != x.fails || err != nil && errs.KindOf(err) != errs.Invalid || int(tally.Refused) != len(refused) {
			t.Errorf("%s: %q %q %+v %v", name, found, refused, tally, err)
		}
	}
	if _, err := detect.NewScanner(e, "aws"); !errs.Is(err, errs.Invalid) || errs.HintOf(err) == "" {
		t.Error(err)
	}
	s, err := detect.NewScanner(e, "aws.cloudtrail")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Read(ctx, "x", strings.NewReader(strings.Repeat(listed+"\n", 2000))); err == nil {
		t.Error("a scan that was cancelled went on")
	}
}

// TestWindows: correlations go by the time of the events, over the ends of files; events without a time are counted.
func TestWindows(t *testing.T) {
	t.Parallel()
	e := engine(t)
	failing := func(from, n int, every time.Duration) string {
		var b strings.Builder
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		for i := from; i < from+n; i++ {
			fmt.Fprintf(&b, `{"published":%q,"eventType":"user.session.start","outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"},"actor":{"alternateId":"a@northwind.example"},"client":{"ipAddress":"203.0.113.7"}}`+"\n", at.Add(time.Duration(i)*every).Format("2006-01-02T15:04:05.000Z"))
		}
		return b.String()
	}
	found, _, _, err := scanned(t, e, "okta.log", failing(0, 6, 30*time.Second), failing(6, 6, 30*time.Second))
	if err != nil || len(found) != 1 || !strings.Contains(found[0], "Passwords of one account are guessed") {
		t.Errorf("%q %v", found, err)
	}
	if found, _, _, err = scanned(t, e, "okta.log", failing(0, 12, 5*time.Minute)); err != nil || len(found) != 0 {
		t.Errorf("%q %v", found, err)
	}
	undated := strings.ReplaceAll(failing(0, 12, time.Second), `"published":"`, `"publishes":"`)
	if found, _, tally, err := scanned(t, e, "okta.log", undated); err != nil || len(found) != 0 || tally.Undated != 12 {
		t.Errorf("%q %+v %v", found, tally, err)
	}
}

// FuzzRead: whatever a file holds, each event is looked at or refused, and nothing breaks.
func FuzzRead(f *testing.F) {
	for _, s := range []string{stopped, "[" + stopped + "]", `{"Records":[` + stopped + "]}", "[", `{"Records":[`, "\x1f\x8b", "\x28\xb5\x2f\xfd", "{}\n[]\nnull", "\xef\xbb\xbf", `[{"a":1}{"b":2}]`} {
		f.Add([]byte(s))
	}
	e := engine(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		found, refused, tally, err := scanned(t, e, "aws.cloudtrail", string(text))
		if int(tally.Findings) != len(found) || int(tally.Refused) != len(refused) {
			t.Errorf("%d %d %+v", len(found), len(refused), tally)
		}
		if err != nil && errs.KindOf(err) != errs.Invalid {
			t.Errorf("%v", err)
		}
	})
}
