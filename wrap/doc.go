// Package wrap runs a command with the sidecar beside it, and keeps the
// sidecar's process alive.
//
//	hotmess run ──▶ CMD            same terminal, same process group
//	     │           │ base URLs, or a proxy and roots to trust
//	     │ lease     ▼
//	     └──────▶ worker ──▶ LLM API      own session, log in a file
//
// The worker is the same executable, started as a process of its own. Any
// number of runs share the worker of one data directory. Each holds a lease, one
// long HTTP request, and the worker lives while a lease is held: a run that is
// killed leaves nothing behind. When a lease breaks, the runs compete for
// spawn.lock; the winner starts a worker on the same addresses, the others join
// it. While a plain serve supervises the worker (it holds supervise.lock), runs
// leave restarting to it.
//
// Promises:
//
//   - While the command lives nothing is written to its terminal. What hotmess
//     changed is said before it starts, the summary comes after it ends.
//   - The command gets Ctrl-C once, from the terminal. SIGINT and SIGQUIT are not
//     passed on, so one sent to the process of run alone has no effect; SIGTERM,
//     SIGHUP, SIGUSR1, SIGUSR2 and SIGWINCH are passed on.
//   - The exit code of run is the command's: 128+n if signal n killed it, 127 if
//     it was not found, 126 if it cannot be executed, 125 if hotmess itself could
//     not start.
//   - A dead worker is back on the same addresses within a second.
//   - The environment is taken over, not overwritten: a base URL already set
//     becomes an upstream, a proxy already set is used by the sidecar, roots
//     already named stay trusted, NO_PROXY is kept apart from what is said.
//
// Counts in the summary are those of the sidecar while the command ran: they
// include other commands that share it.
//
// Testing: Environ is pure and tested by tables. The rest is tested with real
// processes, the test binary serving as run, worker and command. Linux and macOS
// are supported; Windows has neither the signals nor the sessions this needs.
package wrap
