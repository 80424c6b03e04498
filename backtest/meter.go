package backtest

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// tellEvery is the least time between two lines of progress.
const tellEvery = 2 * time.Second

// A meter tells of progress.
type meter struct {
	out io.Writer
	now func() time.Time

	mu   sync.Mutex
	told time.Time
}

// hear tells at most every tellEvery. Progress that cannot be told is lost.
func (m *meter) hear(done, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.now(); now.Sub(m.told) >= tellEvery {
		m.told = now
		fmt.Fprintf(m.out, "hotmess: played %d of %d observations (%d %%)\n", done, total, 100*done/max(1, total))
	}
}
