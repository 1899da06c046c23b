package app

import (
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/campaign/campaignsql"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/training/trainingsql"
)

// wireCampaigns hands campaigns and courses their stores and each other.
func (a *App) wireCampaigns() {
	store := &campaignsql.Store{DB: a.DB}
	a.Campaigns = &campaign.Service{Store: store, Links: store, People: a.People, Tx: a.DB, Ledger: a.Ledger.Store, Subjects: map[campaign.Kind]campaign.Subjects{}}
	a.Training = &training.Service{Store: &trainingsql.Store{DB: a.DB}, Duties: a.Campaigns, Asked: store, People: a.People, Tx: a.DB, Ledger: a.Ledger.Store}
	a.Campaigns.Subjects[campaign.Train] = a.Training
	a.Campaigns.Subjects[campaign.Acknowledge] = policies{a}
}
