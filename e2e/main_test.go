package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the hotmess that all tests run; TestMain sets it once.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(agentVariable) != "" {
		os.Exit(beAgent())
	}
	os.Exit(withBinary(m.Run))
}

// withBinary builds hotmess, runs the tests and removes it.
func withBinary(run func() int) int {
	dir, err := os.MkdirTemp("", "hotmess-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "hotmess")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = ".."
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build hotmess:", err)
		return 1
	}
	return run()
}
