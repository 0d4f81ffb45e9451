package program

import (
	"context"
	"io"
)

// Input returns a reader of in that ends when ctx does, with what ended it.
// Reading from a terminal cannot be broken off, so the goroutine that does may
// stay until the program ends; at most what it waited for is read and dropped.
func Input(ctx context.Context, in io.Reader) io.Reader {
	reader, writer := io.Pipe()
	context.AfterFunc(ctx, func() { writer.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.Copy(writer, in)
		writer.CloseWithError(err)
	}()
	return reader
}
