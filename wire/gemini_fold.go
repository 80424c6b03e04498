package wire

// A geminiFold gathers one reply of generateContent.
type geminiFold struct{ gathering }

func (gemini) fold(started func()) folder { return &geminiFold{newGathering(started)} }

func (f *geminiFold) event([]byte) error { return ErrNotDialect }

func (f *geminiFold) body([]byte) error { return ErrNotDialect }
