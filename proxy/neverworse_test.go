package proxy

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotmess/config"
	"hotmess/wire"
)

// A fate is what becomes of one call upstream.
type fate string

const (
	fateWhole   fate = "whole"
	fateSlow    fate = "slow" // whole, later than others
	fateStatus  fate = "error status"
	fateCut     fate = "cut"
	fateAbort   fate = "no reply"
	fateGarbage fate = "garbage"
	fateShort   fate = "short" // ends in order, before what says that it is whole
	fateEmpty   fate = "empty"
	fateHang    fate = "hang" // until whoever called leaves
)

// arrives is whether a whole reply comes of it.
func (f fate) arrives() bool { return f == fateWhole || f == fateSlow }

// A trial is one request, with what becomes of each of its calls.
type trial struct {
	dialect wire.Dialect
	stream  bool
	mode    config.Mode
	launch  string
	// pinged has keep-alives sent as fast as they go.
	pinged bool
	// fates and words are by sample: what becomes of it, what it says.
	fates []fate
	words []string
	// status is that of all error replies.
	status int
	// held is limits.held, in bytes; 0: as it is by default.
	held int64
	// rule, if set, holds what the samples propose: to delete what their word
	// names.
	rule *config.Guard
	// patient has what hangs be waited for as long as all else.
	patient bool

	mu sync.Mutex
	// extras counts the extras that came, whole are the whole replies that were
	// sent, as they were.
	extras int
	whole  []string
}

// trialSamples is how many samples a trial may have.
const trialSamples = 5

// drawTrial draws one.
func drawTrial(rng *rand.Rand) *trial {
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	t := &trial{
		dialect: []wire.Dialect{wire.OpenAIChat, wire.OpenAIResponses, wire.AnthropicMessages, wire.GeminiGenerate}[rng.IntN(4)],
		stream:  rng.IntN(2) == 0, pinged: rng.IntN(2) == 0,
		mode:   config.Mode(pick("off", "observe", "ensemble", "ensemble", "ensemble")),
		launch: pick(config.LaunchAtOnce, config.LaunchStaged, config.LaunchLeader),
		status: []int{400, 429, 500, 503, 529}[rng.IntN(5)],
	}
	fates := []string{string(fateStatus), string(fateCut), string(fateAbort), string(fateGarbage), string(fateSlow), string(fateShort), string(fateEmpty)}
	if rng.IntN(4) == 0 { // a hang costs the test ensemble.wait
		fates = append(fates, string(fateHang))
	}
	if rng.IntN(5) == 0 { // from too little for the request to enough for some samples
		t.held = 100 + rng.Int64N(4000)
	}
	ok := rng.IntN(4) // of four
	for range trialSamples {
		f := fateWhole
		if rng.IntN(4) >= ok {
			f = fate(pick(fates...))
		}
		t.fates = append(t.fates, f)
		t.words = append(t.words, pick("A", "B", "C"))
	}
	return t
}

// drawHeld draws one whose reply is held.
func drawHeld(rng *rand.Rand) *trial {
	t := drawTrial(rng)
	t.dialect, t.mode = wire.OpenAIChat, config.Observe
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	wait := config.Duration(patience)
	if slices.Contains(t.fates, fateHang) { // the test waits that long
		wait = config.Duration(50 * time.Millisecond)
	}
	t.rule = &config.Guard{
		Name: "trial", Command: &config.GuardCommand{Program: "rm"}, Action: config.GuardHold,
		Risk:      pick(config.RiskLow, config.RiskMedium, config.RiskHigh),
		OnSplit:   pick(config.HeldRelease, config.HeldRefuse, config.HeldReplace),
		OnFailure: pick(config.HeldRelease, config.HeldRefuse), Wait: &wait,
	}
	if rng.IntN(2) == 0 { // else they hardly ever agree
		t.words = slices.Repeat([]string{"A"}, trialSamples)
	}
	return t
}

// String tells of a trial that failed.
func (t *trial) String() string {
	return fmt.Sprintf("%s, stream %v, pinged %v, %s %s, %v, %v, status %d, held %d, rule %+v", t.dialect, t.stream, t.pinged, t.mode, t.launch, t.fates, t.words, t.status, t.held, t.rule)
}

