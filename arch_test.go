package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	module = "hotmess"
	// mainRoom is the name that the root goes by in tables.
	mainRoom = "main"
	// maxLines is the longest file, and maxDocLines the longest doc.go, that
	// is still read as a whole.
	maxLines    = 400
	maxDocLines = 60
)

// mayImport is the direction of data: a room imports what stands after it,
// nothing else. main may import everything.
func mayImport() map[string][]string {
	return map[string][]string{
		"demo":      {"alerts", "config", "sidecar"},
		"bench":     {"config", "sidecar"},
		"sidecar":   {"alerts", "ca", "config", "dashboard", "ensemble", "keyfile", "monitor", "proxy"},
		"proxy":     {"budget", "config", "ensemble", "guard", "monitor", "wire"},
		"guard":     {"config", "ensemble", "estimate", "shell", "wire"},
		"ensemble":  {"budget", "config", "estimate", "monitor", "shell", "wire"},
		"shell":     {},
		"monitor":   {"alerts", "budget", "config", "detect", "estimate", "wire"},
		"detect":    {},
		"budget":    {"config", "wire"},
		"backtest":  {"alerts", "config", "estimate", "monitor"},
		"eval":      {"config", "ensemble", "monitor", "wire"},
		"report":    {"estimate", "monitor"},
		"estimate":  {},
		"dashboard": {"alerts", "config", "monitor"},
		"alerts":    {"config", "keyfile"},
		"wrap":      {"ca", "config"},
		"ca":        {"keyfile"},
		"wire":      {},
		"config":    {},
		"keyfile":   {},
		"sim":       {},
	}
}

// why explains a forbidden import to the one who tried it.
func why(from, to string) string {
	switch {
	case from == "sim" && to == "wire":
		return "the two must not share a bug: sim writes replies by hand so that wire is tested against something else (ADR 0005)"
	case from == "sim":
		return "sim stands for the world outside, which does not know hotmess"
	case to == "sim":
		return "only main imports sim: a pretend API has no place in what serves real requests"
	case from == "config":
		return "config is a leaf: it is read by all and knows none"
	case from == "wire":
		return "wire is a leaf: bytes in, values out; it reads no configuration and logs nothing"
	case from == "estimate":
		return "estimate is a leaf: numbers in, numbers out; live and offline use the same formulas (ADR 0013)"
	case from == "detect":
		return "detect is a leaf: values in, evidence out; whose they are, and who is told, it does not know (ADR 0023)"
	case from == "shell":
		return "shell is a leaf: a text in, the programs in it out; who calls the tool, and what is forbidden, it does not know (ADR 0025)"
	case from == "report" || from == "backtest" || from == "eval":
		return "it works offline, on what was recorded, and does not serve"
	case from == "keyfile":
		return "keyfile is a leaf: a path and bytes in, a file out; whose secret it is, it does not know"
	case from == "ca":
		return "ca is told the hosts that it may sign for; who they are, and who opens their TLS, is not its business (ADR 0011)"
	case to == "ca":
		return "only sidecar, which opens TLS, and wrap, which makes the command trust it, get at the authority (ADR 0011)"
	case to == "keyfile":
		return "secrets on disk are few: those of sidecar, alerts and ca"
	case from == "alerts":
		return "alerts gets readings and knows neither dialects nor how they were measured"
	case from == "monitor":
		return "monitor remembers what it is given; it must work without a proxy, as in replays (ADR 0003)"
	case from == "budget":
		return "budget is asked about costs and told of replies; what an extra is for, and who remembers, it does not know (ADR 0022)"
	case from == "guard":
		return "guard judges parsed calls and counts; who samples, holds and tells is not its business (ADR 0018)"
	case from == "ensemble":
		return "ensemble works within one request; who calls it and who hears of it is not its business (ADR 0003)"
	case from == "dashboard":
		return "dashboard shows what monitor and alerts know and computes nothing of its own"
	case from == "demo" || from == "bench":
		return "it works with the sidecar as a whole, as its users do, and does not reach into it"
	case to == mainRoom:
		return "main is the end of the line"
	}
	return "imports follow the data flow and never point back; see mayImport"
}

// A goFile is one parsed source file.
type goFile struct {
	name string // slash-separated, from the root
	room string
	test bool
	text []byte
	tree *ast.File
}

// imports lists the rooms that a file imports.
func (f goFile) imports() []string {
	var rooms []string
	for _, spec := range f.tree.Imports {
		target := strings.Trim(spec.Path.Value, `"`)
		if target == module {
			rooms = append(rooms, mainRoom)
		}
		if rest, ok := strings.CutPrefix(target, module+"/"); ok {
			room, _, _ := strings.Cut(rest, "/")
			rooms = append(rooms, room)
		}
	}
	return rooms
}

