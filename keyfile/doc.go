// Package keyfile reads and writes the files that hold secrets: keys and
// credentials of the data directory.
//
//	Write ──▶ NAME.*.tmp ──sync──▶ rename ──▶ NAME, mode 0600
//	Read  ◀── a regular file, of bounded size, that only its owner may open
//
// # Promises
//
// A file is there whole or not at all, whenever the process or the machine
// stops. What may be left behind is a temporary file beside it, as private as
// the file itself.
//
// A secret that other users may open is refused, not used: the error names the
// file and the command that closes it, and wraps ErrOpen. What is checked is
// the file that is read, so that it cannot be exchanged in between.
//
// Certificates and the like, which belong to a key and are no secret, go
// through ReadPublic and WritePublic with the same promises but for the mode.
//
// # Testing
//
// Against real files in a temporary directory, with a reader beside the writer.
package keyfile
