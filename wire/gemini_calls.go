package wire

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"
)

// valueCost is what one value of streamed arguments takes of memory beside its
// bytes. It counts towards maxReply.
const valueCost = 256

// An openCall is a function call whose arguments may still come. Mostly they
// come with it; Vertex AI streams them in pieces if it is asked to
// (streamFunctionCallArguments): a first one names the function, the others do
// not, and one that will not continue is the last.
type openCall struct {
	g    *gathering
	at   int // the call's index in its choice
	args argument
	// spare is how many bytes of the pieces args does not take.
	spare int
}

// functionCall folds a call, or a piece of the one that is open.
func (f *geminiFold) functionCall(index int, c *choiceFold, call gjson.Result) {
	if call.Get("name").String() != "" {
		f.close(index)
		f.openCall(index, c, call)
	}
	o := f.open[index]
	if o == nil { // the end of a call that has ended
		return
	}
	if err := o.take(call); err != nil {
		f.flaw = fmt.Errorf("arguments of call %d in pieces: %w", o.at, err)
	}
	if call.Get("willContinue").Type != gjson.True {
		f.close(index)
	}
}

// openCall begins a call; beyond maxIndex there is none.
func (f *geminiFold) openCall(index int, c *choiceFold, call gjson.Result) {
	at := len(c.calls.calls)
	if at == maxIndex {
		f.crowded = true
		return
	}
	c.call(at, call.Get("id"), call.Get("name"), gjson.Result{})
	f.open[index] = &openCall{g: &f.gathering, at: at, args: argument{form: objectForm}}
}

// close writes down the arguments of the call that is open, if one is.
func (f *geminiFold) close(index int) {
	o := f.open[index]
	if o == nil {
		return
	}
	delete(f.open, index)
	call := f.choices[index].calls.at(o.at, "", "")
	call.arguments = o.args.appendJSON(nil)
}

// take reads the arguments of a call or a piece of it.
func (o *openCall) take(call gjson.Result) error {
	o.spare += len(call.Raw)
	o.g.size += len(call.Raw)
	if args := call.Get("args"); present(args) {
		o.args = argument{form: scalarForm, text: compact(args.Raw)}
	}
	var err error
	eachOf(call.Get("partialArgs"), func(piece gjson.Result) {
		if err == nil {
			err = o.put(piece)
		}
	})
	return err
}

// compact takes the white space out of JSON: a body is laid out on many lines,
// an event on one, and neither is the model's doing.
func compact(raw string) []byte {
	var b bytes.Buffer
	_ = json.Compact(&b, []byte(raw)) // raw is valid: parse has checked it
	return b.Bytes()
}
