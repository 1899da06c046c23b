package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/xlsx"
	"github.com/tickmark/tickmark/internal/request"
)

func (s *session) requestCommand() *cobra.Command {
	var engagement string
	c := &cobra.Command{Use: "request", Short: "List, show, answer and export what the auditor asks for"}
	c.PersistentFlags().StringVar(&engagement, "engagement", "", "engagement, such as SOC2-2026-1; the newest when not given")
	c.AddCommand(s.requestList(&engagement), s.requestShow(&engagement), s.requestAnswer(&engagement), s.requestExport(&engagement))
	return c
}

// examination finds the engagement of a command.
func (s *session) examination(ctx context.Context, ref string) (request.Examination, error) {
	if ref == "" {
		all, err := s.app.Engagement.Store.Engagements(ctx, s.read())
		if err != nil {
			return request.Examination{}, err
		}
		if len(all) == 0 {
			return request.Examination{}, errs.New(errs.NotFound, "there is no engagement").WithHint("tickmark audit new")
		}
		ref = all[0].Ref
	}
	return s.app.Requests.Examination(ctx, s.read(), strings.ToUpper(ref))
}

func (s *session) requestList(engagement *string) *cobra.Command {
	var state, kind, owner string
	var overdue bool
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List requests: what waits for an answer first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		ex, err := s.examination(ctx, *engagement)
		if err != nil {
			return err
		}
		f := request.Filter{Engagement: ex.ID, Kind: request.Kind(kind)}
		if state != "" && !slices.Contains(request.States(), request.State(state)) {
			return usageError{fmt.Errorf("%q is no state: open, provided, rejected, accepted or withdrawn", state)}
		}
		if state != "" {
			f.States = []request.State{request.State(state)}
		}
		if overdue {
			f.Overdue = period.Of(s.Now())
		}
		if owner != "" {
			m, err := s.app.Access.Member(ctx, s.read(), owner)
			if err != nil {
				return err
			}
			f.Owner = m.ID
		}
		res, err := s.app.Requests.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, r := range res.Rows {
			rows = append(rows, row{[]cell{text(r.Ref), text(r.State.Title()), text(r.Due.String()), text(names[r.Owner]), text(r.Kind.Title()), text(r.Control), text(r.Title)}, requestRecord(r, names)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "requests"); err != nil {
			return err
		}
		return s.table([]string{"request", "state", "due", "owner", "type", "control", "title"}, rows, "Nothing is asked in "+ex.Ref+".")
	})}
	fl := c.Flags()
	fl.StringVar(&state, "state", "", "open, provided, rejected, accepted or withdrawn")
	fl.StringVar(&kind, "type", "", "population, sample_evidence, policy, configuration, interview or walkthrough")
	fl.StringVar(&owner, "owner", "", "only those of this person (identifier or email)")
	fl.BoolVar(&overdue, "overdue", false, "only those whose day is over")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "requests a page")
	return c
}

func requestRecord(r request.Request, names map[access.UserID]string) map[string]any {
	return map[string]any{"ref": r.Ref, "state": r.State, "type": r.Kind, "control": r.Control, "criterion": r.Criterion, "title": r.Title, "text": r.Text.Text, "from": r.Period.From, "to": r.Period.Last(),
		"due": r.Due, "owner": r.Owner, "owner_name": names[r.Owner], "reason": r.Reason, "answer": r.Answer, "pieces": r.Pieces, "asked": r.Asked, "provided": r.Provided, "decided": r.Decided, "version": r.Version}
}

func (s *session) requestShow(engagement *string) *cobra.Command {
	return &cobra.Command{Use: "show REQUEST", Short: "Show a request, what answers it, and what is there already", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		ex, err := s.examination(ctx, *engagement)
		if err != nil {
			return err
		}
		r, err := s.app.Requests.Request(ctx, s.read(), ex.ID, strings.ToUpper(args[0]))
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		pieces, err := s.app.Requests.Pieces(ctx, s.read(), r)
		if err != nil {
			return err
		}
		offered, err := s.app.Requests.Candidates(ctx, s.read(), r)
		if err != nil {
			return err
		}
		if s.json {
			x := requestRecord(r, names)
			x["given"], x["candidates"] = pieces, offered
			return s.object(x)
		}
		fmt.Fprintf(s.Out, "%s  %s, due %s\n%s\n", s.paint(bold, r.Ref), r.State.Title(), r.Due, r.Title)
		if r.Text.Text != "" {
			fmt.Fprintf(s.Out, "\n%s\n", r.Text.Text)
		}
		if r.Reason != "" {
			fmt.Fprintf(s.Out, "\n%s: %s\n", r.State.Title(), r.Reason)
		}
		fmt.Fprintln(s.Out)
		var rows []row
		for _, p := range pieces {
			rows = append(rows, pieceRow("given", p))
		}
		for _, c := range offered {
			if !c.Here {
				rows = append(rows, pieceRow("there already", c.Piece))
			}
		}
		return s.table([]string{"", "piece", "title", "remark"}, rows, "Nothing is given, and nothing of its control is there.")
	})}
}

