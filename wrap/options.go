package wrap

import (
	"os"
	"path/filepath"

	"hotmess/config"
)

// Names inside the data directory.
const (
	spawnLock     = "spawn.lock"
	superviseLock = "supervise.lock"
	logDir        = "log"
	logName       = "serve.log"
)

// A Worker says how the sidecar process of a data directory is started and
// reached.
type Worker struct {
	// Executable is the path of hotmess itself, as from os.Executable.
	Executable string
	// Args start a leased worker on DataDir. They must not hold --listen and
	// --admin: both are appended.
	Args []string
	// DataDir is where serve.json, the locks and the log are.
	DataDir string
	// Listen and Admin are the configured addresses, host:port.
	Listen, Admin string
	// Token is the admin port's bearer token; empty: none is sent.
	Token config.Secret
	// Env is the environment that hotmess was started in: the worker's own, and
	// what the command's is made from.
	Env []string
}

// Options configure Run.
type Options struct {
	Worker Worker
	// Command is the wrapped command and its arguments, at least one element.
	Command []string
	// Stdin, Stdout and Stderr are the command's. They are files, so that the
	// command has the terminal itself and no copy loop stands between. Stderr
	// also takes what hotmess says before and after.
	Stdin, Stdout, Stderr *os.File
	// Way is how the command's calls come to the sidecar.
	Way Way
	// Quiet leaves out the notes before and the summary after the command.
	Quiet bool
}

// SuperviseOptions configure Supervise.
type SuperviseOptions struct {
	Worker Worker
	// Stdout and Stderr are the worker's. Stderr also takes the supervisor's own
	// messages.
	Stdout, Stderr *os.File
}

// LogFile is the path of the log that the worker of dataDir writes when it was
// started by run.
func LogFile(dataDir string) string {
	return filepath.Join(dataDir, logDir, logName)
}
