package desk

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// views lists the saved views, to open, rename and remove.
func (p *pages) views(r *page.Request) error {
	return r.Render(http.StatusOK, viewsPage(r, r.Views))
}

// openView leads from a view's own address to the list it stands for.
func (p *pages) openView(r *page.Request) error {
	v, err := p.Access.View(r.Context(), r.Grant, r.Arg("id"))
	if err != nil {
		return err
	}
	return r.Redirect(v.Path, "")
}

func (p *pages) newView(r *page.Request) error {
	path := r.Query("path")
	if !r.Leads(path) {
		return errs.New(errs.Invalid, "this address is no list of the program").At("path").WithHint("Open the list and save it from there.")
	}
	return r.RenderPanel(http.StatusOK, saveViewPanel(r, page.NewForm("path", path)))
}

func (p *pages) saveView(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	path := f.Get("path")
	if !r.Leads(path) {
		return errs.New(errs.Invalid, "this address is no list of the program").At("path").WithHint("Open the list and save it from there.")
	}
	v, err := p.Access.SaveView(r.Context(), r.Grant, r.Now, f.Raw("name"), path, f.Checked("shared"))
	if err == nil {
		return r.Redirect(v.Path, "Saved as “"+v.Name+"”.")
	}
	return r.PanelAgain(f, err, saveViewPanel(r, f))
}

// own finds a view the reader may change.
func (p *pages) own(r *page.Request) (access.View, error) {
	v, err := p.Access.View(r.Context(), r.Grant, r.Arg("id"))
	if err == nil && !v.MayChange(r.Grant) {
		err = errs.New(errs.Denied, "the view %q belongs to somebody else", v.Name)
	}
	return v, err
}

func (p *pages) editView(r *page.Request) error {
	v, err := p.own(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, editViewPanel(r, page.NewForm("name", v.Name), v))
}

func (p *pages) renameView(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	v, err := p.own(r)
	if err != nil {
		return err
	}
	if f.Get("act") == "remove" {
		return p.removeView(r, v)
	}
	was := v.Name
	v, err = p.Access.RenameView(r.Context(), r.Grant, r.Now, v.ID, f.Raw("name"))
	if err == nil {
		return r.RedirectUndo(v.Path, "The view is called “"+v.Name+"” now.", "/views/"+v.ID, map[string]string{"name": was})
	}
	if !f.Take(err) {
		return err
	}
	v.Name = was
	return r.RenderPanel(f.Status(), editViewPanel(r, f, v))
}

func (p *pages) removeView(r *page.Request, v access.View) error {
	v, err := p.Access.RemoveView(r.Context(), r.Grant, r.Now, v.ID)
	if err != nil {
		return err
	}
	fields := map[string]string{"name": v.Name, "path": v.Path}
	if v.Shared {
		fields["shared"] = "on"
	}
	return r.RedirectUndo(v.Path, "“"+v.Name+"” is removed.", "/views", fields)
}
