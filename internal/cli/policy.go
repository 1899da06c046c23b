package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
)

func (s *session) policyCommand() *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "List, show, adopt, import and export policies, and decide about drafts"}
	c.AddCommand(s.policyList(), s.policyShow(), s.policyAdopt(), s.policySend(), s.policyApprove(), s.policyImport(), s.policyExport())
	return c
}

func (s *session) policyList() *cobra.Command {
	var f policy.Filter
	var standing string
	var overdue bool
	var page, size int
	c := &cobra.Command{Use: "list", Short: "List policies", Args: cobra.NoArgs, RunE: s.run(func(ctx context.Context, _ []string) error {
		if err := checkPage(page, size); err != nil {
			return err
		}
		if f.Standing = policy.Standing(standing); standing != "" && !slices.Contains(policy.Standings(), f.Standing) {
			return errs.New(errs.Invalid, "no policy stands %q", standing).At("state").WithHint("They are in_force, review, draft, withdrawn or retired.")
		}
		if overdue {
			f.Overdue = period.Of(s.Now())
		}
		f.Control = strings.ToUpper(f.Control)
		res, err := s.app.Policies.List(ctx, s.read(), f, paging.Query{Page: page, Size: size})
		if err != nil {
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		rows := make([]row, 0, len(res.Rows))
		for _, p := range res.Rows {
			state := p.Standing.Title()
			if p.InForce > 0 && p.Open > 0 {
				state += ", version " + strconv.Itoa(p.Open) + " " + strings.ToLower(p.OpenState.Title())
			}
			rows = append(rows, row{[]cell{text(p.Ref), text(state), text(strconv.Itoa(p.Shown.N)), text(policyDue(p)), text(names[p.Owner]), text(p.Shown.Title)}, policyRecord(p, names)})
		}
		if err := s.paged(res.Query.Page, res.Pages(), res.Total, "policies"); err != nil {
			return err
		}
		return s.table([]string{"policy", "state", "version", "next review", "owner", "title"}, rows, "No policy. Begin with the starters: tickmark policy adopt --all")
	})}
	fl := c.Flags()
	fl.StringVar(&standing, "state", "", "only those that are in_force, review, draft, withdrawn or retired")
	fl.StringVar(&f.Control, "control", "", "only those that serve this control")
	fl.BoolVar(&f.Waiting, "waiting", false, "only those with a version that waits for approval")
	fl.BoolVar(&overdue, "overdue", false, "only those whose review is overdue")
	fl.IntVar(&page, "page", 1, "page")
	fl.IntVar(&size, "size", 200, "policies a page")
	return c
}

func policyDue(p policy.Policy) string {
	if p.Due == 0 {
		return ""
	}
	return p.Due.String()
}

func policyRecord(p policy.Policy, names map[access.UserID]string) map[string]any {
	return map[string]any{"ref": p.Ref, "slug": p.Slug, "title": p.Shown.Title, "summary": p.Shown.Summary, "state": p.Standing, "version": p.Shown.N, "open": p.Open, "open_state": p.OpenState, "owner": p.Owner,
		"owner_name": names[p.Owner], "review_months": p.Months, "next_review": policyDue(p), "controls": p.Shown.Controls, "criteria": p.Shown.Criteria, "audience": p.Shown.Audience, "sha256": p.Shown.SHA256, "approved": p.Shown.Decided}
}

func (s *session) policyShow() *cobra.Command {
	var n int
	var asFile bool
	c := &cobra.Command{Use: "show POLICY", Short: "Show a policy: its text, and what happened to it", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		p, err := s.app.Policies.Policy(ctx, s.read(), policyArg(args[0]))
		if err != nil {
			return err
		}
		v, err := s.app.Policies.VersionOf(ctx, s.read(), p, n)
		if err != nil {
			return err
		}
		if asFile {
			_, err := s.Out.Write(policy.File{Slug: p.Slug, Months: p.Months, Text: v.Text}.Format())
			return err
		}
		names, err := s.memberNames(ctx)
		if err != nil {
			return err
		}
		history, err := s.app.Policies.History(ctx, s.read(), p)
		if err != nil {
			return err
		}
		if s.json {
			x := policyRecord(p, names)
			x["body"], x["history"], x["shown_version"] = v.Body, history, v.N
			return s.object(x)
		}
		fmt.Fprintf(s.Out, "%s  version %d, %s\n%s\n\n%s\n\n", s.paint(bold, p.Ref), v.N, strings.ToLower(v.State.Title()), v.Title, v.Body)
		var rows []row
		for _, e := range history {
			who := names[access.UserID(e.Actor)]
			if who == "" {
				who = e.Actor
			}
			rows = append(rows, row{[]cell{instant(e.At), text(who), text(string(e.Kind)), text(strconv.Itoa(e.Version)), text(e.Text)}, nil})
		}
		return s.table([]string{"at", "who", "what", "version", "note"}, rows, "")
	})}
	c.Flags().IntVar(&n, "version", 0, "this version, instead of the one that is shown")
	c.Flags().BoolVar(&asFile, "markdown", false, "as the file a folder would hold")
	return c
}