func pieceRow(what string, p request.Piece) row {
	return row{[]cell{text(what), text(p.Key()), text(p.Title), text(p.Outside)}, p}
}

func (s *session) requestAnswer(engagement *string) *cobra.Command {
	var pieces []string
	var words string
	var keep bool
	c := &cobra.Command{Use: "answer REQUEST", Short: "Attach evidence that is there to a request, and hand the answer over", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		ex, err := s.examination(ctx, *engagement)
		if err != nil {
			return err
		}
		ref := strings.ToUpper(args[0])
		for i, p := range pieces {
			if !strings.Contains(p, " ") {
				pieces[i] = string(request.Evidence) + " " + strings.ToUpper(p)
			}
		}
		if len(pieces) > 0 {
			if _, err := s.app.Requests.Give(ctx, scope, s.Now(), ex.ID, ref, pieces); err != nil {
				return err
			}
		}
		if keep {
			fmt.Fprintf(s.Out, "%s: %d attached, not handed over.\n", ref, len(pieces))
			return nil
		}
		r, err := s.app.Requests.Hand(ctx, scope, s.Now(), ex.ID, ref, 0, words)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%s is with the auditor.\n", r.Ref)
		return nil
	})}
	fl := c.Flags()
	fl.StringSliceVar(&pieces, "evidence", nil, "evidence that answers it, such as EV-2026-00142; a policy as \"policy POL-01 v2\"")
	fl.StringVar(&words, "say", "", "words with the answer")
	fl.BoolVar(&keep, "keep", false, "attach alone, and hand over later")
	return c
}

func (s *session) requestExport(engagement *string) *cobra.Command {
	return &cobra.Command{Use: "export FILE.xlsx", Short: "Write the list of requests as a spreadsheet", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		ex, err := s.examination(ctx, *engagement)
		if err != nil {
			return err
		}
		sheet, n, err := s.requestSheet(ctx, ex)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return errs.Hinted(errs.As(errs.Invalid, err, "%s", filepath.Base(args[0])), "Choose a file that is not there yet, in a folder that is.")
		}
		if err := xlsx.Render(f, "Requests of "+ex.Ref, "Tickmark", s.Now(), []report.Sheet{sheet}); err != nil {
			_ = f.Close()
			return err
		}
		fmt.Fprintf(s.Err, "%d requests written.\n", n)
		return errs.As(errs.Unavailable, f.Close(), "write %s", args[0])
	})}
}

// requestSheet is the list in the columns that an import reads.
func (s *session) requestSheet(ctx context.Context, ex request.Examination) (report.Sheet, int, error) {
	out := report.Sheet{Name: "Requests", Head: request.Columns(), Widths: []float64{10, 16, 10, 10, 40, 60, 12, 12, 12, 28}}
	members, err := s.app.Access.Members(ctx, s.read())
	if err != nil {
		return out, 0, err
	}
	mail := map[access.UserID]string{}
	for _, m := range members {
		mail[m.ID] = m.Email
	}
	given, err := s.app.Requests.GivenTo(ctx, s.read(), ex.ID)
	if err != nil {
		return out, 0, err
	}
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
		res, err := s.app.Requests.List(ctx, s.read(), request.Filter{Engagement: ex.ID}, q)
		if err != nil {
			return out, 0, err
		}
		for _, r := range res.Rows {
			out.Rows = append(out.Rows, request.Cells(r, mail[r.Owner], strings.Join(given[r.Ref], ", ")))
		}
		if q.Page >= res.Pages() {
			return out, len(out.Rows), nil
		}
	}
}
