package wire

// An anthropicFold gathers one reply of the Messages API.
type anthropicFold struct{ gathering }

func (anthropic) fold(started func()) folder { return &anthropicFold{newGathering(started)} }

func (f *anthropicFold) event([]byte) error { return ErrNotDialect }

func (f *anthropicFold) body([]byte) error { return ErrNotDialect }
