package wire

import "testing"

func TestDropMemberTakesOneCommaAlong(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{"x":1}`, `{}`},
		{`{ "x" : {"a":1} }`, `{ }`},
		{`{"x":1,"b":2}`, `{"b":2}`},
		{"{\n  \"x\": 1 ,\n  \"b\": 2\n}", "{\n  \"b\": 2\n}"},
		{`{"a":1,"x":[1,2]}`, `{"a":1}`},
		{`{"a":1 , "x":null , "b":2}`, `{"a":1 , "b":2}`},
		{`{"a":{"x":1},"\u0078":2,"b":",x"}`, `{"a":{"x":1},"b":",x"}`},
	}
	for _, test := range tests {
		s, ok := dropMember(walk([]byte(test.body)), "x")
		if got := string(apply([]byte(test.body), []splice{s})); got != test.want || !ok {
			t.Errorf("%s: %s, %v; want %s", test.body, got, ok, test.want)
		}
	}
	if _, ok := dropMember(walk([]byte(`{"a":1}`)), "x"); ok {
		t.Error("found what is not there")
	}
}
