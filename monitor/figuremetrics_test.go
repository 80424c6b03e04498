package monitor

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestFiguresOfLengthsAndLargerSetsAreExposed(t *testing.T) {
	m, _ := newTest(t)
	var b bytes.Buffer
	m.WriteMetrics(&b)
	if strings.Contains(b.String(), "slope") {
		t.Error("a slope of nothing")
	}
	for i := range 200 {
		o := larger(sized(fmt.Sprint(i/5), base, i%3 == 0, pairLengths{}), i)
		for k := range o.Samples {
			o.Samples[k].Context = known(100 << (i % 4))
		}
		m.take(o)
	}
	b.Reset()
	m.WriteMetrics(&b)
	for _, labels := range []string{
		`hotmess_disagreement_slope%s{route="r",kind="action",level="target",length="reasoning_tokens"}`,
		`hotmess_disagreement_slope%s{route="r",kind="action",level="target",length="context_tokens"}`,
		`hotmess_overthinking_gap%s{route="r",kind="action",level="target",set="drawn"}`,
		`hotmess_vote_changed_share%s{route="r",kind="action",level="target",samples="3"}`,
		`hotmess_vote_changed_share%s{route="r",kind="action",level="target",samples="5"}`,
	} {
		for _, suffix := range []string{"", "_low", "_high"} {
			if line := fmt.Sprintf(labels, suffix) + " "; strings.Count(b.String(), line) != 1 {
				t.Errorf("%q is there %d times", line, strings.Count(b.String(), line))
			}
		}
	}
	for _, gone := range []string{`set="escalated"`, "NaN"} {
		if strings.Contains(b.String(), gone) {
			t.Errorf("%s in the metrics", gone)
		}
	}
	if n := strings.Count(b.String(), "# TYPE hotmess_disagreement_slope gauge"); n != 1 {
		t.Errorf("typed %d times", n)
	}
}
