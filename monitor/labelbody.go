package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	// MaxLabelBody bounds a body of labels, in bytes.
	MaxLabelBody = 8 << 20
	// maxLabelItems bounds the labels of one body.
	maxLabelItems = 10_000
)

// A LabelReply says what became of the labels of one body.
type LabelReply struct {
	Accepted int `json:"accepted"`
	// Refused are those that are not accepted; of Unknown among them the requests
	// are not this sidecar's.
	Refused int         `json:"refused"`
	Unknown int         `json:"unknown,omitempty"`
	Results []LabelItem `json:"results"`
}

// Elsewhere is whether all labels are of requests that this sidecar does not know.
func (r LabelReply) Elsewhere() bool { return r.Unknown > 0 && r.Unknown == len(r.Results) }

// A LabelItem is the result of one label; Item is its line, or its place in an
// array, from 1.
type LabelItem struct {
	Item int `json:"item"`
	LabelResult
}

// LabelBody takes in labels: one JSON object, an array of them, or one on each
// line. A label that is wrong leaves the others as they are; the error says
// that the body as a whole is nothing of the three. Labels that name no source
// get the given one.
func (m *Monitor) LabelBody(ctx context.Context, body []byte, source string) (LabelReply, error) {
	items, err := labelItems(body)
	if err != nil {
		return LabelReply{}, err
	}
	reply := LabelReply{Results: make([]LabelItem, len(items))}
	var labels []Label
	var at []int
	for i, item := range items {
		l, err := ParseLabel(item.text)
		if err != nil {
			reply.Results[i] = LabelItem{Item: item.number, LabelResult: m.refuse(l.Request, err)}
			continue
		}
		if l.Source == "" {
			l.Source = source
		}
		labels, at = append(labels, l), append(at, i)
	}
	for i, r := range m.Label(ctx, labels) {
		reply.Results[at[i]] = LabelItem{Item: items[at[i]].number, LabelResult: r}
	}
	for _, r := range reply.Results {
		if r.Status.Accepted() {
			reply.Accepted++
			continue
		}
		reply.Refused++
		if r.Status == LabelUnknown {
			reply.Unknown++
		}
	}
	return reply, nil
}

// refuse counts a label that could not be read, and gives its result.
func (m *Monitor) refuse(request string, err error) LabelResult {
	return m.labelled(request, LabelRefused, err)
}

// A labelText is one label of a body, with its line or place.
type labelText struct {
	number int
	text   []byte
}

// labelItems takes a body apart.
func labelItems(body []byte) ([]labelText, error) {
	body = bytes.TrimRight(body, " \t\r\n")
	switch start := bytes.TrimLeft(body, " \t\r\n"); {
	case len(start) == 0:
		return nil, errors.New("no label in it")
	case start[0] == '[':
		return arrayItems(start)
	case json.Valid(start):
		return []labelText{{1, start}}, nil
	}
	var items []labelText
	number := 0
	for line := range bytes.Lines(body) {
		if number++; len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(items) == maxLabelItems {
			return nil, errManyLabels
		}
		items = append(items, labelText{number, line})
	}
	return items, nil
}

// arrayItems takes an array apart. It looks at no more of it than it may hold,
// since many small elements would take far more memory than the body.
func arrayItems(body []byte) ([]labelText, error) {
	if !json.Valid(body) {
		return nil, fmt.Errorf("the array of labels is not JSON: %w", plainer(json.Unmarshal(body, new(json.RawMessage))))
	}
	elements := json.NewDecoder(bytes.NewReader(body))
	if _, err := elements.Token(); err != nil {
		return nil, err
	}
	var items []labelText
	for elements.More() {
		if len(items) == maxLabelItems {
			return nil, errManyLabels
		}
		var text json.RawMessage
		if err := elements.Decode(&text); err != nil {
			return nil, fmt.Errorf("the array of labels is not JSON: %w", plainer(err))
		}
		items = append(items, labelText{len(items) + 1, text})
	}
	return items, nil
}

var errManyLabels = fmt.Errorf("more than %d labels, send as many at a time at most", maxLabelItems)
