package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/risk"
)

func (s *session) riskCommand() *cobra.Command {
	c := &cobra.Command{Use: "risk", Short: "List and show risks, and the matrix"}
	c.AddCommand(s.riskList(), s.riskShow(), s.riskMatrix())
	return c
}

// riskOwners are the names of those who own risks.
func (s *session) riskOwners(ctx context.Context, list []risk.Risk) (map[string]string, error) {
	out := map[string]string{}
	for _, r := range list {
		if _, done := out[r.Owner]; r.Owner == "" || done {
			continue
		}
		o, err := s.app.Risks.Owners.Owner(ctx, s.read(), r.Owner)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		if out[r.Owner] = o.Name; o.Name == "" {
			out[r.Owner] = r.Owner
		}
	}
	return out, nil
}

func riskRecord(r risk.Risk, scale risk.Scale, names map[string]string) map[string]any {
	return map[string]any{
		"ref": r.Ref, "title": r.Title, "description": r.Description, "kind": r.Kind, "threat": r.Threat, "process": r.Process, "concerns": r.Concerns, "inherent": r.Inherent.Score(), "residual": r.Residual.Score(),
		"band": scale.Band(r.Residual), "above_tolerance": scale.Above(r.Residual), "controls": r.Controls, "response": r.Response, "owner": r.Owner, "owner_name": names[r.Owner], "state": r.State, "version": r.Version, "updated": r.Updated,
	}
}

func (s *session) riskList() *cobra.Command {
	var f risk.Filter
	var band, kind, response, owner string
	var closed bool
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List risks, the highest first", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		if err := cmp.Or(among("kind", kind, choicesOf(risk.Kinds())...), among("response", response, choicesOf(risk.Responses())...)); err != nil {
			return err
		}
		scale, err := s.app.Risks.Scale(ctx, s.read())
		if err != nil {
			return err
		}
		f.State, f.Kind, f.Response, f.Control = risk.Open, risk.Kind(kind), risk.Response(response), strings.ToUpper(f.Control)
		if closed {
			f.State = risk.Closed
		}
		if band != "" {
			if f.From, f.To = scale.Scores(risk.Band(band)); f.To == 0 {
				return errs.New(errs.Invalid, "%q is no band", band).WithHint("Bands: low, medium, high, critical.")
			}
		}
		if owner != "" {
			o, err := s.app.Risks.Owners.Owner(ctx, s.read(), owner)
			if err != nil {
				return err
			}
			f.Owner = o.ID
		}
		res, err := s.app.Risks.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		names, err := s.riskOwners(ctx, res.Rows)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, r := range res.Rows {
			rows = append(rows, row{[]cell{text(r.Ref), text(scoreText(r.Inherent)), text(scoreText(r.Residual)), text(scale.Band(r.Residual).Title()), text(r.Response.Title()), text(names[r.Owner]), text(r.Title)}, riskRecord(r, scale, names)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "risks"); err != nil {
			return err
		}
		return s.table([]string{"risk", "inherent", "residual", "band", "response", "owner", "title"}, rows, "No risk fits. The register is on the page /risks.")
	})}
	fl := c.Flags()
	fl.StringVar(&band, "band", "", "only those of this band with their controls: low, medium, high, critical")
	fl.StringVar(&kind, "kind", "", "only those of this kind: security, operations, people, environment, third_party, compliance, change, fraud")
	fl.StringVar(&response, "response", "", "only those with this response: accept, reduce, transfer, avoid")
	fl.StringVar(&owner, "owner", "", "only those of this person (identifier or email)")
	fl.StringVar(&f.Control, "control", "", "only those that this control lowers")
	fl.BoolVar(&closed, "closed", false, "those that are closed, instead of the open ones")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "risks a page")
	return c
}

// among refuses a value of a flag that is none of the choices; empty is no choice made.
func among(flag, value string, choices ...string) error {
	if value == "" || slices.Contains(choices, value) {
		return nil
	}
	return errs.New(errs.Invalid, "--%s %q is none of the choices", flag, value).WithHint("Choose from: %s.", strings.Join(choices, ", "))
}

