package report

import "io"

// Print reads data sets, computes their report and writes it as text.
func Print(w io.Writer, files []string) error {
	d, err := Read(files, nil, nil)
	if err != nil {
		return err
	}
	r, err := New(d, Filter{})
	if err != nil {
		return err
	}
	return r.Text(w)
}
