package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// texts writes one text after the other, then fails if err is set.
func texts(err error, all ...string) func(io.Writer) error {
	return func(w io.Writer) error {
		for _, text := range all {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
		}
		return err
	}
}

// holds fails the test unless dir holds one file, or link and file, with a text.
func holds(t *testing.T, path, want string, files int) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != files {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestFilesAreReplacedWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	full := errors.New("the disk is full")
	if err := replaceFile(path, texts(full, "ha")); !errors.Is(err, full) {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half a page is there")
	}
	if err := replaceFile(path, texts(nil, "a long ", "page")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "a long page", 1)
	if err := replaceFile(path, texts(full, "ha")); !errors.Is(err, full) {
		t.Error(err)
	}
	holds(t, path, "a long page", 1)
	if err := os.Chmod(path, 0o606); err != nil { // more than umask lets a new one have
		t.Fatal(err)
	}
	if err := replaceFile(path, texts(nil, "short")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "short", 1)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o606 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestReplacedLinksStayLinks(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "page.html"), filepath.Join(dir, "latest.html")
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Symlink("page.html", link) // is there the second time
		if err := replaceFile(link, texts(nil, text)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, text, 2)
		if to, err := os.Readlink(link); err != nil || to != "page.html" {
			t.Errorf("%q, %v", to, err)
		}
	}
}

func TestWhatIsNoFileIsWrittenTo(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fd := filepath.Join("/dev/fd", strconv.Itoa(int(w.Fd())))
	if err := replaceFile(fd, texts(nil, "a page")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "a page" {
		t.Errorf("%q, %v", got, err)
	}
	if err := replaceFile(t.TempDir(), texts(nil, "a page")); err == nil {
		t.Error("a directory is replaced")
	}
}

func TestReportsAndBundlesReplaceFilesWholly(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	dir := t.TempDir()
	set := filepath.Join(dir, "set.jsonl")
	const line = `{"dataset":"d","model":"m","question_id":"1","reference":"A","samples":[{"answer":"A","correct":true},{"answer":"B","correct":false}]}` + "\n"
	if err := os.WriteFile(set, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, args := range map[string][]string{
		"--html":   {"report", set},
		"--bundle": {"ca", "show", "--data-dir", filepath.Join(dir, "data")},
		"--jks":    {"ca", "show", "--data-dir", filepath.Join(dir, "data")},
	} {
		old, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		if _, err := old.WriteString("the old one"); err != nil {
			t.Fatal(err)
		}
		if _, stderr, code := output(t, os.Environ(), append(args, flag, old.Name())...); code != exitOK {
			t.Fatalf("%s: %s", flag, stderr)
		}
		if b, err := os.ReadFile(old.Name()); err != nil || len(b) < 1000 {
			t.Errorf("%s: %d bytes, %v", flag, len(b), err)
		}
		// Who still has the old file open has it whole.
		if b, err := io.ReadAll(io.NewSectionReader(old, 0, 100)); string(b) != "the old one" {
			t.Errorf("%s: the old file is overwritten: %.20q, %v", flag, b, err)
		}
		_, stderr, code := output(t, os.Environ(), append(args, flag, filepath.Join(dir, "none", "file"))...)
		if code != exitError || !strings.Contains(stderr, "error: "+flag+": ") {
			t.Errorf("%s: exit code %d, %s", flag, code, stderr)
		}
	}
}