// ask is the request, and the path that it is sent to.
func (t *trial) ask() (path, body string) {
	const text = `Which? A) one B) two C) three. End with a line \"Answer: <letter>\".`
	switch {
	case t.rule != nil && t.stream:
		return chatPath, agentStreams
	case t.rule != nil:
		return chatPath, agentAsks
	}
	switch t.dialect {
	case wire.OpenAIResponses:
		return "/v1/responses", fmt.Sprintf(`{"model":"m","store":false,"stream":%v,"input":"%s"}`, t.stream, text)
	case wire.AnthropicMessages:
		return "/v1/messages", fmt.Sprintf(`{"model":"m","max_tokens":50,"stream":%v,"messages":[{"role":"user","content":"%s"}]}`, t.stream, text)
	case wire.GeminiGenerate:
		path = "/v1beta/models/m:generateContent"
		if t.stream {
			path = "/v1beta/models/m:streamGenerateContent?alt=sse"
		}
		return path, fmt.Sprintf(`{"contents":[{"role":"user","parts":[{"text":"%s"}]}]}`, text)
	}
	return chatPath, fmt.Sprintf(`{"model":"m","stream":%v,"messages":[{"role":"user","content":"%s"}]}`, t.stream, text)
}

// reply is what a sample answers, in pieces: one, or the events of a stream.
func (t *trial) reply(number int) []string {
	word := t.words[number%trialSamples]
	id, text := fmt.Sprintf("id-%d", number), "Answer: "+word
	switch {
	case t.rule != nil && t.stream:
		return strings.SplitAfter(strings.ReplaceAll(toldFirst+toldThen(proposedBy(word)), `"p"`, `"`+id+`"`), "\n\n")
	case t.rule != nil:
		return []string{proposing(id, proposedBy(word))}
	}
	switch t.dialect {
	case wire.OpenAIResponses:
		return responsesReply(id, text, t.stream)
	case wire.AnthropicMessages:
		return messagesReply(id, text, t.stream)
	case wire.GeminiGenerate:
		return geminiReply(id, text, t.stream)
	}
	if t.stream {
		return []string{chunk(id, text), done}
	}
	return []string{completion(id, text)}
}

// proposedBy is the command that a word stands for; C only lists.
func proposedBy(word string) string {
	if word == "C" {
		return "ls"
	}
	return "rm -r " + word
}

func responsesReply(id, text string, stream bool) []string {
	whole := fmt.Sprintf(`{"id":"resp_%s","object":"response","status":"completed","model":"m-1","output":[{"type":"message","id":"msg_%s","role":"assistant","status":"completed",`+
		`"content":[{"type":"output_text","text":%q,"annotations":[]}]}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}`, id, id, text)
	if !stream {
		return []string{whole}
	}
	event := func(name, rest string) string {
		return fmt.Sprintf("event: %s\ndata: {\"type\":%q,%s}\n\n", name, name, rest)
	}
	return []string{
		event("response.created", fmt.Sprintf(`"sequence_number":0,"response":{"id":"resp_%s","object":"response","status":"in_progress","model":"m-1","output":[]}`, id)),
		event("response.output_text.delta", fmt.Sprintf(`"sequence_number":1,"item_id":"msg_%s","output_index":0,"content_index":0,"delta":%q`, id, text)),
		event("response.completed", `"sequence_number":2,"response":`+whole),
	}
}

