// Command tickmark is the whole product: server, worker and command line in one program.
package main

import (
	"os"

	"github.com/tickmark/tickmark/internal/cli"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func main() {
	lake.ServeSandbox() // in the child process that runs user SQL, this is all there is
	os.Exit(cli.Main(os.Args[1:], cli.Standard()))
}
