package dashboard

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"hotmess/monitor"
)

const (
	// sendLabels and sendBytes bound one call with labels.
	sendLabels = 500
	sendBytes  = 1 << 20
	// sendTimeout bounds one call: it may search days of observations.
	sendTimeout = 2 * time.Minute
)

// A LabelSender sends labels to the admin port of a running sidecar.
type LabelSender struct {
	Client
	// Refused is told of each label that is refused, by its line, or its place
	// in an array, from 1.
	Refused func(line int, why string)
	// Progress is told the counts after each call.
	Progress func(LabelCounts)
}

// LabelCounts is what became of labels that were sent.
type LabelCounts struct{ Accepted, Refused int }

// Send reads labels, one JSON object on each line or an array of them, and sends
// them on. An error says from which line on nothing was sent.
func (s LabelSender) Send(ctx context.Context, in io.Reader) (LabelCounts, error) {
	var c LabelCounts
	r := bufio.NewReader(in)
	if array, err := beginsArray(r); err != nil || array {
		if err != nil {
			return c, fmt.Errorf("read labels: %w", err)
		}
		return s.sendArray(ctx, r)
	}
	var b labelBatch
	for line := 1; ; line++ {
		text, err := r.ReadBytes('\n')
		text = bytes.TrimSpace(text)
		switch {
		case len(text) > monitor.MaxLabelBytes:
			c.Refused++
			s.Refused(line, fmt.Sprintf("label: longer than %d bytes", monitor.MaxLabelBytes))
		case len(text) > 0:
			b.add(line, text)
		}
		if b.full() || err != nil {
			if err := s.flush(ctx, &b, &c); err != nil {
				return c, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return c, nil
		case err != nil:
			return c, fmt.Errorf("read labels: line %d: %w", line, err)
		}
	}
}

// beginsArray is whether the first byte that is no blank is a bracket.
func beginsArray(r *bufio.Reader) (bool, error) {
	for {
		b, err := r.Peek(1)
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case b[0] != ' ' && b[0] != '\t' && b[0] != '\r':
			return b[0] == '[', nil
		}
		_, _ = r.Discard(1) // it was peeked
	}
}

// sendArray sends an array as it is.
func (s LabelSender) sendArray(ctx context.Context, r io.Reader) (c LabelCounts, err error) {
	body, err := io.ReadAll(io.LimitReader(r, monitor.MaxLabelBody+1))
	if err != nil {
		return c, fmt.Errorf("read labels: %w", err)
	}
	reply, err := s.post(ctx, body)
	if err != nil {
		return c, err
	}
	s.tell(reply, func(item int) int { return item }, &c)
	return c, nil
}

// A labelBatch is lines that are sent together.
type labelBatch struct {
	lines []int
	body  []byte
}

func (b *labelBatch) add(line int, text []byte) {
	b.lines = append(b.lines, line)
	b.body = append(append(b.body, text...), '\n')
}

func (b *labelBatch) full() bool { return len(b.lines) >= sendLabels || len(b.body) >= sendBytes }

// flush sends a batch and empties it.
func (s LabelSender) flush(ctx context.Context, b *labelBatch, c *LabelCounts) error {
	if len(b.lines) == 0 {
		return nil
	}
	reply, err := s.post(ctx, b.body)
	if err != nil {
		return fmt.Errorf("nothing was sent from line %d on: %w", b.lines[0], err)
	}
	s.tell(reply, func(item int) int {
		if item < 1 || item > len(b.lines) {
			return item
		}
		return b.lines[item-1]
	}, c)
	*b = labelBatch{}
	return nil
}

// tell counts the results and tells of those that were refused.
func (s LabelSender) tell(reply monitor.LabelReply, line func(item int) int, c *LabelCounts) {
	c.Accepted += reply.Accepted
	c.Refused += reply.Refused
	for _, r := range reply.Results {
		if !r.Status.Accepted() {
			s.Refused(line(r.Item), r.Error)
		}
	}
	s.Progress(*c)
}

// post makes one call.
func (s LabelSender) post(ctx context.Context, body []byte) (reply monitor.LabelReply, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err = s.Client.post(ctx, "/api/v1/labels", body, &reply, http.StatusUnprocessableEntity)
	return reply, err
}
