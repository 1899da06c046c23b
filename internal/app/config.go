package app

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// Config is everything an installation can set. The zero value, completed by its defaults, is a working installation in
// the folder ./tickmark-data. Values come from a flag, an environment variable TICKMARK_<NAME>, the file tickmark.yaml, or
// the default, in this order; `tickmark doctor` prints which.
type Config struct {
	// Data is the folder for everything that is not in the database: facts, results, documents, the log, the key file.
	Data string `yaml:"data" default:"tickmark-data"`
	// Database is "sqlite:PATH" or "postgres://HOST/NAME"; empty means a SQLite file in the data folder.
	Database string `yaml:"database" default:""`
	// Listen is the address the web server listens on.
	Listen string `yaml:"listen" default:"127.0.0.1:8321"`
	// URL is the address people reach the server at, for links; empty means http:// and the listen address.
	URL string `yaml:"url" default:""`
	// Origin names the ledger's log in its checkpoints, such as "northwind.example/ledger". It must not change afterwards.
	Origin string `yaml:"origin" default:""`
	// Org is the short name of the organisation that commands work on when there are several.
	Org string `yaml:"org" default:""`
	// LogLevel is debug, info, warn or error.
	LogLevel string `yaml:"log_level" default:"info"`
	// AllowPrivate lists hosts with port, comma between, that connections may reach although their address is private.
	AllowPrivate string `yaml:"allow_private" default:""`
	// Every is how often connections are collected and tests run by the scheduler: a length such as 24h; 0 turns it off.
	Every string `yaml:"every" default:"24h"`
	// Proxies lists address ranges of reverse proxies, comma between, whose X-Forwarded-For names the client.
	Proxies string `yaml:"proxies" default:""`
	// UploadMB is the most mebibytes of one file that people add as evidence.
	UploadMB string `yaml:"upload_mb" default:"100"`
	// BridgeMaxDays is the longest time a bridge letter covers, in days: three months by custom, which no guidance prescribes.
	BridgeMaxDays string `yaml:"bridge_max_days" default:"92"`
	// DiskReserveMB is the free space, in mebibytes, below which no events are taken, so that what was taken can still be filed.
	DiskReserveMB string `yaml:"disk_reserve_mb" default:"512"`
	// Intake is a file that says how events come in beside HTTP: listeners for syslog, files that are followed, folders that are
	// watched. Empty means that there are none. docs/intake.md shows one.
	Intake string `yaml:"intake" default:""`
	// Dev is "yes" to serve /dev/components, the page of every component in every state.
	Dev string `yaml:"dev" default:"no"`
}

// proxies reads Proxies.
func (c Config) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, p := range splitList(c.Proxies) {
		x, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "proxies: %q is not a range such as 10.0.0.0/8", p)
		}
		out = append(out, x)
	}
	return out, nil
}

// uploadLimit reads UploadMB, in bytes; complete has checked it.
func (c Config) uploadLimit() int64 {
	n, err := strconv.Atoi(c.UploadMB)
	if err != nil {
		return 0
	}
	return int64(n) << 20
}

// bridgeDays reads BridgeMaxDays; complete has checked it.
func (c Config) bridgeDays() int {
	n, err := strconv.Atoi(c.BridgeMaxDays)
	if err != nil {
		return 0
	}
	return n
}

// Source is where a configured value came from.
type Source string

// The places a value can come from, strongest first.
const (
	FromFlag    Source = "flag"
	FromEnv     Source = "environment"
	FromFile    Source = "file"
	FromDefault Source = "default"
)

// Setting is a configured value with where it came from.
type Setting struct {
	Name   string
	Env    string
	Value  string
	Source Source
}

// envPrefix begins the name of each environment variable.
const envPrefix = "TICKMARK_"

// LoadConfig reads the configuration. flags holds values given on the command line by name. An empty file name means
// tickmark.yaml in the working folder, if it exists; a file that is named must exist. An unknown key is an error.
func LoadConfig(file string, flags map[string]string, env func(string) string) (Config, []Setting, error) {
	var fromFile map[string]string
	named := file != ""
	if !named {
		file = "tickmark.yaml"
	}
	text, err := os.ReadFile(file)
	switch {
	case err == nil:
		if fromFile, err = parseConfig(file, text); err != nil {
			return Config{}, nil, err
		}
	case named || !errors.Is(err, fs.ErrNotExist):
		return Config{}, nil, errs.As(errs.Invalid, err, "configuration %s", file)
	}
	var c Config
	var settings []Setting
	v, t := reflect.ValueOf(&c).Elem(), reflect.TypeFor[Config]()
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		s := Setting{Name: name, Env: envPrefix + strings.ToUpper(name), Value: t.Field(i).Tag.Get("default"), Source: FromDefault}
		if x, ok := fromFile[name]; ok {
			s.Value, s.Source = x, FromFile
		}
		if x := env(s.Env); x != "" {
			s.Value, s.Source = x, FromEnv
		}
		if x, ok := flags[name]; ok {
			s.Value, s.Source = x, FromFlag
		}
		v.Field(i).SetString(s.Value)
		settings = append(settings, s)
	}
	return c, settings, c.complete()
}

func parseConfig(file string, text []byte) (map[string]string, error) {
	var c Config
	doc, err := yamldoc.Parse(text)
	if err == nil {
		err = doc.Decode(&c)
	}
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "configuration %s", file)
	}
	out := map[string]string{}
	v, t := reflect.ValueOf(c), reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); doc.Has(name) {
			out[name] = v.Field(i).String()
		}
	}
	return out, nil
}

// complete fills what follows from other values.
func (c *Config) complete() error {
	if n, err := strconv.Atoi(c.UploadMB); c.UploadMB != "" && (err != nil || n < 1 || n > 2048) {
		return errs.New(errs.Invalid, "upload_mb: %q is not a number from 1 to 2048", c.UploadMB)
	}
	if n, err := strconv.Atoi(c.BridgeMaxDays); c.BridgeMaxDays != "" && (err != nil || n < 1 || n > 366) {
		return errs.New(errs.Invalid, "bridge_max_days: %q is not a number from 1 to 366", c.BridgeMaxDays)
	}
	if _, err := strconv.ParseUint(c.DiskReserveMB, 10, 32); c.DiskReserveMB != "" && err != nil {
		return errs.New(errs.Invalid, "disk_reserve_mb: %q is not a number of mebibytes", c.DiskReserveMB)
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return errs.As(errs.Invalid, err, "data folder %q", c.Data)
	}
	c.Data = abs
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.Data, "records.db")
	}
	if c.URL == "" {
		c.URL = "http://" + c.Listen
	}
	return nil
}
