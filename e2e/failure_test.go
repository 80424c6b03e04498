package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMalformedJSONIsRelayedAndCounted(t *testing.T) {
	t.Parallel()
	each(t, []string{"observe", "ensemble"}, func(t *testing.T, mode string) {
		u := scripted(t, jsonReply(400, errorBody).ServeHTTP)
		s := serve(t, u.URL, "--mode", mode, "--rate", "1")
		for i, body := range []string{`{"model":`, "not json", "\xff\xfe", "[]", `{"model":"m","messages":[]} trailing`} {
			compare(t, u, s, func(base string) *http.Request { return request(t, "POST", base+chatPath, body) })
			s.unmeasured(t, "malformed", i+1)
		}
	})
}

func TestHugeBodyIsRelayedWholeAndCounted(t *testing.T) {
	t.Parallel()
	const size = 40 << 20
	each(t, []string{"observe", "ensemble"}, func(t *testing.T, mode string) {
		u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprintln(w, n, err)
		}))
		t.Cleanup(u.Close)
		s := serve(t, u.URL, "--mode", mode, "--rate", "1")
		body := question(t, strings.Repeat("x", size), false)
		want := fmt.Sprintln(len(body), nil)
		for i, chunked := range []bool{false, true} {
			r := request(t, "POST", s.base+chatPath, body)
			if chunked {
				r.ContentLength = -1
			}
			if got := call(t, bare(t), r); got.Body != want {
				t.Errorf("chunked %v: the upstream read %q, want %q", chunked, got.Body, want)
			}
			s.unmeasured(t, "too_big", i+1)
		}
	})
}

// TestBodyThatEndsEarlyIsNeverTakenForWhole sends less than it announced. In
// ensemble mode, which reads first, the upstream need not hear of it at all.
func TestBodyThatEndsEarlyIsNeverTakenForWhole(t *testing.T) {
	t.Parallel()
	each(t, []string{"off", "observe", "ensemble"}, func(t *testing.T, mode string) {
		ended := make(chan error, 2)
		u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			ended <- err
		}))
		s := serve(t, u.URL, "--mode", mode, "--rate", "1")
		conn := dial(t, s.base)
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{\"model\":", chatPath)
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the request is counted", func() bool { return s.metric(t, "hotmess_requests_total") == 1 })
		u.Close() // waits for what it has begun
		close(ended)
		for err := range ended {
			if err == nil {
				t.Error("the upstream took the body for whole")
			}
		}
		// Whether the body's end or the client's is noticed first is open.
		reasons := map[string][]string{"off": {"off", "gone"}, "observe": {"failed", "gone"}, "ensemble": {"malformed", "gone"}}
		eventually(t, "the reason is counted", func() bool {
			n := 0.
			for _, reason := range reasons[mode] {
				n += s.metric(t, "hotmess_unmeasured_total", `reason="`+reason+`"`)
			}
			return n == 1 && s.metric(t, "hotmess_unmeasured_total") == 1
		})
	})
}

func TestHangUpCancelsTheUpstream(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		t.Run(fmt.Sprintf("reply begun %v", begun), func(t *testing.T) {
			each(t, []string{"off", "observe", "ensemble"}, func(t *testing.T, mode string) {
				arrived, cancelled := make(chan struct{}, 9), make(chan struct{}, 9)
				u := scripted(t, func(w http.ResponseWriter, r *http.Request) {
					if begun {
						w.Header().Set("Content-Type", "text/event-stream")
						_, _ = io.WriteString(w, ": begun\n\n") // no token: extras do not start
						flush(w)
					}
					arrived <- struct{}{}
					<-r.Context().Done()
					cancelled <- struct{}{}
				})
				s := serve(t, u.URL, "--mode", mode, "--rate", "1", "--samples", "2")
				ctx, hangUp := context.WithCancel(context.Background())
				go func() {
					<-arrived
					hangUp()
				}()
				res, err := bare(t).Do(request(t, "POST", s.base+chatPath, question(t, letterPrompt, true)).WithContext(ctx))
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the client's error is %v", err)
				}
				s.hangsUp(t, cancelled)
			})
		})
	}
}

func TestUpstreamFailuresAreCountedByReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		reply  http.Handler
		reason string
	}{
		{"error", jsonReply(500, errorBody), "failed"},
		{"cut stream", cut(streamReply(textStream(), 100), 3), "truncated"},
		{"stream without its end", streamReply(events("chatcmpl-1", `{"content":"half"}`), 100), "truncated"},
		{"error in stream", streamReply(errorStream(), 100), "failed"},
		{"not of the dialect", jsonReply(200, `{"hello": 1}`), "unreadable"},
		{"bad JSON", jsonReply(200, textBody[:100]), "truncated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := scripted(t, c.reply.ServeHTTP)
			s := serve(t, u.URL, "--mode", "observe", "--rate", "1")
			compare(t, u, s, func(base string) *http.Request {
				return request(t, "POST", base+chatPath, question(t, letterPrompt, strings.Contains(c.name, "stream")))
			})
			s.unmeasured(t, c.reason, 1)
		})
	}
}

func TestUnreadKindsOfRequestsAreCountedByReason(t *testing.T) {
	t.Parallel()
	u := scripted(t, jsonReply(200, textBody).ServeHTTP)
	for _, c := range []struct {
		name, path, body, reason string
		flags                    []string
	}{
		{"mode off", chatPath, question(t, "hello", false), "off", []string{"--mode", "off"}},
		{"not drawn", chatPath, question(t, "hello", false), "not_drawn", []string{"--rate", "0"}},
		{"another API", "/v1/embeddings", `{"model":"m","input":"x"}`, "dialect", nil},
		{"twice the same key", chatPath, `{"model":"a","model":"b","messages":[{"role":"user","content":"x"}]}`, "duplicate_key", nil},
		{"several choices", chatPath, `{"model":"a","n":2,"messages":[{"role":"user","content":"x"}]}`, "native_n", nil},
		{"equal ids", chatPath, question(t, letterPrompt, false), "not_independent", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, u.URL, append([]string{"--rate", "1"}, c.flags...)...)
			if got := call(t, bare(t), request(t, "POST", s.base+c.path, c.body)); got.Status != 200 || got.Body != textBody {
				t.Errorf("got %+v", got)
			}
			s.unmeasured(t, c.reason, 1)
		})
	}
}

// hangsUp waits until a client's leaving has cancelled the call upstream, and is
// counted.
func (s *sidecar) hangsUp(t *testing.T, cancelled <-chan struct{}) {
	t.Helper()
	select {
	case <-cancelled:
	case <-deadline(t):
		t.Fatal("the upstream's request goes on")
	}
	eventually(t, "the hang-up is counted", func() bool {
		return s.metric(t, "hotmess_requests_total", `outcome="client_gone"`) == 1
	})
}
