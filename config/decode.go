package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A decoder lays one YAML file over a configuration. The strict decoder of the
// YAML library stops at the first mistake; this one walks the parsed file
// beside the struct, so that it finds all of them, knows the key path of each
// and remembers where every setting was made.
type decoder struct {
	src      source
	env      map[string]string
	expanded map[string]bool // names of variables that the file refers to
	origins  origins
	problems []error
}

// decode reads data, named name in messages, into c. Where it finds a mistake
// the setting keeps the value it had.
func (d *decoder) decode(name string, data []byte, c *Config) {
	d.src = source{name: name, lines: strings.Split(string(data), "\n")}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		d.syntax(err)
		return
	}
	bodies := documents(file)
	if len(bodies) > 1 {
		d.fail("", bodies[1].GetToken(), "a second document begins here; a configuration is one document")
	}
	if len(bodies) > 0 {
		d.value("", bodies[0], reflect.ValueOf(c).Elem())
	}
}

// documents leaves out documents without content.
func documents(file *ast.File) []ast.Node {
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	return bodies
}

// syntax records an error of the parser.
func (d *decoder) syntax(err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		d.fail("", at.GetToken(), at.GetMessage())
		return
	}
	d.problems = append(d.problems, &Problem{Where: d.src.name, Text: err.Error()})
}

// value lays n over dst, the setting at key. A null leaves the default.
func (d *decoder) value(key string, n ast.Node, dst reflect.Value) {
	at := start(n)
	switch n.(type) {
	case nil, *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		d.fail(key, at, "anchors, aliases and tags are not supported; write the value out")
		return
	}
	d.origins[key] = d.place(at)
	if _, ok := reflect.TypeAssert[encoding.TextUnmarshaler](dst.Addr()); ok {
		d.scalar(key, n, dst)
		return
	}
	switch dst.Kind() {
	case reflect.Pointer:
		d.pointer(key, n, dst)
	case reflect.Struct:
		d.mapping(key, n, dst)
	case reflect.Slice:
		d.list(key, n, dst)
	case reflect.Map:
		d.words(key, n, dst)
	default:
		d.scalar(key, n, dst)
	}
}

// pointer sets an optional setting. A value that cannot be read leaves it as it
// was; of several below one key the others are read all the same.
func (d *decoder) pointer(key string, n ast.Node, dst reflect.Value) {
	before, read := len(d.problems), reflect.New(dst.Type().Elem())
	d.value(key, n, read.Elem())
	_, single := reflect.TypeAssert[encoding.TextUnmarshaler](read)
	if single = single || read.Elem().Kind() != reflect.Struct; !single || len(d.problems) == before {
		dst.Set(read)
	}
}

// mapping fills the fields of a struct.
func (d *decoder) mapping(key string, n ast.Node, dst reflect.Value) {
	entries, ok := n.(ast.MapNode)
	if !ok {
		d.fail(key, start(n), "want keys with values, not "+describe(n))
		return
	}
	for it := entries.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		field, known := fieldByKey(dst, name)
		if !known {
			keys := keysOf(dst.Type())
			d.fail(join(key, name), it.Key().GetToken(), "unknown key"+didYouMean(name, keys))
			continue
		}
		d.value(join(key, name), it.Value(), field)
	}
}

// list replaces a slice; an empty list makes it nil.
func (d *decoder) list(key string, n ast.Node, dst reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(key, start(n), "want a list, not "+describe(n))
		return
	}
	dst.SetZero()
	for i, v := range seq.Values {
		item := reflect.New(dst.Type().Elem()).Elem()
		d.value(fmt.Sprintf("%s[%d]", key, i), v, item)
		dst.Set(reflect.Append(dst, item))
	}
}

// words replaces a map of strings.
func (d *decoder) words(key string, n ast.Node, dst reflect.Value) {
	entries, ok := n.(ast.MapNode)
	if !ok {
		d.fail(key, start(n), "want names with values, not "+describe(n))
		return
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	for it := entries.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		item := reflect.New(dst.Type().Elem()).Elem()
		d.value(join(key, name), it.Value(), item)
		dst.SetMapIndex(reflect.ValueOf(name), item)
	}
}

// scalar expands variables in one value and parses it.
func (d *decoder) scalar(key string, n ast.Node, dst reflect.Value) {
	text, ok := scalarText(n)
	if !ok {
		d.fail(key, start(n), "want a single value, not "+describe(n))
		return
	}
	text, err := expand(text, d.env, d.expanded)
	if err == nil {
		err = parse(text, dst)
	}
	if err != nil {
		d.fail(key, start(n), err.Error())
	}
}

// fail records a problem at a token.
func (d *decoder) fail(key string, at *token.Token, text string) {
	o := d.place(at)
	d.problems = append(d.problems, &Problem{Key: key, Where: o.where, Text: text, Excerpt: o.excerpt})
}

// place is where a token stands.
func (d *decoder) place(at *token.Token) origin {
	if at == nil || at.Position == nil {
		return origin{where: d.src.name}
	}
	return d.src.at(at.Position.Line, at.Position.Column)
}

// start is the token at which people see a node begin: of a mapping the first
// key, where the library has the colon after it.
func start(n ast.Node) *token.Token {
	if n == nil {
		return nil
	}
	if entries, ok := n.(ast.MapNode); ok {
		if it := entries.MapRange(); it.Next() {
			return it.Key().GetToken()
		}
	}
	return n.GetToken()
}

// scalarText is the text of a single value, quotes and escapes undone.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case ast.ScalarNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// describe names the kind of a node for people.
func describe(n ast.Node) string {
	switch n.(type) {
	case ast.MapNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// fieldByKey finds the field of a struct by its yaml tag.
func fieldByKey(dst reflect.Value, key string) (reflect.Value, bool) {
	i := slices.Index(keysOf(dst.Type()), key)
	if i < 0 {
		return reflect.Value{}, false
	}
	return dst.Field(i), true
}

// keysOf lists the yaml tags of a struct in the order of its fields.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

// join makes a key path.
func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
