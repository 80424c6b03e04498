package sim

// stream lets the candidates take turns. The last part has the whole usage.
func (f geminiForm) stream(t *turn) stream {
	head := geminiHead(t)
	list := []geminiReply{head}
	if head.Feedback == nil {
		cuts := t.cutter()
		tracks := make([][]geminiReply, len(t.samples))
		for i := range t.samples {
			tracks[i] = f.track(t, head, i, cuts)
		}
		list = interleave(tracks)
	}
	list[len(list)-1].Usage = geminiUsageOf(t)
	made := stream{contentType: "text/event-stream"}
	if f.array {
		made.contentType = "application/json; charset=UTF-8"
	}
	for n, r := range list {
		made.parts = append(made.parts, f.frame(r, n, n == len(list)-1))
	}
	return made
}

// track is the parts of one candidate's stream. What is cut is put together by
// joining texts; the signature of a text comes with its end.
func (f geminiForm) track(t *turn, head geminiReply, index int, cuts cutter) []geminiReply {
	var list []geminiReply
	add := func(c geminiCandidate) {
		r := head
		r.Candidates = []geminiCandidate{c}
		list = append(list, r)
	}
	empty := ""
	end := geminiPart{Text: &empty}
	for _, p := range f.parts(t, index) {
		if p.Call != nil {
			add(geminiCandidate{Index: index, Content: &geminiContent{Role: "model", Parts: []geminiPart{p}}})
			continue
		}
		end.Signature = p.Signature
		for _, piece := range cuts.cut(*p.Text) {
			part := geminiPart{Text: &piece, Thought: p.Thought}
			add(geminiCandidate{Index: index, Content: &geminiContent{Role: "model", Parts: []geminiPart{part}}})
		}
	}
	last := stopped(t, index)
	if t.samples[index].refusal == "" {
		last.Content = &geminiContent{Role: "model", Parts: []geminiPart{end}}
	}
	add(last)
	return list
}

// breakdown is a status instead of the next part.
func (f geminiForm) breakdown(_ *turn, sent int) []part {
	return []part{f.frame(map[string]googleStatus{"error": serverError().google()}, sent, true)}
}

// frame is the nth part of a stream: an event with the line ends that Google's
// servers send, or an element of the array.
func (f geminiForm) frame(data any, n int, last bool) part {
	p := part{before: "data: ", data: encode(data), after: "\r\n\r\n"}
	if !f.array {
		return p
	}
	p.before, p.after = ",\r\n", ""
	if n == 0 {
		p.before = "["
	}
	if last {
		p.after = "]"
	}
	return p
}
