//go:build !unix

package follow

import "io/fs"

// number is empty where the system has no numbers of files: then their beginnings alone tell them apart.
func number(fs.FileInfo) string { return "" }
