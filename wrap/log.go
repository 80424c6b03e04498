package wrap

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

const (
	// maxLog is the size above which the log is set aside when a worker is
	// started, in bytes. One old log is kept.
	maxLog = 16 << 20
	// maxTail is how much of a failed worker's log is shown, in bytes.
	maxTail = 1 << 10
)

// openLog opens the log of dataDir for appending, setting an over-long one
// aside. The caller holds spawn.lock: nothing else rotates.
func openLog(dataDir string) (*os.File, error) {
	path := LogFile(dataDir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	if fi, err := os.Stat(path); err == nil && fi.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("set old log aside: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return f, nil
}

// logLine appends one line to the log of dataDir. There is nowhere to report a
// failure to while the command has the terminal, so it is not reported.
func logLine(dataDir, msg string, args ...any) {
	f, err := os.OpenFile(LogFile(dataDir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	slog.New(slog.NewTextHandler(f, nil)).Info(msg, args...) //nolint:sloglint // the callers' messages are constants
}

// size is the present end of the log.
func size(log *os.File) int64 {
	fi, err := log.Stat()
	if err != nil {
		return 0
	}
	return fi.Size()
}

// tail returns the last that was written to log after offset from.
func tail(log *os.File, from int64) string {
	from = max(from, size(log)-maxTail)
	b, err := io.ReadAll(io.NewSectionReader(log, from, maxTail))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
