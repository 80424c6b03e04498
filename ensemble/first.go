package ensemble

// First are the first m samples that vote, of those that have ended in the order
// in which they did: short thinking first (short-m@k: Hassid et al. 2025). Missing,
// empty and flagged samples do not count. With fewer than m it is false, and all
// that vote are returned.
func First(ended []Sample, level Level, m int) ([]Sample, bool) {
	first := make([]Sample, 0, m)
	for _, s := range ended {
		if _, ok := s.Keys[level]; !ok || s.Missing != "" || s.Empty || s.Flag != "" {
			continue
		}
		if first = append(first, s); len(first) == m {
			return first, true
		}
	}
	return first, false
}
