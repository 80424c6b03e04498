package monitor

// Replay takes in a recorded observation at once, without Run and its
// goroutine. The clock of Settings.Now is to stand at the observation's time or
// after it; Advance is to be called as it goes on. A Monitor either runs or
// replays.
func (m *Monitor) Replay(o Observation) {
	if o.Instance == "" {
		o.Instance = m.instance
	}
	defer m.rescue()
	m.take(o)
}

// Advance does in a replay what Run does every 10 s: it ends the conversations
// that have fallen silent by the clock.
func (m *Monitor) Advance() { m.sweep() }
