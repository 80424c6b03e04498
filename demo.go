package main
type demoCommand struct{}
func (d *demoCommand) Run(c *console) error { return nil }
