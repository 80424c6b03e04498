package wrap

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSuperviseRestartsAKilledWorkerOnTheSamePort(t *testing.T) {
	dir := t.TempDir()
	p := start(t, nil, append([]string{"supervise", "--dir", dir}, lasting()...)...)
	ready := p.next()
	before := running(t, dir).PID
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	p.want(ready)
	t.Logf("back after %v", time.Since(killed))
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.want("worker got hangup")
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.want("worker got interrupt")
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
}

func TestSuperviseDoesNotRestartABadConfig(t *testing.T) {
	p := start(t, nil, "supervise", "--dir", t.TempDir(), "--worker-args", "--refuse")
	if code := p.exit(); code != 1 || strings.Count(p.stderr.String(), "sampling.rate is wrong") != 1 {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
}

func TestSuperviseGivesUpOnACrashLoop(t *testing.T) {
	p := start(t, nil, "supervise", "--dir", t.TempDir(), "--worker-args", "--crash")
	if code := p.exit(); code != 2 || !strings.Contains(p.stderr.String(), "crashed 5 times") {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
}

func TestSecondServeOnADataDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	start(t, nil, "supervise", "--dir", dir).next()
	p := start(t, nil, "supervise", "--dir", dir)
	if code := p.exit(); code != 1 || !strings.Contains(p.stderr.String(), "already") {
		t.Errorf("exit code %d; %s", code, p.stderr)
	}
}

func TestRunLeavesRestartingToServe(t *testing.T) {
	dir := t.TempDir()
	serve := start(t, nil, append([]string{"supervise", "--dir", dir}, lasting()...)...)
	ready := serve.next()
	p := run(t, dir, nil, "print", "HOTMESS_URL")
	p.next()
	if err := syscall.Kill(running(t, dir).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	serve.want(ready) // its own worker: one that run started writes to the log
	p.stdin.Close()
	p.exit()
	if err := syscall.Kill(serve.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	serve.exit()
	if !strings.Contains(p.stderr.String(), "joined the sidecar") {
		t.Errorf("stderr: %s", p.stderr)
	}
}

func TestWorkerEndsWithAKilledSupervisor(t *testing.T) {
	dir := t.TempDir()
	p := start(t, nil, "supervise", "--dir", dir)
	p.next()
	p2 := run(t, dir, nil, "print", "HOTMESS_URL") // a lease that certainly has been taken
	p2.next()
	worker := running(t, dir)
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p2.stdin.Close()
	p2.exit()
	eventually(t, "the worker ends", gone(t, worker))
}

func TestFifthCrashWithinTenSecondsIsALoop(t *testing.T) {
	var c crashes
	at := time.Unix(0, 0)
	for i := range 4 {
		if c.add(at.Add(time.Duration(i) * time.Second)) {
			t.Fatalf("crash %d is a loop", i+1)
		}
	}
	if slow := append(crashes(nil), c...); slow.add(at.Add(12 * time.Second)) {
		t.Error("five crashes in twelve seconds are a loop")
	}
	if !c.add(at.Add(4 * time.Second)) {
		t.Error("five crashes in four seconds are no loop")
	}
}
