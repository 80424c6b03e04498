package ensemble

import (
	"slices"

	"hotmess/wire"
)

// A Comparer turns replies to one request into keys. It is immutable.
type Comparer struct {
	kind   Kind
	levels []Level
	tools  map[string]wire.Tool
	// answer finds the final answer in a text, by the form; both are set for
	// KindAnswer.
	answer extractor
	form   string
}

// NewComparer decides from a request what of its replies is compared. extract
// is the route's form of final answer (config.Route.Extract); if empty, the
// prompt is asked. An invalid extract is an error: see CheckExtract.
func NewComparer(v wire.View, extract string) (Comparer, error) {
	if err := CheckExtract(extract); err != nil {
		return Comparer{}, err
	}
	if len(v.Tools) > 0 && !v.CallsBarred {
		return actionComparer(v.Tools), nil
	}
	exact := []Level{LevelExact}
	if v.Structured {
		return Comparer{kind: KindStructured, levels: exact}, nil
	}
	if extract == "" {
		extract = askedForm(v)
	}
	if extract == "" {
		return Comparer{kind: KindText, levels: exact}, nil
	}
	find, err := newExtractor(extract)
	return Comparer{kind: KindAnswer, levels: exact, answer: find, form: extract}, err
}

func actionComparer(tools []wire.Tool) Comparer {
	c := Comparer{
		kind:   KindAction,
		levels: []Level{LevelTool, LevelTarget, LevelExact},
		tools:  make(map[string]wire.Tool, len(tools)),
	}
	for _, t := range tools {
		c.tools[t.Name] = t
	}
	return c
}

// Kind is what of a reply is compared.
func (c Comparer) Kind() Kind { return c.kind }

// Headline is the level whose disagreement stands for the kind: target for
// actions, exact for structured replies and answers. It is empty for text:
// equality of texts says little about their meaning.
func (c Comparer) Headline() Level {
	switch c.kind {
	case KindAction:
		return LevelTarget
	case KindStructured, KindAnswer:
		return LevelExact
	default:
		return ""
	}
}

// Method is how votes on the kind are decided unless told otherwise.
func (c Comparer) Method() Method {
	switch c.kind {
	case KindAction:
		return MethodCalls
	case KindText:
		return MethodMedoid
	default:
		return MethodMajority
	}
}

// Levels are the levels that Keys fills, from coarse to fine.
func (c Comparer) Levels() []Level { return slices.Clone(c.levels) }

// Keys are the keys of a whole reply, one per level. A refusal is one value at
// every level.
func (c Comparer) Keys(r wire.Reply) Keys {
	if r.Refusal != "" {
		return everyLevel(c.levels, list(tagRefusal))
	}
	switch c.kind {
	case KindAction:
		return c.actionKeys(r.Calls)
	case KindStructured:
		return Keys{LevelExact: structuredKey(r.Text)}
	case KindAnswer:
		return Keys{LevelExact: c.answerKey(r.Text)}
	default:
		return Keys{LevelExact: textKey(r.Text)}
	}
}

func (c Comparer) answerKey(text string) string {
	if key, ok := c.answer(text); ok {
		return key
	}
	return list(tagUnparsed)
}
