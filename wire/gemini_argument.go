package wire

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// maxSteps is how deep a path into streamed arguments may lead. Those of real
// tools take a handful of steps.
const maxSteps = 64

// An argument is one value of streamed arguments while it comes.
type argument struct {
	form form
	// text is the JSON of a scalar, or of a string without its quotes.
	text []byte
	// values are those of an object, named by names, or of a list. places finds
	// them by name.
	values []*argument
	names  []string
	places map[string]int
}

// A form is what kind of value an argument is: the first piece decides.
type form int

const (
	noForm form = iota
	objectForm
	listForm
	stringForm
	scalarForm
)

// put sets one value, or continues a string. What is kept may not outgrow what
// was read of it.
func (o *openCall) put(piece gjson.Result) error {
	form, text := pieceValue(piece)
	if form == noForm {
		return nil
	}
	a := o.find(piece.Get("jsonPath").String())
	if a == nil || !o.become(a, form) {
		return fmt.Errorf("a path that does not fit: %w", ErrNotDialect)
	}
	if form == scalarForm {
		a.text = a.text[:0]
	}
	a.text = append(a.text, text...)
	if o.spare -= len(text); o.spare < 0 {
		return fmt.Errorf("larger than their pieces: %w", ErrTooBig)
	}
	return o.g.bounded()
}

// pieceValue is the JSON of what a piece sets; of a string that without quotes,
// so that its pieces can be joined.
func pieceValue(piece gjson.Result) (form form, text string) {
	piece.ForEach(func(key, value gjson.Result) bool {
		switch {
		case key.Str == "stringValue" && value.Type == gjson.String:
			form, text = stringForm, value.Raw[1:len(value.Raw)-1]
		case key.Str == "numberValue" && value.Type == gjson.Number, key.Str == "boolValue" && value.IsBool():
			form, text = scalarForm, value.Raw
		case key.Str == "nullValue":
			form, text = scalarForm, "null"
		}
		return true
	})
	return form, text
}

// find gives the value at a path such as $.a.b[0].c, made where it is missing;
// nil if there is no such place.
func (o *openCall) find(path string) *argument {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || rest == "" {
		return nil
	}
	a := &o.args
	for n := 0; rest != "" && a != nil; n++ {
		var s step
		if s, rest, ok = cutStep(rest); !ok || n == maxSteps {
			return nil
		}
		a = o.child(a, s)
	}
	return a
}

// child is the value one step below a; nil if a has no such place. Lists grow by
// one at a time.
func (o *openCall) child(a *argument, s step) *argument {
	form, i := listForm, s.index
	if s.name != "" {
		form, i = objectForm, a.place(s.name)
	}
	if !o.become(a, form) || i > len(a.values) {
		return nil
	}
	if i == len(a.values) {
		a.add(s.name)
		o.g.size += valueCost
		o.spare -= len(s.name) + len(`"":,`)
	}
	return a.values[i]
}

// become gives an argument its form; false if it has another.
func (o *openCall) become(a *argument, form form) bool {
	if a.form == noForm {
		a.form = form
		o.spare -= len(`""`) // the brackets of an object or a list, too
	}
	return a.form == form
}

// place is where the value of a name is, or will be.
func (a *argument) place(name string) int {
	if i, ok := a.places[name]; ok {
		return i
	}
	return len(a.values)
}

// add appends a value; the name of an element is empty.
func (a *argument) add(name string) {
	if name != "" {
		if a.places == nil {
			a.places = make(map[string]int)
		}
		a.places[name] = len(a.values)
	}
	a.names = append(a.names, name)
	a.values = append(a.values, &argument{})
}

// appendJSON appends a as JSON.
func (a *argument) appendJSON(to []byte) []byte {
	brackets := "{}"
	switch a.form {
	case stringForm:
		return append(append(append(to, '"'), a.text...), '"')
	case scalarForm:
		return append(to, a.text...)
	case listForm:
		brackets = "[]"
	}
	to = append(to, brackets[0])
	for i, value := range a.values {
		if i > 0 {
			to = append(to, ',')
		}
		if a.form == objectForm {
			to = append(append(append(to, '"'), a.names[i]...), `":`...)
		}
		to = value.appendJSON(to)
	}
	return append(to, brackets[1])
}

// A step leads from an object to the value of a name or, where that is empty,
// from a list to the value at an index.
type step struct {
	name  string
	index int
}

// cutStep cuts the first step off a path: .name, ['name'], ["name"] or [0] (RFC
// 9535). Names that JSON would escape are not read.
func cutStep(path string) (s step, rest string, ok bool) {
	if path, ok := strings.CutPrefix(path, "."); ok {
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		return step{name: strings.Clone(path[:end])}, path[end:], plainName(path[:end])
	}
	for _, quote := range [...]string{"'", `"`} {
		if path, ok := strings.CutPrefix(path, "["+quote); ok {
			name, rest, ok := strings.Cut(path, quote+"]")
			return step{name: strings.Clone(name)}, rest, ok && plainName(name)
		}
	}
	return cutIndex(path)
}

func cutIndex(path string) (s step, rest string, ok bool) {
	inner, open := strings.CutPrefix(path, "[")
	digits, rest, closed := strings.Cut(inner, "]")
	index, err := strconv.Atoi(digits)
	return step{index: index}, rest, open && closed && err == nil && index >= 0
}

// plainName reports whether JSON writes name without a backslash.
func plainName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c < ' ' || c == '"' || c == '\\'
	})
}
