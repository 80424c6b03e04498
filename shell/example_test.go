package shell_test

import (
	"fmt"

	"hotmess/shell"
)

func ExampleTarget() {
	a, b := shell.Target("rm -fr ./build"), shell.Target(`/bin/rm -r -f "build"  # tidy up`)
	fmt.Println(a == b)
	fmt.Println(a == shell.Target("rm -rf /"))
	// Output:
	// true
	// false
}

func ExampleReader() {
	left := shell.Work
	r := shell.NewReader(func(program string) bool { return program == "rm" }, &left)
	r.Script(`D=/srv; cd $D && ls | sudo sh -c "rm -rf $D/old" && echo 'rm -rf /'`)
	for _, inv := range r.Found() {
		fmt.Println(inv.Program, inv.Has("--recursive"), inv.Has("-r"), inv.Operands)
	}
	fmt.Println("cut:", r.Cut())
	// Output:
	// rm false true [/srv/old]
	// cut: false
}
