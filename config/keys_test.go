package config

import (
	"encoding"
	"reflect"
	"testing"
)

// allKeys lists the last part of every key that a file can have.
func allKeys() []string {
	var keys []string
	walk(reflect.TypeFor[Config](), func(f reflect.StructField) {
		if key := f.Tag.Get("yaml"); key != "-" { // which no file can set
			keys = append(keys, key)
		}
	})
	return keys
}

// walk calls visit for every setting of a struct, and of what it holds.
func walk(t reflect.Type, visit func(reflect.StructField)) {
	text := reflect.TypeFor[encoding.TextUnmarshaler]()
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(text) {
		return
	}
	for f := range t.Fields() {
		visit(f)
		walk(f.Type, visit)
	}
}

func TestEverySettingHasAKey(t *testing.T) {
	walk(reflect.TypeFor[Config](), func(f reflect.StructField) {
		if f.Tag.Get("yaml") == "" {
			t.Errorf("%s has no yaml tag", f.Name)
		}
	})
}

func TestEveryVariableSetsAKnownKey(t *testing.T) {
	c := Default()
	for _, v := range Variables() {
		if v.Key != "" && !lookup(&c, v.Key).CanSet() {
			t.Errorf("%s sets %s, which does not exist", v.Name, v.Key)
		}
		if v.Help == "" {
			t.Errorf("%s has no help", v.Name)
		}
	}
}
