package ensemble

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hotmess/wire"
)

const (
	// shingleWords is the number of words of a shingle: two are shared by many
	// texts of one language, four by few of the same meaning.
	shingleWords = 3
	// maxCompared is how much of each end of a text is compared, in bytes.
	maxCompared = 4 << 10
	// maxWords bounds the words of a text: a word and a blank take two bytes, but
	// one character may stand for several words in compatibility form.
	maxWords = maxCompared
)

// shingleSeed makes hashes of shingles mean nothing outside this process.
var shingleSeed = maphash.MakeSeed()

// Shingles are the hashes of the runs of three words of a text, sorted and each
// once. They hold no text and stay in the process.
type Shingles []uint32

// Shingles are those of a whole reply whose kind is text; ok is false for other
// kinds, for refusals and for replies without a word.
func (c Comparer) Shingles(r wire.Reply) (s Shingles, ok bool) {
	if c.kind != KindText || r.Refusal != "" {
		return nil, false
	}
	s = shingle(r.Text)
	return s, len(s) > 0
}

// Similarity is the share of shingles that two texts have in common, of those
// that either has: 1 for equal texts, 0 for texts without a run of three words
// in common (Jaccard; Broder, On the resemblance and containment of documents,
// §2). Both must have shingles.
func (s Shingles) Similarity(other Shingles) float64 {
	common, i, j := 0, 0, 0
	for i < len(s) && j < len(other) {
		switch {
		case s[i] < other[j]:
			i++
		case s[i] > other[j]:
			j++
		default:
			common++
			i++
			j++
		}
	}
	return float64(common) / float64(len(s)+len(other)-common)
}

// shingle takes the words of a text: runs of letters and digits, in lower case
// and compatibility form (NFKC). A text of fewer words than a shingle is one of
// its own. Of a long text the first and the last 4 kB are taken.
func shingle(text string) Shingles {
	words := wordsOf(Ends(text, maxCompared))
	if len(words) == 0 {
		return nil
	}
	words = words[:min(len(words), maxWords)]
	n := max(1, len(words)-shingleWords+1)
	s := make(Shingles, 0, n)
	var h maphash.Hash
	h.SetSeed(shingleSeed)
	for i := range n {
		h.Reset()
		for _, word := range words[i:min(i+shingleWords, len(words))] {
			_, _ = h.WriteString(word) // never fails
			_ = h.WriteByte(' ')
		}
		s = append(s, uint32(h.Sum64()))
	}
	slices.Sort(s)
	return slices.Compact(s)
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// Ends cuts a text to its first and last size bytes, with a line end between
// them, if it is longer than both. Characters that the cut breaks are left out.
func Ends(text string, size int) string {
	if len(text) <= 2*size {
		return text
	}
	return strings.ToValidUTF8(text[:size], "") + "\n" + strings.ToValidUTF8(text[len(text)-size:], "")
}
