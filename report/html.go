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
	"blocks": blocks,
	"short":  func(t *Table) bool { return len(t.Rows) <= unbroken },
}).Parse(pageText))

// unbroken is how many rows a table may have to be kept on one page in print:
// what half a page holds.
const unbroken = 25

// blocks parts rows where one has a name, so that the rows of one name without
// a name of their own stay with it in print. Longer ones break where they must.
func blocks(rows [][]string) [][][]string {
	var all [][][]string
	for i, r := range rows {
		if i == 0 || r[0] != "" {
			all = append(all, nil)
		}
		last := len(all) - 1
		all[last] = append(all[last], r)
	}
	return all
}

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
