package access

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxLinkMisses is how many personal links that open nothing one address may try within linkMissesSince.
const (
	maxLinkMisses   = 20
	linkMissesSince = 15 * time.Minute
)

// LinkMissed counts a personal link that opened nothing. An address that tried too many gets an Exhausted error.
func (s *Service) LinkMissed(ctx context.Context, now time.Time, ip string) error {
	n, err := s.Credentials.Attempt(ctx, digest("link:"+ip), now, now.Add(-linkMissesSince))
	if err == nil && n > maxLinkMisses {
		return errs.New(errs.Exhausted, "too many links were tried from here").WithHint("Wait 15 minutes, then open the link of the newest e-mail.")
	}
	return err
}

// SystemFrom is the scope of the program itself for somebody who comes with a personal link from an address.
func (s *Service) SystemFrom(org OrgID, job, address string) Scope {
	scope := s.System(org, job)
	scope.from = address
	return scope
}
