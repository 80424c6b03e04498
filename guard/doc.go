// Package guard tells which tool calls need a quorum before they are carried
// out, and when there is one. It works on parsed calls of one reply and its
// samples: pure functions, which neither call an upstream nor keep state.
//
// A quorum shows that an action is consistent, not that it is right.
package guard
