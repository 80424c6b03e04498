package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// parse sets dst, a single setting, from its text in a file or a variable. On
// an error dst keeps its value.
func parse(text string, dst reflect.Value) error {
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](dst.Addr()); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(text)
		return nil
	case reflect.Int, reflect.Int64:
		return parseWhole(text, dst)
	case reflect.Float64:
		return parseNumber(text, dst)
	case reflect.Bool:
		return parseBool(text, dst)
	}
	return fmt.Errorf("settings of type %s cannot be written as text", dst.Type())
}

// parseWhole sets an integer.
func parseWhole(text string, dst reflect.Value) error {
	n, err := parseInt(text, dst.Type().Bits())
	if errors.Is(err, strconv.ErrSyntax) {
		return fmt.Errorf("%q is not a whole number", text)
	}
	if err != nil {
		return fmt.Errorf("%q is too large", text)
	}
	dst.SetInt(n)
	return nil
}

// parseNumber sets a float.
func parseNumber(text string, dst reflect.Value) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", text)
	}
	dst.SetFloat(f)
	return nil
}

// parseBool sets a truth value, by the two words of YAML 1.2.
func parseBool(text string, dst reflect.Value) error {
	if text != "true" && text != "false" {
		return fmt.Errorf("%q is neither true nor false", text)
	}
	dst.SetBool(text == "true")
	return nil
}

// lookup finds a setting by its key path; the path must exist and hold no
// list.
func lookup(c *Config, key string) reflect.Value {
	v := reflect.ValueOf(c).Elem()
	for name := range strings.SplitSeq(key, ".") {
		v, _ = fieldByKey(v, name)
	}
	return v
}
