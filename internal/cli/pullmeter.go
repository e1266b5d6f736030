package cli

import (
	"fmt"
	"sync"
	"time"

	"attn/internal/hub/pull"
)

// pullMeter says how far a download is, how fast, and how long it will take.
type pullMeter struct {
	mu    sync.Mutex
	name  string
	now   pull.Progress
	ticks []pullTick // the last few times that it was asked
}

// pullTick is how much had arrived when.
type pullTick struct {
	at      time.Time
	arrived int64
}

// update takes in what the download reports.
func (m *pullMeter) update(p pull.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = p
}

// say is the line on the terminal. It is asked about once a second.
func (m *pullMeter) say() string { return m.sayAt(time.Now()) }

func (m *pullMeter) sayAt(now time.Time) string {
	const window = 10 // ticks over which the rate is taken
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.now
	m.ticks = append(m.ticks, pullTick{now, p.Arrived})
	m.ticks = m.ticks[max(0, len(m.ticks)-window):]
	switch {
	case p.File == "":
		return "asking for " + m.name
	case p.Waiting:
		return "waiting: another program is fetching " + visible(p.File)
	case p.Done == p.Size:
		return "checking " + visible(p.File)
	}
	line := fmt.Sprintf("%s  %s of %s", visible(p.File), inBytes(float64(p.Done)), inBytes(float64(p.Size)))
	first := m.ticks[0]
	rate := float64(p.Arrived-first.arrived) / now.Sub(first.at).Seconds()
	if !(rate > 0) { // nothing yet, or one tick only
		return line
	}
	left := time.Duration(float64(p.Size-p.Done) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s  %s/s  %s left", line, inBytes(rate), left)
}
