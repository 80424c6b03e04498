package wrap

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary stand in for hotmess and for wrapped commands:
// its first argument picks the part.
func TestMain(m *testing.M) {
	parts := map[string]func([]string) int{
		"serve": fakeWorker, "run": runPart, "supervise": supervisePart,
		"count-signals": countSignals, "exit": exitPart, "die": diePart, "print": printPart,
	}
	if len(os.Args) > 1 && parts[os.Args[1]] != nil {
		os.Exit(parts[os.Args[1]](os.Args[2:]))
	}
	goleak.VerifyTestMain(m)
}

// partWorker reads the flags that run and supervise share.
func partWorker(args []string) (Worker, []string) {
	fs := flag.NewFlagSet("part", flag.ExitOnError)
	dir := fs.String("dir", "", "")
	listen := fs.String("listen", "127.0.0.1:0", "")
	admin := fs.String("admin", "127.0.0.1:0", "")
	extra := fs.String("worker-args", "", "")
	_ = fs.Parse(args)
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	w := Worker{
		Executable: self, Args: append([]string{"serve", "--leased", "--dir", *dir}, strings.Fields(*extra)...),
		DataDir: *dir, Listen: *listen, Admin: *admin, Env: os.Environ(),
	}
	return w, fs.Args()
}

func runPart(args []string) int {
	w, command := partWorker(args)
	code, err := Run(context.Background(), Options{Worker: w, Command: command, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	return code
}

func supervisePart(args []string) int {
	w, _ := partWorker(args)
	return Supervise(context.Background(), SuperviseOptions{Worker: w, Stdout: os.Stdout, Stderr: os.Stderr})
}

// countSignals prints "ready", then a line for each signal, until SIGTERM; then
// the number of SIGINTs. Between, it gives signals sent twice time to arrive.
func countSignals([]string) int {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	fmt.Println("ready")
	interrupts := 0
	for sig := range signals {
		fmt.Println("got", sig)
		if sig == syscall.SIGINT {
			interrupts++
		}
		if sig == syscall.SIGTERM {
			break
		}
	}
	fmt.Println("interrupts", interrupts)
	return 0
}

func exitPart(args []string) int {
	code, err := strconv.Atoi(args[0])
	if err != nil {
		panic(err)
	}
	return code
}

// diePart ends by a signal.
func diePart(args []string) int {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		panic(err)
	}
	_ = syscall.Kill(os.Getpid(), syscall.Signal(n))
	time.Sleep(time.Minute) // the signal ends it
	return 1
}

// printPart prints the variables it is asked for, then waits for the end of its
// input.
func printPart(names []string) int {
	for _, name := range names {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}
