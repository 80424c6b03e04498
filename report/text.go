package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// pageWidth is the columns of the text form.
	pageWidth = 100
	// gap stands between the columns of a table.
	gap = "  "
	// leastName is the fewest columns that a name is cut to.
	leastName = 10
)

// Text writes all tables for a terminal.
func (r *Report) Text(w io.Writer) error {
	b := bufio.NewWriter(w)
	for i, s := range r.Sections() {
		if i > 0 {
			fmt.Fprintln(b)
		}
		s.text(b)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (s *Section) text(b *bufio.Writer) {
	fmt.Fprintf(b, "%s\n%s\n", clean(s.Title), strings.Repeat("=", utf8.RuneCountInString(clean(s.Title))))
	for _, p := range s.Lead {
		for _, line := range wrap(clean(p)) {
			fmt.Fprintln(b, line)
		}
	}
	if s.Absent != "" {
		for _, line := range wrap("Absent: " + clean(Words(s.Absent)) + ".") {
			fmt.Fprintln(b, line)
		}
	}
	for _, t := range s.Tables {
		fmt.Fprintln(b)
		t.text(b)
	}
}

// clean leaves out what would not show, or would steer a terminal: names come
// from data.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// wrap breaks a paragraph into lines.
func wrap(text string) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > pageWidth {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

func (t *Table) text(b *bufio.Writer) {
	widths := t.widths()
	if t.Caption != "" {
		for _, line := range wrap(clean(t.Caption)) {
			fmt.Fprintln(b, line)
		}
	}
	short := t.shortened(widths[0])
	row := func(cells []string) {
		parts := make([]string, len(cells))
		for i, c := range cells {
			c = clean(c)
			if i == 0 {
				c = short[c]
			}
			parts[i] = pad(c, widths[i], i < max(1, t.Left))
		}
		fmt.Fprintln(b, strings.TrimRight(strings.Join(parts, gap), " "))
	}
	row(t.Head)
	rule := make([]string, len(t.Head))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	row(rule)
	for _, r := range t.Rows {
		row(r)
	}
	for i, n := range t.Notes {
		for _, line := range wrap(letter(i) + " " + clean(n)) {
			fmt.Fprintln(b, line)
		}
	}
	for _, n := range t.Remarks {
		for _, line := range wrap(clean(n)) {
			fmt.Fprintln(b, line)
		}
	}
}

// widths are the columns' widths; the first column gives way to the others.
func (t *Table) widths() []int {
	widths := make([]int, len(t.Head))
	for _, r := range append([][]string{t.Head}, t.Rows...) {
		for i, c := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(clean(c)))
		}
	}
	rest := 0
	for _, w := range widths[1:] {
		rest += len(gap) + w
	}
	widths[0] = max(min(widths[0], pageWidth-rest), min(widths[0], leastName))
	return widths
}

// shortened gives the first column's texts as they fit: cut at the end, or in
// the middle where ends would make two the same.
func (t *Table) shortened(width int) map[string]string {
	cut := map[string]string{clean(t.Head[0]): atEnd(clean(t.Head[0]), width), strings.Repeat("-", width): strings.Repeat("-", width)}
	seen := map[string]string{}
	clash := false
	for _, r := range t.Rows {
		name := clean(r[0])
		cut[name] = atEnd(name, width)
		if other, ok := seen[cut[name]]; ok && other != name {
			clash = true
		}
		seen[cut[name]] = name
	}
	for name := range cut {
		if clash {
			cut[name] = inMiddle(name, width)
		}
	}
	return cut
}

// atEnd cuts a text at its end, inMiddle in its middle.
func atEnd(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}

func inMiddle(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	head := (width - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(width-1-head):])
}

func pad(s string, width int, left bool) string {
	space := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
	if left {
		return s + space
	}
	return space + s
}
