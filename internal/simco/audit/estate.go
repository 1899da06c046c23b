package audit

import "github.com/tickmark/tickmark/internal/simco/life"

// Service is a program in production with what it has in the cloud, under the names by which the records of the cloud call it.
type Service struct {
	Repo                                       int32 // whose program it is
	Name, Role, Bucket, Secret, Group, Setting string
}

// Account and Region are where the company's cloud is.
const (
	Account = account
	Region  = region
)

// Services are the company's programs in production.
func Services(w *life.World) []Service {
	c := newCast(w)
	out := make([]Service, len(c.services))
	for i := range c.services {
		s := &c.services[i]
		out[i] = Service{Repo: s.repo, Name: s.name, Role: s.role, Bucket: s.bucket, Secret: s.secret, Group: s.group(), Setting: s.setting()}
	}
	return out
}

// group is the firewall before a service.
func (s *service) group() string { return "sg-" + letters(mix(uint64(s.repo)), hexadecimal, 17) }

// setting is the parameter that says how much a service writes into its log.
func (s *service) setting() string { return "/production/" + s.name + "/level" }

// When a release acts in the cloud, after it began: it signs in, changes what runs, and looks whether it does.
const (
	ReleaseSignIn = 5 * life.Second
	ReleaseFirst  = 25 * life.Second
	ReleaseLast   = 40 * life.Second
	ReleaseLook   = 3 * life.Minute
)
