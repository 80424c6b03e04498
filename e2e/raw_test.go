package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// dial opens a bare connection to a server given as http://host:port.
func dial(t *testing.T, base string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestHTTP10ClientGetsACloseDelimitedAnswer(t *testing.T) {
	t.Parallel()
	each(t, verbatimModes, func(t *testing.T, mode string) {
		u := scripted(t, streamReply(textStream(), 17).ServeHTTP)
		s := before(t, mode, u)
		body := question(t, "hello", true)
		conn := dial(t, s.base)
		fmt.Fprintf(conn, "POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s", chatPath, len(body), body)
		whole, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		head, got, _ := strings.Cut(string(whole), "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.0 200") || strings.Contains(head, "Transfer-Encoding") {
			t.Errorf("head: %q", head)
		}
		if got != textStream() {
			t.Errorf("body: %q", got)
		}
	})
}

func TestAnswerBeforeTheBodyWasReadArrives(t *testing.T) {
	t.Parallel()
	const rounds = 100
	// As much as net/http drains of a body that its handler leaves unread.
	body := question(t, strings.Repeat("x", 200<<10), false)
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		jsonReply(http.StatusRequestEntityTooLarge, errorBody).ServeHTTP(w, r)
	}))
	t.Cleanup(u.Close)
	each(t, []string{"off", "observe", "ensemble"}, func(t *testing.T, mode string) {
		s := serve(t, u.URL, "--mode", mode, "--rate", "1")
		c := bare(t)
		for i := range rounds {
			got := call(t, c, request(t, "POST", s.base+chatPath, body))
			if got.Status != http.StatusRequestEntityTooLarge || got.Body != errorBody || got.Broke {
				t.Fatalf("round %d: %+v", i, got)
			}
		}
	})
}

func TestAnswerStreamsWhileTheBodyIsStillSent(t *testing.T) {
	t.Parallel()
	each(t, verbatimModes, func(t *testing.T, mode string) {
		u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			lines := bufio.NewScanner(r.Body)
			for lines.Scan() { // echo line by line
				_, _ = fmt.Fprintln(w, lines.Text())
				flush(w)
			}
		}))
		t.Cleanup(u.Close)
		s := serve(t, u.URL, "--mode", mode, "--rate", "1")
		body, sender := io.Pipe()
		r := request(t, "POST", s.base+chatPath, "")
		r.Body, r.ContentLength = body, -1
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		go fmt.Fprintln(sender, "line 0")
		res, err := bare(t).Do(r.WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		echo := bufio.NewScanner(res.Body)
		for i := range 20 {
			if !echo.Scan() || echo.Text() != fmt.Sprint("line ", i) {
				t.Fatalf("line %d: %q, %v", i, echo.Text(), echo.Err())
			}
			fmt.Fprintln(sender, "line", i+1)
		}
		_ = sender.Close()
	})
}
