package ensemble

import "hotmess/wire"

// CallTarget is what one call is pointed at: its tool and its identifying
// arguments. Two calls agree at level target if and only if theirs are equal. It
// holds content and stays in the process.
func (c Comparer) CallTarget(call wire.Call) string {
	target, _ := c.callKeys(call)
	return target
}
