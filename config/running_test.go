package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRunningSurvivesTheFile(t *testing.T) {
	dir := t.TempDir()
	want := Running{
		PID: 7, Instance: "a", Listen: "127.0.0.1:1", Admin: "127.0.0.1:2", NATS: "127.0.0.1:3",
		Upstreams: map[string]string{"openai": "https://api.openai.com/v1"}, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	for range 2 {
		if err := WriteRunning(dir, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadRunning(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoRunningFileCanBeTold(t *testing.T) {
	if _, err := ReadRunning(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
}

func TestBrokenRunningFileIsNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), RunningFile)
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRunning(filepath.Dir(name)); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("err = %v", err)
	}
}
