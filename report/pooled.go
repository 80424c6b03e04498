package report

// overthinking compares the halves over all models of a comparison; nil if
// there is only one, or none has lengths. Models' answers to one question are
// not independent, so a question is one unit.
func (c *Comparison) overthinking(a axis) *Contrast {
	var splits []split
	models := 0
	for _, g := range c.Groups {
		before := len(splits)
		for i := range g.items {
			if s, ok := a.split(g.items[i].q); ok {
				splits = append(splits, s)
			}
		}
		if len(splits) > before {
			models++
		}
	}
	if models < 2 {
		return nil
	}
	return contrast(splits)
}
