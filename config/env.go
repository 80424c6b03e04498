package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// prefix begins the name of every variable that hotmess reads.
const prefix = "HOTMESS_"

// fileVariable names the configuration file.
const fileVariable = prefix + "CONFIG"

// URLVariable is set by hotmess for the commands that it wraps, and read by
// them; a hotmess among them ignores it.
const URLVariable = prefix + "URL"

// A Variable is an environment variable that overrides a setting of the file.
type Variable struct {
	// Name is the whole name, HOTMESS_ included.
	Name string
	// Key is the path of the setting; empty for the variable that names the
	// file.
	Key string
	// Help says what it sets, in a few words.
	Help string
}

// Variables is the table of all variables that Load reads. An empty variable
// counts as unset; any other that begins with HOTMESS_ is an error unless the
// file refers to it.
func Variables() []Variable {
	return []Variable{
		{fileVariable, "", "configuration file"},
		{prefix + "LISTEN", "listen", "address of the traffic port"},
		{prefix + "ADMIN", "admin.listen", "address of the admin port"},
		{prefix + "ADMIN_TOKEN", "admin.token", "bearer token of the admin port"},
		{prefix + "UPSTREAM", "upstream", "base URL that every request goes to"},
		{prefix + "MODE", "sampling.mode", "off, observe or ensemble"},
		{prefix + "SAMPLES", "sampling.samples", "samples of one request, the primary included"},
		{prefix + "RATE", "sampling.rate", "share of requests to measure, 0 to 1, or auto"},
		{prefix + "DEEP_SHARE", "sampling.deep.share", "share of the measured requests that get more than two samples, 0 to 1"},
		{prefix + "EXTRA_TOKENS_PER_HOUR", "budget.extra_tokens_per_hour", "most tokens that extras may use in an hour"},
		{prefix + "DATA_DIR", "data_dir", "directory of everything that is kept"},
		{prefix + "NATS", "nats.listen", "address of the embedded NATS server"},
		{prefix + "LOG_LEVEL", "log.level", "debug, info, warn or error"},
		{prefix + "LOG_FORMAT", "log.format", "text or json"},
	}
}

// environment splits the form of os.Environ.
func environment(env []string) map[string]string {
	vars := make(map[string]string, len(env))
	for _, entry := range env {
		if name, value, ok := strings.Cut(entry, "="); ok {
			vars[name] = value
		}
	}
	return vars
}

// applyEnv lays the variables over c.
func applyEnv(c *Config, env map[string]string, at origins) []error {
	var problems []error
	for _, v := range Variables() {
		if v.Key == "" || env[v.Name] == "" {
			continue
		}
		if err := parse(env[v.Name], lookup(c, v.Key)); err != nil {
			problems = append(problems, &Problem{Key: v.Key, Where: v.Name, Text: err.Error()})
			continue
		}
		at[v.Key] = origin{where: v.Name}
	}
	return problems
}

// unknownVariables finds variables that nothing reads; used are those that the
// file refers to.
func unknownVariables(env map[string]string, used map[string]bool) []error {
	known := []string{URLVariable}
	for _, v := range Variables() {
		known = append(known, v.Name)
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, prefix) && !used[name] && !slices.Contains(known, name) {
			text := fmt.Sprintf("unknown variable%s", didYouMean(name, known))
			problems = append(problems, &Problem{Where: name, Text: text})
		}
	}
	return problems
}
