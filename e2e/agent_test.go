package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// Variables that make the test binary an agent instead of a test.
const (
	// agentVariable makes it work on one task and end with the exit code that
	// it holds.
	agentVariable = "E2E_AGENT_EXIT"
	// agentSDKs names the clients that it works with, one after the other,
	// with commas between; the first of sdks by default.
	agentSDKs = "E2E_AGENT_SDKS"
	// testVariable is what its requests are known by at the front.
	testVariable = "E2E_AGENT_TEST"
)

// client is a client of openai-go. base has no /v1.
func client(base string, opts ...option.RequestOption) *openai.Client {
	c := openai.NewClient(append(openAIOptions(nil, base+"/v1", manner{}), opts...)...)
	return &c
}

// beAgent is the test binary as a wrapped command. The SDKs find the sidecar by
// the environment alone.
func beAgent() int {
	names := strings.Split(os.Getenv(agentSDKs), ",")
	for _, one := range sdks() {
		if !slices.Contains(names, one.name) && (names[0] != "" || one.name != sdks()[0].name) {
			continue
		}
		done, err := beClient(one)
		if err != nil {
			fmt.Fprintf(os.Stderr, "agent: %s: %v\n", one.name, err)
			return 99
		}
		fmt.Printf("agent: %d turns by %s\n", done.turns, os.Getenv("OPENAI_BASE_URL"))
	}
	var code int
	if _, err := fmt.Sscan(os.Getenv(agentVariable), &code); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		return 98
	}
	return code
}

// beClient works on a task with one SDK and nothing but its defaults.
func beClient(one sdk) (work, error) {
	talk, err := one.open(nil, "", manner{tools: true, think: true, header: http.Header{testHeader: {os.Getenv(testVariable)}}})
	if err != nil {
		return work{}, err
	}
	return perform(context.Background(), talk, "task 1")
}

// workOn has an agent with openai-go work on a task, as one conversation.
func workOn(t *testing.T, s *sidecar, task string) {
	t.Helper()
	talk, err := openChat(nil, s.base+"/v1", manner{stream: true, tools: true, header: http.Header{"X-Hotmess-Session": {task}}})
	if err == nil {
		_, err = perform(t.Context(), talk, task)
	}
	if err != nil {
		t.Fatal(err)
	}
}
