package e2e

const testVariable = "E2E_AGENT_TEST"

var allModes = []string{"off", "observe", "ensemble"}
