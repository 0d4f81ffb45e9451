package main

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"strings"
)

// longestLine is the size in bytes of the longest line that is read.
const longestLine = 1 << 20

// line is a line of the input.
type line struct {
	number int
	text   string
}

// lines yields the lines of in that are not blank. The text of a line that is too
// long is cut, but not below longestLine. If reading fails, lines yields the error
// last, with the number of the line that it could not read.
func lines(in io.Reader) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		reader := bufio.NewReaderSize(in, 64<<10)
		for number := 1; ; number++ {
			text, err := readLine(reader)
			if err != nil && err != io.EOF {
				yield(line{number, text}, err)
				return
			}
			if strings.TrimSpace(text) != "" && !yield(line{number, text}, nil) {
				return
			}
			if err == io.EOF {
				return
			}
		}
	}
}

// readLine reads one line. Of a line that is too long it keeps only the beginning.
func readLine(reader *bufio.Reader) (string, error) {
	var text strings.Builder
	for {
		piece, err := reader.ReadSlice('\n')
		if text.Len() <= longestLine {
			text.Write(piece)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text.String(), err
		}
	}
}
