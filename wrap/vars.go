package wrap

import "strings"

// vars is an environment in which variables can be read and set.
type vars struct {
	order  []string
	values map[string]string
	// odd holds entries without a name, kept as they are.
	odd []string
}

// newVars reads env; of entries with the same name the last counts, as for the
// started process.
func newVars(env []string) *vars {
	v := &vars{values: make(map[string]string, len(env))}
	for _, entry := range env {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" {
			v.odd = append(v.odd, entry)
			continue
		}
		v.set(name, value)
	}
	return v
}

// get returns the value of name, empty if it is not set.
func (v *vars) get(name string) string { return v.values[name] }

func (v *vars) set(name, value string) {
	if _, ok := v.values[name]; !ok {
		v.order = append(v.order, name)
	}
	v.values[name] = value
}

// list returns the environment, in the order in which names first appeared.
func (v *vars) list() []string {
	out := make([]string, 0, len(v.order)+len(v.odd))
	for _, name := range v.order {
		out = append(out, name+"="+v.values[name])
	}
	return append(out, v.odd...)
}
