package collect

import "time"

// Commit is one commit reachable from a repository's default branch.
type Commit struct {
	ID             string    `parquet:"id"` // object name
	Repository     string    `parquet:"repository"`
	AuthorName     string    `parquet:"author_name"`
	AuthorEmail    string    `parquet:"author_email"`
	CommitterEmail string    `parquet:"committer_email"`
	AuthoredAt     time.Time `parquet:"authored_at,timestamp(microsecond)"`
	CommittedAt    time.Time `parquet:"committed_at,timestamp(microsecond)"`
	Parents        int64     `parquet:"parents"`
	FirstParent    bool      `parquet:"first_parent"` // on the first-parent line: how the branch itself advanced
	Signature      *string   `parquet:"signature"`    // "good", "bad", "unverified" (a signature that no known key explains) or "none"
	Signer         *string   `parquet:"signer"`
	Subject        string    `parquet:"subject"`
	Meta
}

// Tag is a tag of a repository.
type Tag struct {
	ID         string     `parquet:"id"` // repository and name
	Repository string     `parquet:"repository"`
	Name       string     `parquet:"name"`
	Target     string     `parquet:"target"` // object name of the commit
	Annotated  bool       `parquet:"annotated"`
	Signature  *string    `parquet:"signature"` // as for Commit
	Tagger     *string    `parquet:"tagger"`
	TaggedAt   *time.Time `parquet:"tagged_at,timestamp(microsecond)"`
	Meta
}

// Host is a machine.
type Host struct {
	ID               string     `parquet:"id"`
	Name             string     `parquet:"name"`
	OS               *string    `parquet:"os"`
	Kernel           *string    `parquet:"kernel"`
	TimeSynchronised *bool      `parquet:"time_synchronised"`
	TimeSource       *string    `parquet:"time_source"`
	RebootRequired   *bool      `parquet:"reboot_required"`
	BootedAt         *time.Time `parquet:"booted_at,timestamp(microsecond)"`
	Meta
}

// HostAccount is a local account of a machine.
type HostAccount struct {
	ID       string  `parquet:"id"`
	Host     string  `parquet:"host"`
	Name     string  `parquet:"name"`
	UID      int64   `parquet:"uid"`
	GID      int64   `parquet:"gid"`
	Home     string  `parquet:"home"`
	Shell    string  `parquet:"shell"`
	Login    *bool   `parquet:"login"`    // the shell lets somebody in
	Password *string `parquet:"password"` // "set", "locked" or "empty"
	Groups   *string `parquet:"groups"`   // comma between
	Meta
}

// SudoRule is one rule of the sudoers files.
type SudoRule struct {
	ID         string `parquet:"id"`
	Host       string `parquet:"host"`
	File       string `parquet:"file"`
	Line       int64  `parquet:"line"`
	Subject    string `parquet:"subject"` // user, %group or alias
	Rule       string `parquet:"rule"`
	NoPassword bool   `parquet:"no_password"`
	AllRights  bool   `parquet:"all_rights"`
	Meta
}

// ListeningPort is a socket on which a machine accepts connections.
type ListeningPort struct {
	ID       string  `parquet:"id"`
	Host     string  `parquet:"host"`
	Protocol string  `parquet:"protocol"` // "tcp" or "udp"
	Address  string  `parquet:"address"`
	Port     int64   `parquet:"port"`
	Loopback bool    `parquet:"loopback"`
	Process  *string `parquet:"process"`
	Meta
}

// Package is an installed software package.
type Package struct {
	ID             string  `parquet:"id"`
	Host           string  `parquet:"host"`
	Name           string  `parquet:"name"`
	Version        string  `parquet:"version"`
	Update         *string `parquet:"update"`          // newer version on offer; "" if there is none
	SecurityUpdate *bool   `parquet:"security_update"` // the newer version comes from a security archive
	Meta
}

// Volume is a mounted file system of a machine.
type Volume struct {
	ID         string `parquet:"id"`
	Host       string `parquet:"host"`
	MountPoint string `parquet:"mount_point"`
	Device     string `parquet:"device"`
	FileSystem string `parquet:"file_system"`
	Encrypted  *bool  `parquet:"encrypted"` // the device or one beneath it is dm-crypt
	Meta
}
