package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"github.com/tidwall/gjson"
)

// EmbeddingsPath is where OpenAI's form of API takes texts to embed.
const EmbeddingsPath = "/v1/embeddings"

// maxDimensions bounds a vector; the largest of today have 4,096.
const maxDimensions = 1 << 16

// credentialHeaders are the headers that a call of the same API proves itself
// by, or is billed to.
var credentialHeaders = []string{
	"Authorization", "Api-Key", "X-Api-Key", "X-Goog-Api-Key", "Openai-Organization", "Openai-Project",
}

// Credentials are the headers of a request by which another call to the same
// upstream proves itself.
func Credentials(h http.Header) http.Header {
	only := http.Header{}
	for _, name := range credentialHeaders {
		if values := h[name]; len(values) > 0 {
			only[name] = values
		}
	}
	return only
}

// EmbeddingsRequest is the body of a call that embeds texts, in OpenAI's form.
func EmbeddingsRequest(model string, texts []string) ([]byte, error) {
	body, err := json.Marshal(struct {
		Model    string   `json:"model"`
		Input    []string `json:"input"`
		Encoding string   `json:"encoding_format"`
	}{model, texts, "float"})
	if err != nil {
		return nil, fmt.Errorf("write embeddings request: %w", err)
	}
	return body, nil
}

// ReadEmbeddings reads the reply to an EmbeddingsRequest of n texts: a vector
// for each, in their order, all of one length, and the tokens that were used; 0
// where the upstream does not say. The error wraps ErrNotJSON or ErrNotDialect.
func ReadEmbeddings(body []byte, n int) (vectors [][]float64, tokens int, err error) {
	root, ok := parse(body)
	if !ok {
		return nil, 0, fmt.Errorf("read embeddings: %w", ErrNotJSON)
	}
	vectors = make([][]float64, n)
	if data := member(root, "data"); data.IsArray() {
		position := 0
		data.ForEach(func(_, item gjson.Result) bool {
			at, given := count(member(item, "index"))
			if !given {
				at = position
			}
			if at < n {
				vectors[at] = readVector(member(item, "embedding"))
			}
			position++
			return position <= n
		})
	}
	for _, v := range vectors {
		if len(v) == 0 || len(v) != len(vectors[0]) {
			return nil, 0, fmt.Errorf("read embeddings: no %d vectors of one length: %w", n, ErrNotDialect)
		}
	}
	tokens, _ = count(member(member(root, "usage"), "total_tokens"))
	return vectors, tokens, nil
}

// readVector is nil for anything but a list of finite numbers.
func readVector(list gjson.Result) []float64 {
	var v []float64
	if !list.IsArray() {
		return nil
	}
	list.ForEach(func(_, x gjson.Result) bool {
		if x.Type != gjson.Number || math.IsInf(x.Num, 0) || math.IsNaN(x.Num) || len(v) == maxDimensions {
			v = nil
			return false
		}
		v = append(v, x.Num)
		return true
	})
	return v
}
