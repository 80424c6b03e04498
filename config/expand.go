package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// reference matches ${…}, and $${…}, which stands for ${…} itself.
var reference = regexp.MustCompile(`\$?\$\{([^}]*)\}?`)

// variableName is what POSIX allows.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${VAR} and ${VAR:-default} in one value after it was parsed,
// so that what a variable holds is never read as YAML. A variable that is
// unset and has no default is an error, one that is empty is not. The names
// used are added to used.
func expand(text string, env map[string]string, used map[string]bool) (string, error) {
	var problems []error
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		value, err := dereference(ref, env, used)
		if err != nil {
			problems = append(problems, err)
		}
		return value
	})
	return out, errors.Join(problems...)
}

// dereference is the value of one ${…}.
func dereference(ref string, env map[string]string, used map[string]bool) (string, error) {
	inner, closed := strings.CutSuffix(ref[len("${"):], "}")
	name, fallback, hasFallback := strings.Cut(inner, ":-")
	if !closed || !variableName.MatchString(name) {
		return "", errors.New("${ must begin ${VAR} or ${VAR:-default}; write $${ for a plain ${")
	}
	used[name] = true
	value, set := env[name]
	switch {
	case hasFallback && value == "":
		return fallback, nil
	case !set:
		return "", fmt.Errorf("variable %s is not set; set it, or write ${%s:-default}", name, name)
	}
	return value, nil
}
