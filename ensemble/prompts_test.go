package ensemble

import (
	"strings"
	"testing"

	"hotmess/wire"
)

// TestFormOfRealisticPrompts holds the detection of a final-answer form to
// prompts as benchmarks, graders and people write them. A form that is seen
// where none is asked for is the worse mistake.
func TestFormOfRealisticPrompts(t *testing.T) {
	long := strings.Repeat("This line is part of a long document. ", 2000)
	filler := strings.Repeat("Lorem ipsum dolor sit amet, consectetur. ", 60) + "\n"
	for _, p := range []struct{ what, system, last, want string }{
		// Asked for.
		{"maths with a box", "", "Solve x^2=4 for x>0. Please reason step by step, and put your final answer within \\boxed{}.", formBoxed},
		{"box in Chinese", "", "计算 3*7。请逐步推理，并将最终答案放在 \\boxed{} 中。", formBoxed},
		{"box in the system prompt", "You are a mathematician. Present the answer in \\boxed{}.", "What is 3*7?", formBoxed},
		{"box, long document first", "", long + "\nPut your final answer in \\boxed{}.", formBoxed},
		{"letter only", "", "Which gas do plants take up?\nA) O2\nB) CO2\nAnswer with the letter only.", formLetter},
		{"letter only in the system prompt", "Answer with the letter only.", "Which one?\n(A) x\n(B) y", formLetter},
		{"letter of the correct option", "", "Respond with the letter of the correct option.\n\nQ: ...\nA. one\nB. two", formLetter},
		{"just the letter", "", "Which is larger?\nA. 9.11\nB. 9.9\nRespond with just the letter.", formLetter},
		{"only the letter", "", "Output only the letter of your choice (A, B, C, or D).", formLetter},
		{"grader's letter", "You grade answers. At the end, print only a single character: the letter of the correct choice.", "Question ... Submission ...", formLetter},
		{"MMLU style", "", "Answer the following multiple choice question. The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering.", formLetter},
		{"GSM8K style", "", "Natalia sold clips to 48 friends. How many in total? End your answer with #### <number>.", formNumber},
		{"integer", "", "How many primes are below 100? Answer with a single integer.", formNumber},
		{"final answer as a number", "", "Compute the mean. Give the final answer as a number.", formNumber},
		{"tags", "", "Decide whether to approve. Put your verdict in <answer></answer> tags.", "tag:answer"},
		{"result tags in the system prompt", "Think first. Then write your conclusion inside <result> tags.", "Is it spam?", "tag:result"},
		{"last user goes before system", "Put your answer in \\boxed{}.", "Reply with a single letter.", formLetter},

		// Not asked for.
		{"cover letter", "", "Write a cover letter for a job at a bank.", ""},
		{"reply by letter", "", "Reply with a formal letter to the landlord.", ""},
		{"reply with a single-page letter", "", "Answer the customer with a letter of apology.", ""},
		{"first letter", "", "Write a Go function that returns the first letter of each word.", ""},
		{"letters in code", "", "Fix this: func grade(s string) rune { /* answer with the letter grade */ return 'A' }", ""},
		{"regular expression over letters", "", "My regexp [A-Z] should match a single letter, why does it not?", ""},
		{"a mention of boxed", "", "How do I get a frame around an equation in LaTeX? I tried \\boxed but the colour is wrong.", ""},
		{"boxed in a diff", "", "Review this diff:\n-  \\fbox{x}\n+  \\boxed{x}\n", ""},
		{"boxed in a parser", "", "Write a Python function that extracts what is inside \\boxed{...} from model output.", ""},
		{"answer of a parser", "", "Write a function that extracts the final answer from \\boxed{} in a transcript.", ""},
		{"answer tags in code", "", "My parser looks for <answer> with re.findall and returns nothing. Why?", ""},
		{"output HTML", "", "Return a page with a <result> element that shows the total.", ""},
		{"number in passing", "", "Answer with a number of reasons why Go is popular.", ""},
		{"how many", "", "How many people live in Bern, and what do they speak?", ""},
		{"hash marks of markdown", "", "#### Number of users\nPlease describe this section.", ""},
		{"a coding agent's system prompt", "You are a coding agent. Put file names in backticks. Answer briefly. Use tools where you can.", "Why does the test fail?", ""},
		{"asked for in an earlier turn", "", "Thanks! And why is that so?", ""},
	} {
		if got := askedForm(wire.View{System: p.system, LastUser: p.last}); got != p.want {
			t.Errorf("%s: %q, want %q", p.what, got, p.want)
		}
		amid := filler + p.last + "\n" + filler
		if got := askedForm(wire.View{System: p.system, LastUser: amid}); got != p.want && len(amid) < 2*maxInstruction {
			t.Errorf("%s, amid other text: %q, want %q", p.what, got, p.want)
		}
	}
}

// BenchmarkForm looks for a form in prompts of agents that offer no tools.
func BenchmarkForm(b *testing.B) {
	long := strings.Repeat("Some words of a long prompt, with the number 7 and a letter. ", 300)
	for b.Loop() {
		askedForm(wire.View{System: long, LastUser: long})
	}
}
