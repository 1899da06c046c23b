package collect

import "time"

// InfrastructureRun is one run of infrastructure as code: a plan of a workspace and, once it was applied, the changes it made.
// Streams of it hold later states of the same run; the newest counts.
type InfrastructureRun struct {
	ID                 string     `parquet:"id"`
	WorkspaceID        string     `parquet:"workspace_id"`
	Workspace          string     `parquet:"workspace"`
	Status             string     `parquet:"status"`  // the source's own word: "applied", "planned_and_finished", "errored" ...
	Trigger            *string    `parquet:"trigger"` // what began it, in the source's own word: "tfe-configuration-version", "tfe-api", "tfe-ui" ...
	Message            *string    `parquet:"message"`
	Destroy            *bool      `parquet:"destroy"`    // it is to take everything away
	AutoApply          *bool      `parquet:"auto_apply"` // nobody is asked between plan and apply
	CreatedAt          time.Time  `parquet:"created_at,timestamp(microsecond)"`
	ApplyBeganAt       *time.Time `parquet:"apply_began_at,timestamp(microsecond)"` // from here on it changed things
	AppliedAt          *time.Time `parquet:"applied_at,timestamp(microsecond)"`     // it ended as it should
	EndedAt            *time.Time `parquet:"ended_at,timestamp(microsecond)"`       // however it ended
	CreatedBy          *string    `parquet:"created_by"`
	CreatedByService   *bool      `parquet:"created_by_service"` // it is a program's account
	ConfirmedBy        *string    `parquet:"confirmed_by"`       // who had it applied, if somebody was asked
	ConfirmedByService *bool      `parquet:"confirmed_by_service"`
	Commit             *string    `parquet:"commit"` // of the code that was applied
	Repository         *string    `parquet:"repository"`
	Additions          *int64     `parquet:"additions"`
	Changes            *int64     `parquet:"changes"`
	Destructions       *int64     `parquet:"destructions"`
	Meta
}

// InfrastructureResource is one resource that a workspace's newest state holds. Of its values only those are kept by which events name
// it: state holds passwords and keys.
type InfrastructureResource struct {
	ID          string     `parquet:"id"` // workspace and address
	WorkspaceID string     `parquet:"workspace_id"`
	Workspace   string     `parquet:"workspace"`
	Address     string     `parquet:"address"` // as the code names it: "module.network.aws_security_group.web[0]"
	Mode        string     `parquet:"mode"`    // "managed", or "data" for what is only looked up
	Type        string     `parquet:"type"`    // "aws_security_group"
	Provider    *string    `parquet:"provider"`
	Identifiers *string    `parquet:"identifiers"` // a JSON object of texts in the provider's own names; missing where the state could not be read
	Serial      *int64     `parquet:"serial"`      // of the state
	RunID       *string    `parquet:"run_id"`      // that wrote the state
	WrittenAt   *time.Time `parquet:"written_at,timestamp(microsecond)"`
	Meta
}

// Each type names itself and its key.

func (f *InfrastructureRun) Resource() string      { return "infrastructure_run" }
func (f *InfrastructureRun) Key() string           { return f.ID }
func (f *InfrastructureResource) Resource() string { return "infrastructure_resource" }
func (f *InfrastructureResource) Key() string      { return f.ID }