// policyArg takes references in any case, and short names.
func policyArg(s string) string {
	if up := strings.ToUpper(s); strings.HasPrefix(up, "POL-") {
		return up
	}
	return s
}

func (s *session) policyAdopt() *cobra.Command {
	var all bool
	var owner string
	c := &cobra.Command{Use: "adopt [NAME...]", Short: "Adopt starter policies as drafts; without a name they are listed", RunE: s.run(func(ctx context.Context, args []string) error {
		if !all && len(args) == 0 {
			starters, err := policy.Starters()
			if err != nil {
				return err
			}
			var rows []row
			for _, f := range starters {
				rows = append(rows, row{[]cell{text(f.Slug), text(f.Text.Title), text(strings.Join(f.Text.Controls, " "))}, map[string]any{"slug": f.Slug, "title": f.Text.Title, "controls": f.Text.Controls, "criteria": f.Text.Criteria}})
			}
			return s.table([]string{"name", "title", "controls"}, rows, "")
		}
		scope, err := s.write()
		if err != nil {
			return err
		}
		o, err := s.app.Access.Org(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		made, err := s.app.Policies.Adopt(ctx, scope, s.Now(), o.Name, owner, args...)
		if err != nil {
			return err
		}
		for _, p := range made {
			fmt.Fprintf(s.Out, "%s %s is a draft.\n", p.Ref, p.Slug)
		}
		if len(made) == 0 {
			fmt.Fprintln(s.Out, "They are adopted already.")
		}
		return nil
	})}
	c.Flags().BoolVar(&all, "all", false, "all of them")
	c.Flags().StringVar(&owner, "owner", "", "who owns them (identifier or email)")
	return c
}

func (s *session) policySend() *cobra.Command {
	return &cobra.Command{Use: "send POLICY...", Short: "Send drafts to a second person", Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		return s.eachPolicy(args, func(scope access.Scope, ref string) (string, error) {
			p, err := s.app.Policies.Send(ctx, scope, s.Now(), ref, 0)
			return fmt.Sprintf("Version %d of %s waits for a second person.", p.Open, p.Ref), err
		})
	})}
}

func (s *session) policyApprove() *cobra.Command {
	return &cobra.Command{Use: "approve POLICY...", Short: "Approve versions that somebody else wrote", Args: cobra.MinimumNArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		return s.eachPolicy(args, func(scope access.Scope, ref string) (string, error) {
			p, err := s.app.Policies.Approve(ctx, scope, s.Now(), ref, 0)
			return fmt.Sprintf("Version %d of %s is in force.", p.InForce, p.Ref), err
		})
	})}
}

func (s *session) eachPolicy(args []string, do func(scope access.Scope, ref string) (string, error)) error {
	scope, err := s.write()
	if err != nil {
		return err
	}
	for _, a := range args {
		said, err := do(scope, policyArg(a))
		if err != nil {
			return err
		}
		fmt.Fprintln(s.Out, said)
	}
	return nil
}

