package report

import (
	"fmt"
	"math"
	"strings"

	"hotmess/estimate"
)

// A Table is rows of text under a head. Columns are right-aligned but the first.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]string
	// Left is how many columns are left-aligned; 0 is one, too.
	Left int
	// Notes explain marks such as (a) in cells; Remarks stand by themselves.
	Notes   []string
	Remarks []string
}

// A Section is one part of the report: what it is, its tables and figures, or
// why there are none.
type Section struct {
	ID    string
	Title string
	// Lead says what is shown and how to read it.
	Lead   []string
	Absent string
	Tables []*Table
	Plots  []Plot
}

// add appends a row.
func (t *Table) add(cells ...string) { t.Rows = append(t.Rows, cells) }

// mark gives the sign of a note, such as (a).
func (t *Table) mark(reason string) string {
	text := Words(reason)
	for i, n := range t.Notes {
		if n == text {
			return letter(i)
		}
	}
	t.Notes = append(t.Notes, text)
	return letter(len(t.Notes) - 1)
}

// letter is the sign of the i-th note.
func letter(i int) string {
	const letters = 26
	if i < letters {
		return fmt.Sprintf("(%c)", 'a'+i)
	}
	return fmt.Sprintf("(%d)", i+1)
}

// Words gives a reason for people.
func Words(reason string) string { return strings.ReplaceAll(reason, "_", " ") }

// figure shows a figure with its interval, or the mark of why it has none.
func (t *Table) figure(f estimate.Figure, decimals int) string {
	if f.Value == nil {
		return t.mark(f.Absent)
	}
	if f.Low == nil || f.High == nil {
		return number(*f.Value, decimals) + " " + t.mark(f.AbsentRange)
	}
	return fmt.Sprintf("%s [%s,%s]", number(*f.Value, decimals), number(*f.Low, decimals-1), number(*f.High, decimals-1))
}

// ratio is figure with an interval as fine as the value.
func (t *Table) ratio(f estimate.Figure) string {
	if f.Value == nil || f.Low == nil || f.High == nil {
		return t.figure(f, thousandths)
	}
	return fmt.Sprintf("%s [%s,%s]", number(*f.Value, thousandths), number(*f.Low, thousandths), number(*f.High, thousandths))
}

// power is figure for exponents, with as many decimals as their size asks for.
func (t *Table) power(f estimate.Figure) string {
	if f.Value == nil || f.Low == nil || f.High == nil {
		return t.figure(f, 2)
	}
	short := func(v float64) string {
		if math.Abs(v) >= 10 {
			return number(v, 0)
		}
		return number(v, 2)
	}
	return fmt.Sprintf("%s [%s,%s]", short(*f.Value), short(*f.Low), short(*f.High))
}

// difference is figure with a sign, for differences, and the p of its test.
func (t *Table) difference(d Difference) string {
	if d.Value == nil || d.Low == nil || d.High == nil {
		return t.figure(d.Figure, thousandths)
	}
	s := fmt.Sprintf("%s [%s,%s]", signed(*d.Value), signed(*d.Low), signed(*d.High))
	if d.P != nil {
		s += " " + pValue(*d.P)
	}
	return s
}

// thousandths are the decimals of shares and scores.
const thousandths = 3

// number writes a number with so many decimals and without the 0 before them.
func number(v float64, decimals int) string {
	s := fmt.Sprintf("%.*f", decimals, v)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	s = strings.Replace(s, "-0.", "-.", 1)
	if strings.HasPrefix(s, "0.") {
		s = s[1:]
	}
	return s
}

// signed writes a difference.
func signed(v float64) string {
	s := number(v, thousandths)
	if !strings.HasPrefix(s, "-") && strings.Trim(s, "0.") != "" {
		s = "+" + s
	}
	return s
}

// pValue writes the p of a test.
func pValue(p float64) string {
	if p < 0.001 {
		return "p<.001"
	}
	return "p=" + number(p, thousandths)
}

// length writes a length with three digits that count.
func length(v float64) string {
	switch {
	case v >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// optional writes a number that may be absent.
func optional(v *float64, decimals int) string {
	if v == nil {
		return "-"
	}
	return number(*v, decimals)
}
