package monitor

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// lineBuffer is how much of recorded lines is read at a time.
const lineBuffer = 64 << 10

// EachLine gives to take the lines of a recording, gzipped or not, without the
// white space around them; empty ones are left out. Of a line of more than
// most bytes nothing is kept, and long is true. An error of take ends the
// reading and is returned; one of reading names the line, and the recording by
// name.
func EachLine(name string, r io.Reader, most int, take func(number int, line []byte, long bool) error) error {
	lines := bufio.NewReaderSize(r, lineBuffer)
	if magic, _ := lines.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(lines)
		if err != nil {
			return fmt.Errorf("%s: gzip: %w", name, err)
		}
		defer z.Close()
		lines = bufio.NewReaderSize(z, lineBuffer)
	}
	for number := 1; ; number++ {
		line, long, err := readLine(lines, most)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if len(line) > 0 || long {
			if err := take(number, line, long); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// readLine reads up to the next line feed. At the end err is io.EOF, with what
// stood there.
func readLine(r *bufio.Reader, most int) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > most {
			line, long = nil, true
		}
		if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(line), long, err
		}
	}
}