func (s *session) policyImport() *cobra.Command {
	var dry bool
	var note string
	c := &cobra.Command{Use: "import FOLDER", Short: "Import policies from a folder, or a zip, of Markdown files", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		scope, err := s.write()
		if err != nil {
			return err
		}
		files, err := readPolicies(args[0])
		if err != nil {
			return err
		}
		plan, err := s.app.Policies.Plan(ctx, scope, files)
		if err != nil {
			return err
		}
		var rows []row
		wrong := 0
		for _, x := range plan {
			what := x.What
			var lines []string
			for _, p := range x.Problems {
				lines = append(lines, p.String())
			}
			if len(lines) > 0 {
				what = strings.Join(lines, "; ")
				wrong++
			}
			rows = append(rows, row{[]cell{text(x.Name), text(string(x.Change)), text(x.Ref), text(what)}, map[string]any{"file": x.Name, "change": x.Change, "ref": x.Ref, "what": x.What, "problems": lines}})
		}
		if err := s.table([]string{"file", "would be", "policy", "what"}, rows, "There is no Markdown file in "+args[0]+"."); err != nil {
			return err
		}
		if dry && wrong == 0 {
			return nil
		}
		n, err := s.app.Policies.Import(ctx, scope, s.Now(), plan, note)
		if err == nil && !s.json {
			fmt.Fprintf(s.Err, "%d policies imported. New texts are drafts: tickmark policy list --state draft\n", n)
		}
		return err
	})}
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would change, and change nothing")
	c.Flags().StringVar(&note, "note", "Imported from a folder", "why the texts change")
	return c
}

// readPolicies reads the Markdown files of a folder or a zip.
func readPolicies(path string) ([]policy.Raw, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errs.As(errs.NotFound, err, "folder %s", path)
	}
	if !info.IsDir() {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, errs.As(errs.Unavailable, err, "file %s", path)
		}
		if strings.EqualFold(filepath.Ext(path), ".md") {
			return []policy.Raw{{Name: filepath.Base(path), Body: raw}}, nil
		}
		return policy.ReadZip(bytes.NewReader(raw), int64(len(raw)))
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "folder %s", path)
	}
	var out []policy.Raw
	for _, e := range entries {
		if !strings.EqualFold(filepath.Ext(e.Name()), ".md") || strings.EqualFold(e.Name(), "README.md") {
			continue
		}
		if !e.Type().IsRegular() {
			out = append(out, policy.Raw{Name: e.Name(), Bad: "is no plain file"})
			continue
		}
		if len(out) == policy.MaxFiles {
			return nil, errs.New(errs.Exhausted, "%s has more than %d policies", path, policy.MaxFiles)
		}
		i, err := e.Info()
		if err != nil {
			return nil, errs.As(errs.Unavailable, err, "file %s", e.Name())
		}
		if i.Size() > policy.MaxFile {
			out = append(out, policy.Raw{Name: e.Name(), Bad: fmt.Sprintf("is larger than %d KiB", policy.MaxFile>>10)})
			continue
		}
		raw, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			return nil, errs.As(errs.Unavailable, err, "file %s", e.Name())
		}
		out = append(out, policy.Raw{Name: e.Name(), Body: raw})
	}
	return out, nil
}

func (s *session) policyExport() *cobra.Command {
	var drafts bool
	c := &cobra.Command{Use: "export FOLDER", Short: "Write policies as Markdown files with front matter", Args: cobra.ExactArgs(1), RunE: s.run(func(ctx context.Context, args []string) error {
		files, err := s.app.Policies.Export(ctx, s.read(), drafts)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // policies are for everybody to read
			return errs.As(errs.Unavailable, err, "folder %s", args[0])
		}
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(args[0], f.Name), f.Format(), 0o644); err != nil { //nolint:gosec // as the folder
				return errs.As(errs.Unavailable, err, "file %s", f.Name)
			}
		}
		fmt.Fprintf(s.Out, "%d policies written to %s.\n", len(files), args[0])
		return nil
	})}
	c.Flags().BoolVar(&drafts, "drafts", false, "drafts too, each in its newest text")
	return c
}
