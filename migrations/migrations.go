// Package migrations holds the one ordered list of schema changes, NNNN_<domain>_<what>.sql, in the SQL that SQLite and
// PostgreSQL share. Times are BIGINT microseconds since 1970 UTC, days are INTEGER since 1970-01-01, hashes are hex TEXT.
package migrations

import "embed"

// Files holds every migration of the program.
//
//go:embed *.sql
var Files embed.FS
