package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEmbeddingsAreReadInTheOrderOfTheirTexts(t *testing.T) {
	const body = `{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0.5]}],"usage":{"total_tokens":9}}`
	vectors, tokens, err := ReadEmbeddings([]byte(body), 2)
	if diff := cmp.Diff([][]float64{{1, .5}, {0, 1}}, vectors); diff != "" || tokens != 9 || err != nil {
		t.Errorf("%d tokens, error %v\n%s", tokens, err, diff)
	}
	vectors, tokens, err = ReadEmbeddings([]byte(`{"data":[{"embedding":[1]},{"embedding":[2]}]}`), 2)
	if diff := cmp.Diff([][]float64{{1}, {2}}, vectors); diff != "" || tokens != 0 || err != nil {
		t.Errorf("without indices: %d tokens, error %v\n%s", tokens, err, diff)
	}
}

func TestBadEmbeddingsAreErrors(t *testing.T) {
	for body, want := range map[string]error{
		``:                               ErrNotJSON,
		`{"data":[NaN]}`:                 ErrNotJSON,
		`[]`:                             ErrNotDialect,
		`{"data":[{"embedding":[1,2]}]}`: ErrNotDialect, // one is missing
		`{"data":{}}`:                    ErrNotDialect,
		`{"data":[{"embedding":[1e999]},{"embedding":[1]}]}`:                                        ErrNotDialect,
		`{"data":[{"embedding":["1"]},{"embedding":[1]}]}`:                                          ErrNotDialect,
		`{"data":[{"embedding":[]},{"embedding":[]}]}`:                                              ErrNotDialect,
		`{"data":[{"embedding":[1]},{"embedding":[1,2]}]}`:                                          ErrNotDialect,
		`{"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[1]}]}`:                        ErrNotDialect,
		`{"data":[{"embedding":[` + strings.Repeat("1,", maxDimensions) + `1]},{"embedding":[1]}]}`: ErrNotDialect,
	} {
		if v, _, err := ReadEmbeddings([]byte(body), 2); !errors.Is(err, want) || v != nil {
			t.Errorf("%.60s: %v, error %v", body, v, err)
		}
	}
}

func FuzzReadEmbeddings(f *testing.F) {
	f.Add([]byte(`{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0.5]}],"usage":{"total_tokens":9}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, tokens, err := ReadEmbeddings(body, 2)
		if err == nil && (len(v) != 2 || len(v[0]) == 0 || len(v[0]) != len(v[1])) || tokens < 0 {
			t.Errorf("%v, %d tokens, error %v", v, tokens, err)
		}
	})
}

func TestOnlyCredentialsAreTakenAlong(t *testing.T) {
	h := http.Header{"Authorization": {"Bearer k"}, "Openai-Project": {"p"}, "Cookie": {"c"}, "Idempotency-Key": {"i"}, "User-Agent": {"u"}}
	want := http.Header{"Authorization": {"Bearer k"}, "Openai-Project": {"p"}}
	if diff := cmp.Diff(want, Credentials(h)); diff != "" {
		t.Error(diff)
	}
}

func TestEmbeddingsRequestHoldsModelAndTexts(t *testing.T) {
	body, err := EmbeddingsRequest("m", []string{"a \"b\"", "c"})
	var got map[string]any
	if e := json.Unmarshal(body, &got); e != nil || err != nil {
		t.Fatal(e, err)
	}
	if s := fmt.Sprint(got); s != `map[encoding_format:float input:[a "b" c] model:m]` {
		t.Error(s)
	}
}
