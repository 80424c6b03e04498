package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var pageText string

// page is the HTML form. All text goes through the template's escaping.
var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"words":  Words,
	"letter": letter,
	"left":   func(i, left int) bool { return i < max(1, left) },
}).Parse(pageText))

// HTML writes one self-contained page: tables, and figures as SVG, without a
// script and without anything from elsewhere.
func (r *Report) HTML(w io.Writer) error {
	err := page.Execute(w, struct {
		Files    []string
		Sections []*Section
	}{r.Files, r.Sections()})
	if err != nil {
		return fmt.Errorf("write report's page: %w", err)
	}
	return nil
}