// choicesOf are the values of a choice.
func choicesOf[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

func scoreText(r risk.Rating) string {
	if !r.Rated() {
		return "not rated"
	}
	return strconv.Itoa(r.Score())
}

func (s *session) riskShow() *cobra.Command {
	return &cobra.Command{Use: "show RISK", Short: "Show a risk with its controls, treatments and history", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		r, err := s.app.Risks.Risk(ctx, s.read(), args[0])
		if err != nil {
			return err
		}
		scale, err := s.app.Risks.Scale(ctx, s.read())
		if err != nil {
			return err
		}
		around, err := s.app.AroundRisks(s.Now())(ctx, s.read(), []risk.Risk{r})
		if err != nil {
			return err
		}
		x := around[0]
		history, err := s.app.Risks.History(ctx, s.read(), r.ID)
		if err != nil {
			return err
		}
		if s.json {
			out := riskRecord(r, scale, map[string]string{r.Owner: x.OwnerName})
			out["linked"], out["treatments"], out["acceptance"], out["versions"] = x.Linked, x.Treatments, r.Acceptance, len(history)
			return s.object(out)
		}
		fmt.Fprintf(s.Out, "%s  %s, %s\n%s\n", s.paint(bold, r.Ref), scale.Band(r.Residual).Title(), r.Response.Title(), r.Title)
		fmt.Fprintf(s.Out, "\nwithout controls  %s\nwith controls     %s\ntolerance         %d\nowner             %s\n", r.Inherent, r.Residual, scale.Tolerance, x.OwnerName)
		if a := r.Acceptance; a != nil {
			fmt.Fprintf(s.Out, "accepted until    %s, at %d\n", a.Until, a.Score)
		}
		fmt.Fprintln(s.Out)
		var rows []row
		for _, c := range x.Linked {
			rows = append(rows, row{[]cell{text("control"), text(c.Ref), text(c.Outcome), text(c.Title)}, nil})
		}
		for _, t := range x.Treatments {
			rows = append(rows, row{[]cell{text("treatment"), text(t.Ref), text(strings.ReplaceAll(t.Status, "_", " ")), text(t.Title)}, nil})
		}
		return s.table([]string{"what", "ref", "state", "title"}, rows, "No control lowers it, and no treatment is planned.")
	})}
}

func (s *session) riskMatrix() *cobra.Command {
	var inherent bool
	c := &cobra.Command{Use: "matrix", Short: "Show how many risks lie in each field of likelihood and impact", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		scale, err := s.app.Risks.Scale(ctx, s.read())
		if err != nil {
			return err
		}
		f := risk.Filter{State: risk.Open}
		if inherent {
			f.View = risk.Without
		}
		cells, err := s.app.Risks.Cells(ctx, s.read(), f, "")
		if err != nil {
			return err
		}
		counts := map[risk.Rating]int{}
		total := 0
		for _, c := range cells {
			counts[c.Rating] = c.Count
			total += c.Count
		}
		head := []string{"impact"}
		for _, l := range scale.Likelihood {
			head = append(head, strings.ToLower(l.Word))
		}
		var rows []row
		for i := len(scale.Impact); i >= 1; i-- {
			line, rec := []cell{text(scale.Impact[i-1].Word)}, map[string]any{"impact": i, "word": scale.Impact[i-1].Word}
			var list []int
			for l := 1; l <= len(scale.Likelihood); l++ {
				n := counts[risk.Rating{Likelihood: l, Impact: i}]
				list = append(list, n)
				mark := ""
				if n > 0 {
					mark = strconv.Itoa(n)
				}
				line = append(line, text(mark))
			}
			rec["likelihood"] = list
			rows = append(rows, row{line, rec})
		}
		if total == 0 {
			rows = nil
		}
		return s.table(head, rows, "No risk is in the register.")
	})}
	c.Flags().BoolVar(&inherent, "inherent", false, "without controls")
	return c
}
