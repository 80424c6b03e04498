// Package shell tells what a shell command does, from its text alone: which programs
// it runs, with which flags, on what. It reads Bash with a real parser
// (mvdan.cc/sh), and patches and code as far as commands hold them.
//
//	tool, argument ─ IsCommand, IsCode, IsPatch ─▶ which argument is to be read
//	script ─ Target ─┐
//	words ─ TargetOfWords ─▶ key: two commands are pointed at the same, or not
//	patch ─ PatchTarget ─┘
//	script, words, code, patch ─ Reader ─▶ []Invocation: each program that may run
//	Invocation ─ Has, Key ─▶ is it this flag, are two of them the same action
//
// # Two readings
//
// [Target] compares: it leaves out how commands are spelt, flags that only change what
// is printed, and free text, such as a commit message or the pattern of grep. What it
// does not understand stays in the key as printed. A [Reader] searches: it looks
// behind sudo, xargs and ssh, into scripts within scripts and what shells are fed,
// PowerShell and cmd too, and keeps the programs that are asked for. Where it has to
// guess, it takes more for a program than is one.
//
// # Promises
//
//   - Nothing is executed, opened or looked up. Expanded is only what the text itself
//     tells, such as a variable that is given one constant.
//   - Work is bounded. Target parses scripts of 32 KiB; of what is longer the text
//     itself is the key. A Reader takes what it reads off a sum that its caller gives
//     (Work), goes 16 scripts deep and keeps 4,096 programs; Cut says that there is
//     more. Scripts over 128 KiB it reads word by word.
//   - Every text is taken, whether it is Bash or not.
//   - Nothing is remembered: functions are safe for concurrent use, a Reader is for
//     one call and one goroutine.
//   - Keys and invocations hold what was written, and stay in the process.
//
// # What it does not promise
//
// It is for slips, not for attackers: a program that is downloaded, lies in a file, or
// whose name the running shell makes up is not seen; nor is what begins more than 24
// words behind sudo. Which programs take their words in which way is known of those
// that agents run most; any other is a name with flags and operands. Aliases,
// functions and the PATH of the machine are not known.
//
// Which programs destroy something is the business of guard, and which arguments of a
// tool identify a call that of ensemble.
//
// # Testing
//
// Tables of commands that are the same, and that are not, of what is found wherever it
// stands, and of what is only talked of; hostile shapes at the bounds; fuzzing of both
// readings. A new program is a line in habitOf or wrapperOf with its rows there.
package shell
