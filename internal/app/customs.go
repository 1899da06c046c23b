package app

import (
	"context"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/sample"
	"github.com/tickmark/tickmark/internal/web/settings"
)

// customs are the numbers that no standard prescribes, as they stand for a client. Sources: domain brief 1.2 (dates, bridge letters), 5.3
// (sizes of samples).
func (a *App) customs(ctx context.Context, scope access.ReadScope) ([]settings.Custom, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	t, err := a.Issue.TermsOf(ctx, scope)
	if err != nil {
		return nil, err
	}
	days := func(n int) string { return strconv.Itoa(n) + " days" }
	months := func(n int) string { return strconv.Itoa(n) + " months" }
	const terms = "On the page of a report's distribution"
	return []settings.Custom{
		{Name: "A bridge letter covers at most", Value: days(a.Letters.Most()), Default: days(letter.BridgeDays), Source: "Custom: at most three months. No guidance covers bridge letters", Where: "bridge_max_days in the configuration of the installation"},
		{Name: "A report is called current for", Value: months(t.Months), Default: months(issue.DefaultMonths), Source: "Custom of the market, counted from the end of coverage. No standard gives a report an expiry date", Where: terms, Href: "/engagements"},
		{Name: "A reader's link opens for", Value: days(t.LinkDays), Default: days(issue.DefaultLinkDays), Source: "Ours: long enough to read, short enough to be asked for again", Where: terms, Href: "/engagements"},
		{Name: "A period is called short below", Value: days(engagement.ShortPeriod), Default: days(engagement.ShortPeriod), Source: "Custom: six months; first reports often run three. The standards give no number", Where: "Fixed: it warns and blocks nothing"},
		{Name: "Sizes of samples", Value: "the firm's own", Default: sample.Default().Name, Source: sample.Default().Source, Where: "The firm's methodology; each workpaper names its version"},
	}, nil
}
