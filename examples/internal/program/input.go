package program

import (
	"context"
	"io"
)

// Input returns a reader of in that ends when ctx ends, with the cause of ctx. A
// read from a terminal cannot be interrupted: the goroutine that reads in may stay
// until the program exits, and what it reads after ctx has ended is dropped.
func Input(ctx context.Context, in io.Reader) io.Reader {
	reader, writer := io.Pipe()
	context.AfterFunc(ctx, func() { writer.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.Copy(writer, in)
		writer.CloseWithError(err)
	}()
	return reader
}
