package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hotmess/config"
)

// TestErrorsLeaveTheConnectionUsable: another request can follow one with a body
// that nobody read, or the client is told that none can.
func TestErrorsLeaveTheConnectionUsable(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	r := newRigAt(t, dead.URL, nil)
	for name, target := range map[string]string{
		"base URL": chatPath, "absolute URI of an upstream": dead.URL + chatPath, "absolute URI": "http://127.0.0.1:1/",
	} {
		t.Run(name, func(t *testing.T) {
			conn := r.dial()
			replies := bufio.NewReader(conn)
			for range 3 {
				fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", target, len(question), question)
				res, err := http.ReadResponse(replies, nil)
				if err != nil || res.StatusCode != http.StatusBadGateway || res.Close {
					t.Fatalf("%+v, %v", res, err)
				}
				_, _ = io.ReadAll(res.Body)
			}
		})
	}
}

// TestNoRequestIsFoundInTheRestOfABody: where the reply comes before the request
// is whole, what is left of it is not taken for another one.
func TestNoRequestIsFoundInTheRestOfABody(t *testing.T) {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != chatPath {
			t.Errorf("upstream was asked for %s", r.URL)
		}
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	eachMode(t, func(t *testing.T, m config.Mode) {
		r := newRig(t, refuse, func(c *config.Config) {
			inMode(m, 2)(c)
			c.Limits.Body = 1 << 10
		})
		other := httptest.NewServer(refuse)
		t.Cleanup(other.Close)
		for _, target := range []string{chatPath, other.URL + chatPath} {
			conn := r.dial()
			body := strings.Repeat(hidden, 1<<19)
			go func() {
				_, _ = io.WriteString(conn, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", target, len(body))+body)
			}()
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
				t.Errorf("%s: %+v, %v", target, res, err)
			}
		}
	})
}

// TestRequestsEndOnce: who asks for more behind the end of a request that the
// server has closed by then must not take it for broken, or the reply is cut.
func TestRequestsEndOnce(t *testing.T) {
	var u upload
	r := u.of(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", &endsOnce{}))
	if got, err := io.ReadAll(r.Body); string(got) != question || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", n, err)
	}
	if u.broke.Load() {
		t.Error("the request counts as broken")
	}
}

// endsOnce is the body of a request as net/http has it, closed at its end.
type endsOnce struct{ ended bool }

func (e *endsOnce) Read(p []byte) (int, error) {
	if e.ended {
		return 0, http.ErrBodyReadAfterClose
	}
	e.ended = true
	return copy(p, question), io.EOF
}
