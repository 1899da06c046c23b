package vendors

import "time"

// Application is an application as a sign-on system showed it last.
type Application struct {
	Source string // name of the connection
	ID     string
	Name   string
	Active bool
	Seen   time.Time
}
