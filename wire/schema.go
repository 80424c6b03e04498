package wire

import (
	"math"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	// maxSchemaDepth is how deep values are checked, and maxSchemaSteps how many
	// values of one call; what lies beyond fits.
	maxSchemaDepth = 32
	maxSchemaSteps = 1000
	// maxSchemaBytes bounds what is read of schemas and values for all calls of
	// one reply: a long list of values in a large schema would be read as often
	// as there are values. Every byte is read about ten times, 10 ns in all.
	maxSchemaBytes = 16 << 20
)

// A schemaCheck holds arguments against a schema. It knows the keywords by which
// tools are described: type, enum, const, required, properties,
// additionalProperties, items, anyOf, oneOf (taken for anyOf), allOf, and
// OpenAPI's nullable. All others, references among them, are taken to fit: it
// rather misses a call that does not than counts one that does.
type schemaCheck struct{ steps, bytes int }

// spent notes that so many bytes are read, and is whether that is too much.
func (c *schemaCheck) spent(bytes int) bool {
	if c.bytes <= maxSchemaBytes {
		c.bytes += bytes
	}
	return c.bytes > maxSchemaBytes
}

func (c *schemaCheck) fits(schema, value gjson.Result, depth int) bool {
	c.steps++
	switch {
	case schema.Type == gjson.False:
		return false
	case !schema.IsObject(), depth == maxSchemaDepth, c.steps > maxSchemaSteps, c.spent(len(schema.Raw) + len(value.Raw)):
		return true
	case value.Type == gjson.Null && member(schema, "nullable").Type == gjson.True:
		return true
	}
	return fitsType(member(schema, "type"), value) && c.fitsEnum(schema, value) &&
		c.fitsCombined(schema, value, depth) && c.fitsMembers(schema, value, depth) && c.fitsItems(schema, value, depth)
}

// fitsType holds a value against one type or several.
func fitsType(types, value gjson.Result) bool {
	if types.Type == gjson.String {
		return isOfType(types.Str, value)
	}
	if !types.IsArray() {
		return true
	}
	fits := false
	types.ForEach(func(_, name gjson.Result) bool {
		fits = name.Type != gjson.String || isOfType(name.Str, value)
		return !fits
	})
	return fits
}

// isOfType knows the types in lower case and, as Gemini's schemas write them, in
// upper case. 1.0 is an integer. A type that is not known fits.
func isOfType(name string, value gjson.Result) bool {
	switch strings.ToLower(name) {
	case "string":
		return value.Type == gjson.String
	case "number":
		return value.Type == gjson.Number
	case "integer":
		return value.Type == gjson.Number && value.Num == math.Trunc(value.Num)
	case "boolean":
		return value.Type == gjson.True || value.Type == gjson.False
	case "array":
		return value.IsArray()
	case "object":
		return value.IsObject()
	case "null":
		return value.Type == gjson.Null
	}
	return true
}

func (c *schemaCheck) fitsEnum(schema, value gjson.Result) bool {
	if only := member(schema, "const"); only.Exists() && !c.sameJSON(only, value) {
		return false
	}
	enum := member(schema, "enum")
	if !enum.IsArray() {
		return true
	}
	fits := false
	enum.ForEach(func(_, allowed gjson.Result) bool {
		fits = c.sameJSON(allowed, value)
		return !fits
	})
	return fits
}

// sameJSON compares strings and numbers by value, lists and objects as written.
func (c *schemaCheck) sameJSON(a, b gjson.Result) bool {
	switch {
	case a.Type != b.Type:
		return false
	case a.Type == gjson.String:
		return a.Str == b.Str
	case a.Type == gjson.Number:
		return a.Num == b.Num
	case a.Type == gjson.JSON:
		return c.spent(len(a.Raw)+len(b.Raw)) || string(compact(a.Raw)) == string(compact(b.Raw))
	}
	return true
}

func (c *schemaCheck) fitsCombined(schema, value gjson.Result, depth int) bool {
	fits := true
	if all := member(schema, "allOf"); all.IsArray() {
		all.ForEach(func(_, one gjson.Result) bool {
			fits = c.fits(one, value, depth+1)
			return fits
		})
	}
	for _, name := range [...]string{"anyOf", "oneOf"} {
		choice := member(schema, name)
		if !fits || !choice.IsArray() {
			continue
		}
		fits = false
		choice.ForEach(func(_, one gjson.Result) bool {
			fits = c.fits(one, value, depth+1)
			return !fits
		})
	}
	return fits
}

func (c *schemaCheck) fitsMembers(schema, value gjson.Result, depth int) bool {
	if !value.IsObject() {
		return true
	}
	given := membersOf(value)
	if !holdsAll(given, member(schema, "required")) {
		return false
	}
	properties, others := membersOf(member(schema, "properties")), member(schema, "additionalProperties")
	if member(schema, "patternProperties").Exists() {
		others = gjson.Result{}
	}
	for name, v := range given {
		of, described := properties[name]
		if !described {
			of = others
		}
		if !c.fits(of, v, depth+1) {
			return false
		}
	}
	return true
}

// membersOf lists the members of an object; of a repeated name the last counts.
func membersOf(object gjson.Result) map[string]gjson.Result {
	members := map[string]gjson.Result{}
	if object.IsObject() {
		object.ForEach(func(name, v gjson.Result) bool {
			members[name.Str] = v
			return true
		})
	}
	return members
}

// holdsAll reports whether every name of a list is a member.
func holdsAll(members map[string]gjson.Result, names gjson.Result) bool {
	all := true
	if names.IsArray() {
		names.ForEach(func(_, name gjson.Result) bool {
			_, there := members[name.Str]
			all = there || name.Type != gjson.String
			return all
		})
	}
	return all
}

func (c *schemaCheck) fitsItems(schema, value gjson.Result, depth int) bool {
	items := member(schema, "items")
	if !items.Exists() || !value.IsArray() {
		return true
	}
	fits := true
	value.ForEach(func(_, v gjson.Result) bool {
		fits = c.fits(items, v, depth+1)
		return fits && c.steps <= maxSchemaSteps
	})
	return fits
}
