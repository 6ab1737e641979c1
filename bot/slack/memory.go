package slack

import "sync"

// memory remembers a few texts by key, and forgets the oldest. It is safe for
// concurrent use.
type memory struct {
	mu    sync.Mutex
	texts map[string]string
	order []string
}

// memorySize is how many keys a memory holds: more than are in doubt at once.
const memorySize = 1024

func newMemory() *memory { return &memory{texts: map[string]string{}} }

// add remembers a text. It reports whether the key is new.
func (m *memory) add(key, text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, old := m.texts[key]
	m.texts[key] = text
	if old {
		return false
	}
	m.order = append(m.order, key)
	if len(m.order) > memorySize {
		delete(m.texts, m.order[0])
		m.order = m.order[1:]
	}
	return true
}

// text returns what was remembered under a key.
func (m *memory) text(key string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.texts[key]
	return text, ok
}
