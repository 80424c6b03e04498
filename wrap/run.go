package wrap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// settle is how long the end of the command waits for a sidecar that is being
// brought back.
const settle = time.Second

// Run runs a command with the sidecar beside it and returns the exit code that
// hotmess is to end with. An error says why the command could not be run; it has
// not been printed. ctx must not end on SIGINT, which the command has from the
// terminal; its end is SIGTERM to the command.
func Run(ctx context.Context, o Options) (exit int, err error) {
	if len(o.Command) == 0 {
		return exitUsage, errors.New("run needs a command: hotmess run -- CMD")
	}
	path, code, err := lookUp(o.Command[0])
	if err != nil {
		return code, err
	}
	s, err := openSidecar(ctx, o.Worker)
	if err != nil {
		return exitOurs, err
	}
	defer s.release()
	env, err := s.prepare(ctx, o)
	if err != nil {
		return exitOurs, err
	}
	before, _ := s.admin().summary(ctx) // without it, counts are the sidecar's since its start
	exit, err = s.beside(ctx, func() (int, error) { return runCommand(ctx, o, path, env) })
	if !o.Quiet {
		s.report(context.WithoutCancel(ctx), o.Stderr, before)
	}
	return exit, err
}

// prepare makes the command's environment and says what was changed.
func (s *sidecar) prepare(ctx context.Context, o Options) ([]string, error) {
	in, err := s.passage(ctx, cmp.Or(o.Way, wayOf(o.Command)), o.Way == WayProxy)
	if err != nil {
		return nil, err
	}
	if in.way.base() {
		s.presets = Preset(o.Worker.Env, s.running.Listen)
	}
	env, notes := Environ(o.Worker.Env, Endpoints{
		Listen: s.running.Listen,
		Client: filepath.Base(o.Command[0]),
		Names:  s.register(ctx),
		Hosts:  s.hosts(),
		Way:    in.way,
		Trust:  in.trust,
	})
	if o.Quiet {
		return env, nil
	}
	fmt.Fprintf(o.Stderr, "hotmess: %s\n", s.where())
	fmt.Fprintf(o.Stderr, "hotmess: %s\n", in.way.says())
	for _, note := range slices.Concat(in.notes, notes, outerNote(o.Worker.Env, s)) {
		fmt.Fprintf(o.Stderr, "hotmess: %s\n", note)
	}
	return env, nil
}

// where says which sidecar it is.
func (s *sidecar) where() string {
	how := "started"
	if s.joined {
		how = "joined"
	}
	where := fmt.Sprintf("%s the sidecar on %s, admin port http://%s", how, s.running.Listen, dialable(s.running.Admin))
	if !s.joined && s.running.Listen != s.worker.Listen && !strings.HasSuffix(s.worker.Listen, ":0") {
		where += fmt.Sprintf(" (%s is taken)", s.worker.Listen)
	}
	return where
}

// hosts are the LLM hosts of the sidecar and of the environment, in lower case.
func (s *sidecar) hosts() []string {
	urls := append([]string(nil), s.presets...)
	for _, u := range s.running.Upstreams {
		urls = append(urls, u)
	}
	var hosts []string
	for _, raw := range urls {
		if u, err := url.Parse(raw); err == nil && u.Hostname() != "" {
			hosts = append(hosts, strings.ToLower(u.Hostname()))
		}
	}
	return hosts
}

// beside runs f while the sidecar is kept alive. Bringing it back that is under
// way when f ends gets a moment to finish, for the sake of the summary and of
// other runs.
func (s *sidecar) beside(ctx context.Context, f func() (int, error)) (int, error) {
	wanted, unwanted := context.WithCancel(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var keeping sync.WaitGroup
	keeping.Go(func() { s.keep(ctx, wanted) })
	defer func() {
		unwanted()
		defer time.AfterFunc(settle, cancel).Stop()
		keeping.Wait()
	}()
	return f()
}
