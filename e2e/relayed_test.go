package e2e

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/coder/websocket"
	"github.com/openai/openai-go/v3"
	"google.golang.org/genai"
)

// otherCalls are what agents ask for beside replies, by SDK. None of it may be
// repeated: it is no draw.
func otherCalls() map[string]func(ctx context.Context, v *visit) error {
	return map[string]func(ctx context.Context, v *visit) error{
		"openai-go": func(ctx context.Context, v *visit) error {
			return openAICalls(ctx, openai.NewClient(openAIOptions(v.client, v.base("/v1"), manner{header: v.marks()})...))
		},
		"anthropic-sdk-go": func(ctx context.Context, v *visit) error {
			return anthropicCalls(ctx, anthropic.NewClient(anthropicOptions(v.client, v.base(""), manner{header: v.marks()})...))
		},
		"genai": func(ctx context.Context, v *visit) error {
			client, err := geminiClient(v.client, v.base(""), v.marks())
			if err != nil {
				return err
			}
			return geminiCalls(ctx, client)
		},
	}
}

// errAnswer is an answer that is not what was asked for.
var errAnswer = errors.New("the answer is not what was asked for")

func openAICalls(ctx context.Context, c openai.Client) error {
	models, err := c.Models.List(ctx)
	if err != nil || len(models.Data) == 0 {
		return errors.Join(err, errAnswer)
	}
	embedded, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: "m", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}})
	if err != nil || len(embedded.Data) != 2 || len(embedded.Data[0].Embedding) == 0 {
		return errors.Join(err, errAnswer)
	}
	file, err := c.Files.New(ctx, openai.FileNewParams{
		Purpose: openai.FilePurposeUserData, File: openai.File(strings.NewReader("one\ntwo\n"), "lines.txt", "text/plain"),
	})
	if err != nil || file.Bytes != 8 || file.Filename != "lines.txt" {
		return errors.Join(err, errAnswer)
	}
	images, err := c.Images.Generate(ctx, openai.ImageGenerateParams{Model: "m", Prompt: "a dot"})
	if err != nil || len(images.Data) != 1 || images.Data[0].B64JSON == "" {
		return errors.Join(err, errAnswer)
	}
	_, err = c.Models.Get(ctx, "org/no-such-model")
	return notFound(complainOpenAI(err))
}

func anthropicCalls(ctx context.Context, c anthropic.Client) error {
	models, err := c.Models.List(ctx, anthropic.ModelListParams{})
	if err != nil || len(models.Data) == 0 {
		return errors.Join(err, errAnswer)
	}
	count, err := c.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{
		Model: "m", Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("How many?"))},
	})
	if err != nil || count.InputTokens == 0 {
		return errors.Join(err, errAnswer)
	}
	file, err := c.Beta.Files.Upload(ctx, anthropic.BetaFileUploadParams{File: anthropic.File(bytes.NewReader([]byte("one\n")), "line.txt", "text/plain")})
	if err != nil || file.SizeBytes != 4 || file.Filename != "line.txt" {
		return errors.Join(err, errAnswer)
	}
	_, err = c.Messages.Batches.Get(ctx, "no-such-batch", anthropic.MessageBatchGetParams{})
	return notFound(complainAnthropic(err))
}

func geminiCalls(ctx context.Context, c *genai.Client) error {
	models, err := c.Models.List(ctx, nil)
	if err != nil || len(models.Items) == 0 {
		return errors.Join(err, errAnswer)
	}
	contents := []*genai.Content{genai.NewContentFromText("How many?", genai.RoleUser)}
	count, err := c.Models.CountTokens(ctx, "m", contents, nil)
	if err != nil || count.TotalTokens == 0 {
		return errors.Join(err, errAnswer)
	}
	embedded, err := c.Models.EmbedContent(ctx, "m", contents, nil)
	if err != nil || len(embedded.Embeddings) != 1 || len(embedded.Embeddings[0].Values) == 0 {
		return errors.Join(err, errAnswer)
	}
	_, err = c.Caches.Get(ctx, "cachedContents/no-such-cache", nil)
	return notFound(complainGemini(err))
}

// notFound wants an error of the API that says so.
func notFound(c complaint, ok bool) error {
	if !ok || c.Status != http.StatusNotFound {
		return errAnswer
	}
	return nil
}

// TestOtherCallsOfSDKsAreRelayed is about all that is no generation call.
func TestOtherCallsOfSDKsAreRelayed(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.front.model(t, "", "--quota")
	sidecars := c.modes(t)
	for name, ask := range otherCalls() {
		t.Run(name, func(t *testing.T) {
			c.everyPassage(t, sidecars, func(t *testing.T, p passage) {
				v := p.visit(t, sdk{})
				if err := ask(t.Context(), v); err != nil {
					t.Fatal(err)
				}
				v.reached(t, len(v.heads.since(0)), 0)
				for _, head := range v.heads.since(0) {
					if mode := head.Header.Get("X-Hotmess-Mode"); p.sidecar != nil && mode != "off" {
						t.Errorf("mode %q", mode)
					}
				}
			})
		})
	}
	for _, s := range sidecars {
		if measured := s.summary(t).Measured; measured != 0 {
			t.Errorf("%s: %d measured", s.mode, measured)
		}
	}
}

// TestWebSocketPassesEveryWay opens one as realtime clients do.
func TestWebSocketPassesEveryWay(t *testing.T) {
	t.Parallel()
	c := newCorporate(t, nil)
	c.everyPassage(t, c.modes(t), func(t *testing.T, p passage) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		base := "https://api.openai.com"
		if !p.way.proxy {
			base = p.sidecar.base
		}
		client := p.client(t)
		client.Timeout = 0 // it would be that of the connection
		conn, _, err := websocket.Dial(ctx, base+"/v1/realtime?model=m", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"realtime"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		for n := range 20 {
			sent := strings.Repeat("x", 1<<(n%15)) // below the 32 KiB that either end reads
			if err := conn.Write(ctx, websocket.MessageText, []byte(sent)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := conn.Read(ctx); err != nil || string(got) != sent {
				t.Fatalf("got %d bytes of %d, %v", len(got), len(sent), err)
			}
		}
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil || conn.Subprotocol() != "realtime" {
			t.Errorf("subprotocol %q, %v", conn.Subprotocol(), err)
		}
	})
}
