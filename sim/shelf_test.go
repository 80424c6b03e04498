package sim

import (
	"strconv"
	"testing"
)

func TestShelvesForgetTheOldestFirst(t *testing.T) {
	var s shelf[int]
	for i := range maxShelved + 2 {
		s.put(strconv.Itoa(i), i, 1)
	}
	if _, ok := s.get("1"); ok || s.age.Len() != maxShelved || len(s.byID) != maxShelved || s.bytes != maxShelved {
		t.Errorf("%d values, %d ids, %d bytes", s.age.Len(), len(s.byID), s.bytes)
	}
	if v, ok := s.get("2"); !ok || v != 2 {
		t.Errorf("get(2) = %d, %v", v, ok)
	}
	s.put("2", 7, 3) // young again
	s.put("last", 0, maxShelfBytes-3)
	if v, ok := s.get("2"); !ok || v != 7 || s.age.Len() != 2 || s.bytes != maxShelfBytes {
		t.Errorf("get(2) = %d, %v; %d values of %d bytes", v, ok, s.age.Len(), s.bytes)
	}
	s.put("large", 1, maxShelfBytes+1)
	if _, ok := s.get("large"); !ok || s.age.Len() != 1 {
		t.Errorf("a value that is too large alone: %d values", s.age.Len())
	}
	if !s.remove("large") || s.remove("large") || s.bytes != 0 || s.age.Len() != 0 {
		t.Errorf("after removing: %d bytes", s.bytes)
	}
}

func TestSealsHoldOnlyWhatWasSealed(t *testing.T) {
	s := &Server{Seed: 3}
	token := s.seal("note", "purpose", "beside")
	if note, ok := s.unseal(token, "purpose", "beside"); !ok || note != "note" {
		t.Errorf("unseal = %q, %v", note, ok)
	}
	for name, ok := range map[string]bool{
		"other purpose": second(s.unseal(token, "other", "beside")),
		"other text":    second(s.unseal(token, "purpose", "other")),
		"other seed":    second((&Server{Seed: 4}).unseal(token, "purpose", "beside")),
		"cut":           second(s.unseal(token[4:], "purpose", "beside")),
		"no base64":     second(s.unseal("%", "purpose")),
		"empty":         second(s.unseal("", "purpose")),
	} {
		if ok {
			t.Errorf("%s: unsealed", name)
		}
	}
}

func second(_ string, ok bool) bool { return ok }
