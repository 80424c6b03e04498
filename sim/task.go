package sim

import (
	"regexp"
	"strconv"
)

// taskID finds the name of a task in the first user message: the word after
// "task", if it holds a digit.
var taskID = regexp.MustCompile(`(?i)\btask\s+#?([\w-]*\d[\w-]*)`)

// TaskID is the id under which a task with this first user message is known:
// the X of "task X", if X holds a digit, else a hash of the message.
func TaskID(firstUser string) string {
	if m := taskID.FindStringSubmatch(firstUser); m != nil {
		return m[1]
	}
	return "t-" + digestOf("task", firstUser).String()[:12]
}

// Right is the right tool call of a step of a task, counted from 0, where
// these tools are offered (in any order; at least one): the name of the tool
// and its arguments as JSON. Arguments that are free text do not count in
// whether a call is right, see IsRight.
func (s *Server) Right(task string, step int, tools []Tool) (name, arguments string) {
	plan := s.rightCall(task, step, byName(tools))
	c := s.fill(plan, plan.from)
	return c.Name, c.Arguments
}

// IsRight reports whether a call is the right one of a step of a task. Free
// text in its arguments is not compared.
func (s *Server) IsRight(task string, step int, tools []Tool, name, arguments string) bool {
	plan := s.rightCall(task, step, byName(tools))
	return identity(plan.tool, call{Name: name, Arguments: arguments}) == s.key(plan)
}

// rightCall plans the right call; tools are by name.
func (s *Server) rightCall(task string, step int, tools []offered) planned {
	from := names{"right", task, strconv.Itoa(step)}
	if s.Deletions.deletes(step) {
		if tool, _, ok := shell(tools); ok {
			return s.rightDeletion(tool, from)
		}
	}
	rng := source(s.Seed, from.and("tool")...)
	return planned{tool: tools[rng.IntN(len(tools))], from: from}
}

// wrongCall plans a candidate for a wrong call, by turns with another tool
// and with other arguments.
func (s *Server) wrongCall(task string, step, try int, tools []offered, right planned) planned {
	from := names{"wrong", task, strconv.Itoa(step), strconv.Itoa(try)}
	rng := source(s.Seed, from.and("tool")...)
	if try%2 == 1 {
		return planned{tool: right.tool, from: from}
	}
	return planned{tool: tools[rng.IntN(len(tools))], from: from}
}

// fill makes the call of a plan, its free text from what phrase names.
func (s *Server) fill(plan planned, phrase names) call {
	gen := generator{
		exact:  source(s.Seed, plan.from.and("arguments")...),
		phrase: source(s.Seed, phrase.and("phrase")...),
	}
	c := callOf(plan.tool, gen)
	if plan.tree != "" {
		c = deleting(plan.tool, c, plan.tree, gen)
	}
	return c
}

// key is the identity of a planned call.
func (s *Server) key(plan planned) string {
	return identity(plan.tool, s.fill(plan, plan.from))
}

// taskProblem is the next step of a task. A wrong answer differs from the
// right one in its first call; if the tools leave nothing to get wrong, it
// makes no call at all.
func (s *Server) taskProblem(p *prompt) problem {
	tools := byName(p.tools)
	q := problem{id: TaskID(p.firstUser()), step: toolResults(p.messages)}
	left := s.steps() - q.step
	if left <= 0 {
		q.right = s.doneContent(p)
		return q
	}
	q.wrongCalls = s.countWrong(p.messages, q.id, tools)
	plans := make([]planned, min(max(s.ParallelCalls, 1), left))
	for i := range plans {
		plans[i] = s.rightCall(q.id, q.step+i, tools)
	}
	q.right = content{key: s.key(plans[0]), calls: plans}
	if plans[0].tree != "" {
		q.tree, q.wrong = plans[0].tree, s.wrongDeletions(q, plans[0], plans[1:])
		return q
	}
	q.wrong = distinct(q.right, s.wrongs(), func(try int) content {
		first := s.wrongCall(q.id, q.step, try, tools, plans[0])
		return content{key: s.key(first), calls: append([]planned{first}, plans[1:]...)}
	})
	if len(q.wrong) == 0 {
		q.wrong = []content{{key: "no call", result: "unclear"}}
	}
	return q
}

// doneContent is the final answer of a task, in the form that is asked for.
func (s *Server) doneContent(p *prompt) content {
	if p.format.structured {
		return s.structuredProblem(p).right
	}
	return resultContent("done")
}

func (s *Server) steps() int {
	if s.Steps <= 0 {
		return DefaultSteps
	}
	return s.Steps
}

// toolResults counts the results of tools in a conversation.
func toolResults(messages []message) int {
	n := 0
	for _, m := range messages {
		if m.role == roleTool {
			n++
		}
	}
	return n
}

// countWrong counts the wrong calls in a conversation, the i-th call of which
// is held to the right call of step i. It is 0 where Compound makes no use of
// it.
func (s *Server) countWrong(messages []message, task string, tools []offered) int {
	if s.Compound <= 0 {
		return 0
	}
	wrong, step := 0, 0
	for _, m := range messages {
		for _, c := range m.calls {
			plan := s.rightCall(task, step, tools)
			if identity(plan.tool, c) != s.key(plan) {
				wrong++
			}
			step++
		}
	}
	return wrong
}
