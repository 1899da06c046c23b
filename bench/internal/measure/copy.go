package measure

import (
	"fmt"
	"os"
	"path/filepath"
)

// keyFile is the one file of a data folder that nobody else may read; os.CopyFS forgets that.
const keyFile = "key.json"

// CopyData copies the data folder of an installation, so that a bench does not change it.
func CopyData(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return os.Chmod(filepath.Join(to, keyFile), 0o600)
}
