package shell

import "strings"

// patchProgram is the program, and the tool, that takes a patch in the envelope.
const patchProgram = "apply_patch"

// deletes is how a line of the envelope begins that deletes a file.
const deletes = "*** Delete File: "

// tagPatch marks what a patch is pointed at.
const tagPatch = "patch"

// patchVerbs are the lines of a "*** Begin Patch" envelope that name a file.
var patchVerbs = []string{"*** Add File: ", "*** Update File: ", deletes, "*** Move to: "}

// PatchTarget is the key of what a patch is pointed at: the set of files that it
// names, with what it does to them, but not the lines that it changes. It reads the
// "*** Begin Patch" envelope and unified diffs, and is false for any other
// text.
func PatchTarget(s string) (string, bool) {
	s = strings.TrimSpace(s)
	var files []string
	switch {
	case strings.HasPrefix(s, "*** Begin Patch"):
		files = envelopeFiles(s)
	case strings.HasPrefix(s, "diff --git "), strings.HasPrefix(s, "--- "), strings.HasPrefix(s, "Index: "):
		files = diffFiles(s)
	}
	return SetKey(tagPatch, files), len(files) > 0
}

func envelopeFiles(s string) (files []string) {
	for line := range strings.Lines(s) {
		for _, verb := range patchVerbs {
			if name, ok := strings.CutPrefix(line, verb); ok {
				files = append(files, Key(verb, CleanPath(strings.TrimSpace(name))))
			}
		}
	}
	return files
}

// diffFiles are the pairs of "--- old" and "+++ new" lines.
func diffFiles(s string) (files []string) {
	before := ""
	for line := range strings.Lines(s) {
		if name, ok := strings.CutPrefix(line, "+++ "); ok && before != "" {
			files = append(files, Key("", before, diffFile(name)))
		}
		before = ""
		if name, ok := strings.CutPrefix(line, "--- "); ok {
			before = diffFile(name)
		}
	}
	return files
}

// diffFile is a file of a unified diff, without its time and the a/ or b/ that
// git puts in front.
func diffFile(name string) string {
	name, _, _ = strings.Cut(name, "\t")
	name = strings.TrimSpace(name)
	for _, prefix := range []string{"a/", "b/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	return CleanPath(name)
}

// deletedFiles are the files that a patch deletes, each as a line of the envelope:
// in that, or in a unified diff.
func deletedFiles(patch string) (files []string) {
	seen := map[string]bool{}
	add := func(name string) {
		if line := deletes + name; name != "" && !seen[line] {
			seen[line] = true
			files = append(files, line)
		}
	}
	before, named := "", ""
	for line := range strings.Lines(patch) {
		line = strings.TrimRight(line, "\r\n")
		if name, ok := strings.CutPrefix(line, deletes); ok {
			add(CleanPath(strings.TrimSpace(name)))
		}
		if names, ok := strings.CutPrefix(line, "diff --git "); ok {
			named, _, _ = strings.Cut(names, " b/")
		}
		switch {
		case strings.HasPrefix(line, "deleted file mode "): // of an empty or binary file nothing follows
			add(diffFile(named))
		case line == "+++ /dev/null":
			add(before)
		}
		before = ""
		if name, ok := strings.CutPrefix(line, "--- "); ok {
			before = diffFile(name)
		}
	}
	return files
}
