package guard_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/ensemble"
	"hotmess/guard"
	"hotmess/wire"
)

// longCalls are calls that are about as long as what is read of a reply, by what they
// are full of.
func longCalls(size int) map[string]wire.Call {
	of := func(begin, piece string) wire.Call {
		return bash(begin + strings.Repeat(piece, (size-len(begin))/len(piece)))
	}
	patch, _ := json.Marshal(map[string]string{"input": strings.Repeat("*** Delete File: a\n", size/20) + strings.Repeat("--- a/x\n+++ b/x\n", size/40)})
	return map[string]wire.Call{
		"words":     of("echo ", "word "),
		"operands":  of("git push origin ", "a "),
		"flags":     of("git push ", "-v "),
		"programs":  of("", "git push a;"),
		"wrapped":   of("", "sudo -u a git push a;"),
		"curl":      of("curl ", "-sX "),
		"rough":     of("( ; ", "git "),
		"find":      of("find . ", "-exec rm {} + "),
		"code":      {Name: "run_python", Arguments: fmt.Sprintf(`{"code":%q}`, strings.Repeat("db.delete_many(x)\n", size/18))},
		"patch":     {Name: "apply_patch", Arguments: string(patch)},
		"sql":       {Name: "execute_sql", Arguments: fmt.Sprintf(`{"sql":%q}`, strings.Repeat("alter table a drop ", size/19))},
		"statement": {Name: "execute_sql", Arguments: fmt.Sprintf(`{"sql":%q}`, strings.Repeat("alter table a drop b;", size/21))},
		"file":      {Name: "write_file", Arguments: fmt.Sprintf(`{"content":%q}`, strings.Repeat("rm -rf a; ", size/10))},
		"method":    {Name: "http", Arguments: fmt.Sprintf(`{"method":%q}`, strings.Repeat("delete_", size/7))},
	}
}

// BenchmarkLongCalls compares calls with those of half their size: what is read must
// take a time in proportion.
func BenchmarkLongCalls(b *testing.B) {
	c, err := ensemble.NewComparer(wire.View{Tools: []wire.Tool{{Name: "bash"}}}, "")
	if err != nil {
		b.Fatal(err)
	}
	g := guard.New(config.Default().GuardRules())
	for _, size := range []int{100 << 10, 200 << 10, 400 << 10} {
		for name, call := range longCalls(size) {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					g.Propose([]wire.Call{call}, c)
				}
			})
		}
	}
}