func messagesReply(id, text string, stream bool) []string {
	if !stream {
		return []string{fmt.Sprintf(`{"id":"msg_%s","type":"message","role":"assistant","model":"m-1","content":[{"type":"text","text":%q}],"stop_reason":"end_turn",`+
			`"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":5}}`, id, text)}
	}
	event := func(name, rest string) string {
		return fmt.Sprintf("event: %s\ndata: {\"type\":%q%s}\n\n", name, name, rest)
	}
	return []string{
		event("message_start", fmt.Sprintf(`,"message":{"id":"msg_%s","type":"message","role":"assistant","model":"m-1","content":[],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}}`, id)),
		event("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`),
		event("content_block_delta", fmt.Sprintf(`,"index":0,"delta":{"type":"text_delta","text":%q}`, text)),
		event("content_block_stop", `,"index":0`),
		event("message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}`),
		event("message_stop", ""),
	}
}

func geminiReply(id, text string, stream bool) []string {
	piece := func(text, end string) string {
		return fmt.Sprintf(`{"candidates":[{"content":{"role":"model","parts":[{"text":%q}]},"index":0%s}],"modelVersion":"m-1","responseId":%q,`+
			`"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}}`, text, end, id)
	}
	const stop = `,"finishReason":"STOP"`
	if !stream {
		return []string{piece(text, stop)}
	}
	return []string{"data: " + piece(text, "") + "\r\n\r\n", "data: " + piece("", stop) + "\r\n\r\n"}
}

// ServeHTTP is the upstream.
func (t *trial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(r.Body); err != nil {
		return
	}
	number := 0
	if r.Header.Get(firstCall) == "" {
		t.mu.Lock()
		t.extras++
		number = t.extras
		t.mu.Unlock()
	}
	t.answer(number, w, r)
}

func (t *trial) answer(number int, w http.ResponseWriter, r *http.Request) {
	pieces := t.reply(number)
	own := t.fates[number%trialSamples] // a quorum may ask for more samples than are drawn
	switch own {
	case fateHang:
		<-r.Context().Done()
		return
	case fateAbort:
		panic(http.ErrAbortHandler)
	case fateStatus:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(t.status)
		_, _ = fmt.Fprintf(w, `{"error":{"message":"sample %d"}}`, number)
		return
	case fateGarbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<html>sample %d</html>", number)
		return
	case fateSlow:
		select {
		case <-time.After(5 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
	kind := "application/json"
	if t.stream {
		kind = "text/event-stream"
	}
	w.Header().Set("Content-Type", kind)
	half := strings.Join(pieces, "")
	half = half[:len(half)/2]
	switch own {
	case fateEmpty:
		return
	case fateShort:
		send(w, half)
		return
	case fateCut:
		send(w, half)
		panic(http.ErrAbortHandler)
	}
	t.mu.Lock() // before its last byte has left
	t.whole = append(t.whole, strings.Join(pieces, ""))
	t.mu.Unlock()
	for _, p := range pieces {
		send(w, p)
	}
}

// settings are those of the trial.
func (t *trial) settings(c *config.Config) {
	inMode(t.mode, trialSamples)(c)
	if t.held > 0 {
		c.Limits.Held = config.Size(t.held)
	}
	if t.rule != nil {
		c.Guard = []config.Guard{*t.rule}
		c.Sampling.Rate = config.Rate{}
	}
	c.Ensemble.Samples = config.Range{Min: 3, Max: trialSamples}
	c.Ensemble.Launch = t.launch
	c.Ensemble.Wait = config.Duration(patience)
	if t.hurried() && !t.patient { // the test waits that long
		c.Ensemble.Wait = config.Duration(time.Second)
	}
	c.Ensemble.KeepAlive = config.Duration(time.Minute)
	if t.pinged {
		c.Ensemble.KeepAlive = config.Duration(time.Millisecond)
	}
	if t.fates[0].arrives() { // then any end of the wait will do
		c.Ensemble.Wait = config.Duration(20 * time.Millisecond)
	}
}

// hurried is whether the time that is given to samples may decide who gets what:
// those that are whole have to come before the wait for one that hangs is over.
func (t *trial) hurried() bool {
	return t.rule == nil && !t.fates[0].arrives() && slices.Contains(t.fates, fateHang)
}

// A got is what the client got.
type got struct {
	status int
	body   string
	err    error
	// pinged is whether keep-alives came before body.
	pinged bool
}

// run makes the request.
func (t *trial) run(test *testing.T) got {
	r := newRig(test, t, t.settings)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if t.fates[0] == fateHang { // as the client would without hotmess
		ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
	}
	path, body := t.ask()
	res, err := r.try(ctx, http.MethodPost, path, body, firstCall, "1")
	if err != nil {
		return got{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	g := got{status: res.StatusCode, body: string(b), err: err}
	ping := string(wire.KeepAlive(t.dialect, wire.Events))
	g.pinged = strings.Contains(g.body, ping)
	g.body = strings.ReplaceAll(g.body, ping, "")
	return g
}

// judge says what is wrong with what the client got; empty: nothing.
func (t *trial) judge(g got) string {
	own := strings.Join(t.reply(0), "")
	t.mu.Lock()
	defer t.mu.Unlock()
	isWhole := g.err == nil && g.status == http.StatusOK && slices.Contains(t.whole, g.body)
	switch {
	case t.fates[0].arrives() && t.mode == config.Ensemble && !isWhole:
		return "the primary's reply was whole, the client's is none that was"
	case t.fates[0].arrives() && t.mode != config.Ensemble && (g.err != nil || g.status != http.StatusOK || g.body != own):
		return "the primary's reply was whole, the client has not got it"
	case isWhole, t.fates[0].arrives():
		return ""
	case t.mode == config.Ensemble && len(t.whole) > 0 && t.fates[0] != fateHang && t.held == 0:
		return "a sample was whole, the client's reply is not"
	}
	return t.judgeBad(g, own)
}

// unjudged is whether hotmess cannot read what the primary got: half a body is
// none of its dialect, half a stream is a truncated one.
func (t *trial) unjudged() bool {
	return t.fates[0] == fateGarbage || t.fates[0] == fateShort && !t.stream
}

// judgeBad is for a client that got none that was whole: it must be what the
// primary got. Once keep-alives have left, errors are events.
func (t *trial) judgeBad(g got, own string) string {
	if g.pinged && g.err == nil && t.fates[0] != fateShort && t.fates[0] != fateEmpty {
		if reply, err := wire.Fold(t.dialect, true, strings.NewReader(g.body), nil); err != nil || reply.Failure == nil {
			return "the client is not told of the failure"
		}
		return ""
	}
	switch t.fates[0] {
	case fateStatus:
		if g.status != t.status || g.body != `{"error":{"message":"sample 0"}}` || g.err != nil {
			return "not the primary's error"
		}
	case fateAbort:
		if g.status != http.StatusBadGateway || !strings.Contains(g.body, "hotmess") {
			return "not told that there is no reply"
		}
	case fateGarbage:
		if g.status != http.StatusOK || g.body != "<html>sample 0</html>" || g.err != nil {
			return "not what the primary got"
		}
	case fateEmpty:
		if g.status != http.StatusOK || g.body != "" || g.err != nil {
			return "not what the primary got"
		}
	case fateShort:
		if g.status != http.StatusOK || g.body != own[:len(own)/2] || g.err != nil {
			return "not what the primary got"
		}
	case fateCut:
		if g.err == nil || !strings.HasPrefix(own, g.body) {
			return "not cut as the primary's was"
		}
	case fateHang:
		if g.err == nil {
			return "a reply where there is none"
		}
	}
	return ""
}

// TestTheAgentIsNeverWorseOff draws what becomes of each sample: whoever's own call
// would have brought a whole reply gets a whole reply, in ensemble mode whoever's
// samples brought one; all others get what their own call brought.
func TestTheAgentIsNeverWorseOff(t *testing.T) {
	t.Parallel()
	counted := tryAll(t, 300, drawTrial, func(one *trial, g got) (wrong string, what []string) {
		what = []string{fmt.Sprintf("%s stream %v", one.dialect, one.stream), string(one.fates[0])}
		if one.mode == config.Ensemble && !one.fates[0].arrives() && g.status == http.StatusOK && g.err == nil {
			what = append(what, "saved")
		}
		return one.judge(g), what
	})
	if len(counted) != 8+9+1 {
		t.Errorf("not all was drawn: %v", counted)
	}
}

// tryAll runs so many trials, and counts what judge says of them.
func tryAll(t *testing.T, trials uint64, draw func(*rand.Rand) *trial, judge func(*trial, got) (wrong string, what []string)) map[string]int {
	t.Helper()
	counted := map[string]int{}
	var mu sync.Mutex
	t.Run("trials", func(t *testing.T) {
		for seed := range trials {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				one := draw(rand.New(rand.NewPCG(seed, 5)))
				g := one.run(t)
				wrong, what := judge(one, g)
				if wrong != "" && one.hurried() { // where the machine stalled, there is more time the next time
					t.Logf("%s: once more, with more time", wrong)
					one = draw(rand.New(rand.NewPCG(seed, 5)))
					one.patient = true
					g = one.run(t)
					wrong, what = judge(one, g)
				}
				if wrong != "" {
					t.Errorf("%s\n%s\ngot %d %q, %v\nextras %d, whole %q", wrong, one, g.status, g.body, g.err, one.extras, one.whole)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, w := range what {
					counted[w]++
				}
			})
		}
	})
	return counted
}

// TestHoldingHarmsOnlyAsItsRuleSays does so for replies that a rule holds, whatever
// becomes of the samples that are asked for.
func TestHoldingHarmsOnlyAsItsRuleSays(t *testing.T) {
	t.Parallel()
	counted := tryAll(t, 300, drawHeld, (*trial).judgeHeld)
	if len(counted) != 6 {
		t.Errorf("not all was seen: %v", counted)
	}
}

// judgeHeld says what is wrong with what the client got of a reply that is held,
// and what became of it.
func (t *trial) judgeHeld(g got) (wrong string, what []string) {
	own := strings.Join(t.reply(0), "")
	if (t.unjudged() || t.held > 0) && (g.status == http.StatusBadGateway || t.stream) && t.rule.OnFailure == config.HeldRefuse && strings.Contains(g.body, "cannot be read") {
		return "", []string{"refused unread"}
	}
	if !t.fates[0].arrives() {
		g.pinged = false // what broke while it was held breaks as it is
		return t.judgeBad(g, own), []string{"broken"}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	reply, err := wire.Fold(t.dialect, t.stream, strings.NewReader(g.body), nil)
	guarded := t.words[0] != "C"
	switch {
	case g.err != nil || g.status != http.StatusOK || err != nil || reply.Truncated || reply.Failure != nil:
		return "the primary's reply was whole, the client's is not", nil
	case g.body == own && !guarded:
		return "", []string{"not guarded"}
	case g.body == own:
		return "", []string{"released"}
	case !guarded:
		return "a reply is not let through that nothing guards", nil
	case len(reply.Calls) == 0 && strings.Contains(reply.Text, "[hotmess]"):
		if t.rule.OnSplit == config.HeldRelease && t.rule.OnFailure == config.HeldRelease {
			return "refused although the rule always releases", nil
		}
		return "", []string{"refused"}
	case t.rule.OnSplit == config.HeldReplace && !t.stream && slices.Contains(t.whole, g.body) && strings.Contains(g.body, `"ls`):
		return "", []string{"replaced"}
	}
	return "neither the primary's reply nor what stands for it", nil
}
