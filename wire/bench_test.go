package wire

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func BenchmarkReadView(b *testing.B) {
	for _, d := range spokenDialects() {
		for _, size := range []int{2 << 10, 200 << 10, 1 << 20} {
			body := d.agentTurn(size)
			b.Run(fmt.Sprintf("%s/%dKiB", d.target.Dialect, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := ReadView(d.target, body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkReadViewImage: of a large image nothing may be copied.
func BenchmarkReadViewImage(b *testing.B) {
	image := "data:image/png;base64," + strings.Repeat("iVBORw0K", 1<<17)
	body := []byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + image +
		`"}},{"type":"text","text":"What is this?"}]}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadView(chatTarget, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEditExtra(b *testing.B) {
	for _, d := range spokenDialects() {
		body := d.agentTurn(1 << 20)
		view, err := ReadView(d.target, body)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(d.target.Dialect), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := EditExtra(view, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFoldStream folds streams of 50 kB, as a usual answer, and of 1 MiB.
func BenchmarkFoldStream(b *testing.B) {
	for _, d := range spokenDialects() {
		for _, size := range []int{50 << 10, 1 << 20} {
			body := d.stream(size)
			b.Run(fmt.Sprintf("%s/%dKiB", d.target.Dialect, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if r, err := Fold(d.target.Dialect, true, bytes.NewReader(body), nil); err != nil || r.Truncated {
						b.Fatal(r.Truncated, err)
					}
				}
			})
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	h := http.Header{"Authorization": {"Bearer x"}}
	b.ReportAllocs()
	for b.Loop() {
		Detect(http.MethodPost, "/v1/chat/completions", "", h)
	}
}
