package alerts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
)

// portsTried is how many ports, from the configured one up, are tried before
// the system is asked for any.
const portsTried = 16

// freePort picks the configured port, or the next free one; the server's -1
// asks the system.
func freePort(ctx context.Context, listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("nats.listen %q: %w", listen, err)
	}
	first, err := strconv.Atoi(text)
	if err != nil || first < 0 || first > 65535 {
		return "", 0, fmt.Errorf("nats.listen %q: the port is not a number from 0 to 65535", listen)
	}
	if first == 0 {
		return host, server.RANDOM_PORT, nil
	}
	for port := first; port < first+portsTried && port <= 65535; port++ {
		free, err := isFree(ctx, net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return "", 0, fmt.Errorf("nats.listen %q: %w", listen, err)
		}
		if free {
			return host, port, nil
		}
	}
	return host, server.RANDOM_PORT, nil
}

// isFree fails where another port would not help either.
func isFree(ctx context.Context, addr string) (bool, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, errAddrInUse) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, l.Close()
}
