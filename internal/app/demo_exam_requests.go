package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
)

// askAll sends the firm's list, and has the client's people answer all of it: some after a question, one after it was sent back.
func (x *demoExam) askAll(ctx context.Context, most int) error {
	senior := x.auditors[access.Senior]
	list, err := x.App.Requests.Template(ctx, senior.Client, x.then(), x.id, request.Template{Due: period.Of(x.at) + 14, Most: most})
	if err != nil {
		return err
	}
	asked, err := x.App.Requests.Ask(ctx, senior, x.then(), list...)
	if err != nil {
		return err
	}
	for i, r := range asked {
		if err := x.reply(ctx, r, i); err != nil {
			return errs.Wrap(err, "%s", r.Ref)
		}
	}
	return nil
}

// reply answers a request with what is kept already, and else with a file, until the firm accepts it.
func (x *demoExam) reply(ctx context.Context, r request.Request, i int) error {
	s, staff := x.App.Requests, x.auditors[access.Staff]
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return err
	}
	if i == 5 {
		_, err := s.Withdraw(ctx, staff, x.then(), r.Ref, 0, "The population of the same control shows it already; nothing is needed here.")
		return err
	}
	if i%7 == 3 {
		shared, err := staff.Shared()
		if err == nil {
			err = s.Comment(ctx, lead, x.then(), x.id, r.Ref, "Do you need it for both regions, or is the one that serves customers enough?")
		}
		if err == nil {
			err = s.Comment(ctx, shared, x.then(), x.id, r.Ref, "For both, please: the description names both.")
		}
		if err != nil {
			return err
		}
	}
	key, err := x.piece(ctx, lead, r)
	if err != nil {
		return err
	}
	if key != "" {
		if _, err := s.Give(ctx, lead, x.then(), x.id, r.Ref, []string{key}); err != nil {
			return err
		}
	}
	if _, err := s.Hand(ctx, lead, x.then(), x.id, r.Ref, 0, x.words(r)); err != nil {
		return err
	}
	if i%9 == 4 {
		if _, err := s.Reject(ctx, staff, x.then(), r.Ref, 0, "Please say who made this list, when, and with which parameters."); err != nil {
			return err
		}
		if _, err := s.Hand(ctx, lead, x.then(), x.id, r.Ref, 0, "Made by the owner of the control on the day of the answer, for the whole period, without any filter; the count under the list is the system's own."); err != nil {
			return err
		}
	}
	checked := ""
	if r.Kind == request.Population {
		checked = "Count compared with the source's own total; five items traced to the source and back."
	}
	_, err = s.Accept(ctx, staff, x.then(), r.Ref, 0, checked)
	return err
}

func (x *demoExam) words(r request.Request) string {
	switch {
	case r.Kind.Spoken():
		return "We walked you through it with the owner of the control; the notes of the talk are with you."
	case r.Kind == request.Population:
		return "The whole list of the period as the system holds it, with the system's own count beside it."
	}
	return "Taken from where it is kept; nothing was left out."
}

// piece is what answers a request: the first that the program offers, or else a file that the owner of the control makes.
func (x *demoExam) piece(ctx context.Context, lead access.Scope, r request.Request) (string, error) {
	found, err := x.App.Requests.Candidates(ctx, lead.ReadScope, r)
	if err != nil || r.Kind.Spoken() {
		return "", err
	}
	if len(found) > 0 {
		return found[0].Key(), nil
	}
	items, err := x.App.Evidence.Add(ctx, lead, x.then(), newEvidence, evidence.Upload{
		Title: r.Title, Kind: evidence.Document, Class: evidence.Internal, Shows: "How " + r.Control + " is set up; that it operated is shown by its records, where there are any.", Obtained: "Written down by the owner of the control for the auditor's request",
		Files: []evidence.File{evidence.Bytes("answer-"+r.Ref+".txt", []byte(fmt.Sprintf("%s %s\n\n%s\n\nWritten for %s on %s.\n", x.ref, r.Ref, r.Title, r.Control, x.at.Format(time.DateOnly))))},
		From:  x.period.From.Time(), To: x.period.To.Time(), Received: x.at,
	})
	if err != nil {
		return "", err
	}
	return string(request.Evidence) + " " + items[0].Ref, nil
}

// askAgain asks for one thing more, after fieldwork went back to requests for it.
func (x *demoExam) askAgain(ctx context.Context) error {
	asked, err := x.App.Requests.Ask(ctx, x.auditors[access.Senior], x.then(), request.New{Again: true, Text: request.Text{
		Kind: request.Interview, Title: "Talk: who steps in when the owner of a control is away", Text: "For two controls the owner was away on the day they were due. Please say who stands in, since when, and where that is written.",
		Period: x.period, Due: period.Of(x.at) + 5,
	}})
	if err != nil {
		return err
	}
	return x.reply(ctx, asked[0], 0)
}
