package sim

import (
	"regexp"
	"strconv"
)

// option finds the options of a multiple-choice question: A) or (B) or C.
var option = regexp.MustCompile(`(?m)(?:^|[\s(])([A-J])[).:]`)

// questionProblem is a question without tools. The right answer is derived
// from its text: one of its lettered options if it has two or more from A on,
// else an integer from 2 to 999.
func (s *Server) questionProblem(text string) problem {
	id := "q-" + digestOf("question", text).String()[:12]
	options := countOptions(text)
	answer := func(which ...string) content {
		rng := source(s.Seed, names{"question", text}.and(which...)...)
		if options >= 2 {
			return resultContent(string(rune('A' + rng.IntN(options))))
		}
		return resultContent(strconv.Itoa(2 + rng.IntN(998)))
	}
	right := answer("right")
	return problem{id: id, right: right, wrong: distinct(right, s.wrongs(), func(try int) content {
		return answer("wrong", strconv.Itoa(try))
	})}
}

// RightAnswer is the right answer to a question without tools, whose text is
// that of the last user message.
func (s *Server) RightAnswer(question string) string {
	return s.questionProblem(question).right.result
}

func resultContent(result string) content { return content{key: result, result: result} }

// countOptions is how many of the options A, B, C, … a text lists without a
// gap.
func countOptions(text string) int {
	listed := map[byte]bool{}
	for _, m := range option.FindAllStringSubmatch(text, -1) {
		listed[m[1][0]] = true
	}
	n := 0
	for listed['A'+byte(n)] {
		n++
	}
	return n
}

// structuredProblem is a question whose answer is JSON by a schema.
func (s *Server) structuredProblem(p *prompt) problem {
	text := p.lastUser()
	answer := func(which ...string) content {
		rng := source(s.Seed, names{"structured", text}.and(which...)...)
		v := generator{exact: rng, phrase: rng}.structured(p.format)
		return content{key: v, verbatim: v}
	}
	right := answer("right")
	return problem{
		id:    "q-" + digestOf("question", text).String()[:12],
		right: right,
		wrong: distinct(right, s.wrongs(), func(try int) content { return answer("wrong", strconv.Itoa(try)) }),
	}
}

// structured is a JSON text in the form that f asks for.
func (g generator) structured(f format) string {
	if f.schema != nil {
		return encode(g.value("answer", *f.schema, 0))
	}
	return encode(map[string]any{"answer": 2 + g.exact.IntN(998)})
}
