package wire

// A responsesFold gathers one reply of the Responses API.
type responsesFold struct{ gathering }

func (responses) fold(started func()) folder { return &responsesFold{newGathering(started)} }

func (f *responsesFold) event([]byte) error { return ErrNotDialect }

func (f *responsesFold) body([]byte) error { return ErrNotDialect }
