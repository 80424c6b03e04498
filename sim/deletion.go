package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Deletions makes some steps of a task destructive: the right call has a shell
// delete one tree, and a wrong one has it delete another. Only requests that
// offer a shell meet such steps: a tool with a string argument named command,
// cmd or script.
type Deletions struct {
	// Every is the distance between such steps: of each Every steps the last is
	// one. 0: none is.
	Every int
	// Wrong is the share of samples that delete a wrong tree, from 0 to 1. At
	// these steps it stands for Accuracy, Compound and TurnTo.
	Wrong float64
	// Vary has each wrong sample delete another tree; else all wrong samples
	// of a request delete the same one.
	Vary bool
}

// shell is the first tool that takes a command; ok is false if none does.
func shell(tools []offered) (tool offered, argument string, ok bool) {
	for _, t := range tools {
		for name, param := range t.params.wanted() {
			if commandName.MatchString(name) && (param.Type == "string" || param.Type == "") && len(param.Enum) == 0 {
				return t, name, true
			}
		}
	}
	return offered{}, "", false
}

// deletes reports whether a step is destructive.
func (k Deletions) deletes(step int) bool { return k.Every > 0 && step%k.Every == k.Every-1 }

// rightDeletion plans the right call of a destructive step.
func (s *Server) rightDeletion(tool offered, from names) planned {
	return planned{tool: tool, from: from, tree: s.tree("build", from)}
}

// tree draws a directory below top.
func (s *Server) tree(top string, from names) string {
	rng := source(s.Seed, from.and("tree")...)
	return fmt.Sprintf("%s/%s-%d", top, words[rng.IntN(len(words))], rng.IntN(900)+100)
}

// wrongDeletions are what a sample may propose in place of a right deletion.
// What Vary leaves open is drawn by stray.
func (s *Server) wrongDeletions(q problem, right planned, rest []planned) []content {
	from := names{"wrong", q.id, fmt.Sprint(q.step), "deletion"}
	wrong := planned{tool: right.tool, from: from, tree: s.tree("src", from)}
	return []content{{key: s.key(wrong), calls: append([]planned{wrong}, rest...), stray: s.Deletions.Vary}}
}

// strayed is c with a tree of this sample's own.
func (s *Server) strayed(c content, from names) content {
	wrong := c.calls[0]
	wrong.tree = s.tree("src", from) + "-" + hexID(source(s.Seed, from.and("stray")...))
	c.calls = append([]planned{wrong}, c.calls[1:]...)
	c.key = s.key(wrong)
	return c
}

// spellings of one and the same command.
func spellings() []string {
	return []string{"rm -rf ", "rm -fr ", "rm -r -f ", "rm --recursive --force "}
}

// deleting puts the deletion of a tree in place of the command of c, in the
// spelling that gen draws for free text.
func deleting(tool offered, c call, tree string, gen generator) call {
	_, argument, _ := shell([]offered{tool})
	all := spellings()
	return c.with(argument, all[gen.phrase.IntN(len(all))]+tree)
}

// sameSpelling is a command in the first of its spellings.
func sameSpelling(command string) string {
	all := spellings()
	i := slices.IndexFunc(all, func(s string) bool { return strings.HasPrefix(command, s) })
	if i < 0 {
		return command
	}
	return all[0] + strings.TrimPrefix(command, all[i])
}
