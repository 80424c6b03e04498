package e2e

// agentVariable makes the test binary an agent instead of a test.
const agentVariable = "E2E_AGENT"

func beAgent() int { return 0 }