// sources is every Go file of this module.
func sources(t *testing.T) []goFile {
	t.Helper()
	files, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < len(mayImport()) {
		t.Fatalf("only %d files found", len(files))
	}
	return files
}

// parsed parses them, once for all tests.
var parsed = sync.OnceValues(func() (files []goFile, err error) {
	err = filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && skipped(name) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := source(filepath.ToSlash(name))
		files = append(files, f)
		return err
	})
	return files, err
})

// skipped are directories that are not part of this module.
func skipped(dir string) bool {
	if dir == "." {
		return false
	}
	base := filepath.Base(dir)
	if strings.HasPrefix(base, ".") || base == "testdata" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// source parses one file.
func source(name string) (goFile, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return goFile{}, fmt.Errorf("read source: %w", err)
	}
	tree, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return goFile{}, fmt.Errorf("parse source: %w", err)
	}
	room, _, inRoom := strings.Cut(name, "/")
	if !inRoom {
		room = mainRoom
	}
	return goFile{name: name, room: room, test: strings.HasSuffix(name, "_test.go"), text: text, tree: tree}, nil
}

func TestImportsFollowTheDataFlow(t *testing.T) {
	for _, f := range sources(t) {
		for _, to := range f.imports() {
			if !importAllowed(f.room, to, f.test) {
				t.Errorf("%s: %s must not import %s: %s", f.name, f.room, to, why(f.room, to))
			}
		}
	}
}

// importAllowed looks an import up; a test may reach its own room from outside,
// and sim. For sim's own tests nothing is loosened.
func importAllowed(from, to string, test bool) bool {
	if from == mainRoom || from == to {
		return true
	}
	if test && to == "sim" {
		return true
	}
	return slices.Contains(mayImport()[from], to)
}

func TestTableForbidsWhatItShould(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		test     bool
		want     bool
	}{
		{"sim", "wire", false, false},
		{"sim", "wire", true, false},
		{"proxy", "sim", false, false},
		{"proxy", "sim", true, true},
		{"sidecar", "sim", false, false},
		{"monitor", "ensemble", false, false},
		{"alerts", "monitor", true, false},
		{"budget", "monitor", true, false},
		{"config", "wire", false, false},
		{"proxy", "ca", false, false},
		{"wrap", "keyfile", false, false},
		{"shell", "wire", false, false},
		{"ca", "config", true, false},
		{"proxy", "ensemble", false, true},
		{"main", "sim", false, true},
	} {
		if got := importAllowed(tc.from, tc.to, tc.test); got != tc.want {
			t.Errorf("%s imports %s (test: %t) = %t, want %t", tc.from, tc.to, tc.test, got, tc.want)
		}
	}
}

// TestTableAllowsNoMoreThanIsUsed keeps the table the picture of the rooms as they
// are: what it allows and nobody imports would go unnoticed when somebody does.
func TestTableAllowsNoMoreThanIsUsed(t *testing.T) {
	used := map[[2]string]bool{}
	for _, f := range sources(t) {
		for _, to := range f.imports() {
			used[[2]string{f.room, to}] = true
		}
	}
	for from, rooms := range mayImport() {
		for _, to := range rooms {
			if !used[[2]string{from, to}] {
				t.Errorf("%s may import %s and does not: take it out of mayImport", from, to)
			}
		}
	}
}

func TestEveryRoomIsInTheTable(t *testing.T) {
	for _, f := range sources(t) {
		if _, ok := mayImport()[f.room]; !ok && f.room != mainRoom {
			t.Errorf("%s: room %s is new; say in mayImport what it may import", f.name, f.room)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	described := map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		dir := path.Dir(f.name)
		described[dir] = described[dir] || f.tree.Doc != nil
		if n := lines(f.text); path.Base(f.name) == "doc.go" && n > maxDocLines {
			t.Errorf("%s has %d lines; %d are read", f.name, n, maxDocLines)
		}
	}
	for dir, ok := range described {
		if !ok {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}

func TestFilesStaySmall(t *testing.T) {
	for _, f := range sources(t) {
		if n := lines(f.text); !f.test && n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by noun", f.name, n, maxLines)
		}
	}
}

// lines counts lines.
func lines(text []byte) int { return bytes.Count(text, []byte("\n")) }

// providerField is a field name of a provider's API.
var providerField = regexp.MustCompile(`\b(choices|tool_calls|completion_tokens|content_block|candidates)\b`)

// speaksProvider are the rooms that speak a provider's language: wire, and the
// two that stand for the world outside, the API (sim) and the agent (demo).
func speaksProvider(room string) bool {
	return room == "wire" || room == "sim" || room == "demo"
}

func TestProviderFieldsStayInWire(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || speaksProvider(f.room) {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && providerField.MatchString(lit.Value) {
				t.Errorf("%s: %s is a provider's field name; only wire, sim and the agent of demo know those", f.name, lit.Value)
			}
			return true
		})
	}
}
