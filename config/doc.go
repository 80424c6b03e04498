// Package config holds everything that a user can set, and where a running
// sidecar can be found.
//
//	Default() ◀── file (YAML) ◀── HOTMESS_… ◀── flags ──▶ Validate ──▶ Config
//
// Load lays the four over each other, the right one winning, and returns a
// Config that is complete and valid, or all problems at once. Each problem says
// where to mend it (file:line:column with an excerpt, variable or flag) and
// leads with the path of the key:
//
//	hotmess.yaml:4:12: sampling.samples: 0 is not from 1 to 32
//	    4 |   samples: 0
//	                 ^
//
// The file is strict: unknown keys, wrong types, duplicate keys and second
// documents are refused, so that a mistyped setting is never silently the
// default. A key without a value, and an empty file, leave the defaults; a list
// replaces the default list. In values, after parsing, ${VAR} and
// ${VAR:-default} stand for variables of the environment and $${ for a plain
// ${. Quote such a value inside { }.
//
// # Promises
//
// The room is a leaf: it imports no other, dials nothing, starts nothing and
// changes nothing but the running file, when asked to. A Config is a value and
// is not changed after Load. A Secret prints as *** everywhere but through
// Reveal, and no message repeats one.
//
// # Testing
//
// testdata/bad-*.yaml hold one mistake each, and the .txt of the same name the
// exact message wanted; run the tests with -update to write them anew. The
// annotated hotmess.example.yaml at the root must load to Default.
package config
