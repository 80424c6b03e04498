package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTextIsAsItWas(t *testing.T) {
	var out bytes.Buffer
	if err := toys(t).Text(&out); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "toys.txt")
	if *update {
		if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); d != "" {
		t.Errorf("go test ./report -update writes it anew (-want +got):\n%s", d)
	}
}

func TestTextFitsAHundredColumns(t *testing.T) {
	var out bytes.Buffer
	if err := toys(t).Text(&out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// The keys that readers of the JSON form may count on, whether or not there is
// a number.
func TestJSONHasOneObjectPerGroupWithTheAgreedKeys(t *testing.T) {
	r := toys(t)
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		n++
		var g map[string]any
		if err := json.Unmarshal([]byte(line), &g); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{
			"dataset", "model", "task", "condition", "questions", "samples", "accuracy", "error", "bias2", "variance",
			"incoherence", "incoherence_low", "incoherence_high", "disagreement",
		} {
			if _, ok := g[key]; !ok {
				t.Errorf("group %d: no key %s", n, key)
			}
		}
	}
	if n != len(r.Groups) || n != 7 {
		t.Errorf("%d lines of %d groups, want 7", n, len(r.Groups))
	}
}

func TestPageStandsByItself(t *testing.T) {
	r := toys(t)
	var out bytes.Buffer
	if err := r.HTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, bad := range []string{"<script", "src=", "@import", "url(", "http://", "https://"} {
		for _, at := range strings.Split(page, bad)[1:] {
			if rest := bad + at[:min(len(at), 30)]; !strings.HasPrefix(rest, "http://www.w3.org/") { // names of XML, not addresses
				t.Errorf("the page reaches out: %s", rest)
			}
		}
	}
	for _, s := range r.Sections() {
		if !strings.Contains(page, `<section id="`+s.ID+`">`) {
			t.Errorf("no section %s", s.ID)
		}
	}
	if n := strings.Count(page, `<svg role="img"`); n < 15 {
		t.Errorf("%d figures", n)
	}
	for _, svg := range strings.Split(page, `<svg role="img"`)[1:] {
		inner, _, _ := strings.Cut(svg, "</svg>")
		wellFormed(t, `<svg role="img"`+inner+"</svg>")
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("svg: %v", err)
		}
	}
}

func TestNamesFromDataAreEscaped(t *testing.T) {
	text := strings.NewReplacer("toy-1B", `<script>alert(1)</script>`, "toy-4B", `a & \u001b[31m "b"`).Replace(string(toySets(t)))
	r := reportOf(t, []byte(text))
	var page, plain bytes.Buffer
	if err := errors.Join(r.HTML(&page), r.Text(&plain)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script") {
		t.Error("a model's name became an element")
	}
	for _, svg := range strings.Split(page.String(), `<svg role="img"`)[1:] {
		inner, _, _ := strings.Cut(svg, "</svg>")
		wellFormed(t, `<svg role="img"`+inner+"</svg>")
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("a model's name steers the terminal")
	}
}

func TestTheSameDataGiveTheSameReport(t *testing.T) {
	var a, b bytes.Buffer
	if err := errors.Join(toys(t).JSON(&a), toysAnew(t).JSON(&b)); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() {
		t.Error("two reports of the same data differ")
	}
}

// HOTMESS_PAGE names a file to look at the page of the toy data in.
func TestPageCanBeLookedAt(t *testing.T) {
	name := os.Getenv("HOTMESS_PAGE")
	if name == "" {
		t.Skip("HOTMESS_PAGE is not set")
	}
	var out bytes.Buffer
	if err := toys(t).HTML(&out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
