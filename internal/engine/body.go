package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// errTooLarge is the error of a reply above the limit.
var errTooLarge = safeerror.New("the reply is larger than the limit")

const (
	// small is the largest Content-Length, in bytes, for which read allocates before the
	// data arrives.
	small = 64 << 10
	// largeReplies is how many replies above small are read at the same time. The
	// others wait, so that many endless replies do not fill the memory.
	largeReplies = 16
)

// read returns the body of response. With an error it returns as much of the body
// as came, and errTooLarge for one above the limit. A reply that is compressed
// although nobody asked for it is decompressed within the limit.
func (e *Engine) read(ctx context.Context, response *http.Response) ([]byte, error) {
	if response.Body == nil {
		return nil, nil
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusOK {
		// After a 101 the body is the connection itself, and no context ends it.
		return nil, nil
	}
	if strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") && !response.Uncompressed {
		plain, err := gzip.NewReader(response.Body)
		if err != nil {
			return nil, safeerror.Wrap("the reply is not gzip, as its header says", err)
		}
		return e.readAll(ctx, nil, plain)
	}
	length := response.ContentLength
	if length > e.ReplyLimit {
		beginning, _ := io.ReadAll(io.LimitReader(response.Body, min(small, e.ReplyLimit)))
		return beginning, errTooLarge
	}
	if length > small {
		return e.readAll(ctx, nil, response.Body)
	}
	// The length need not be true: a transport that decompresses may leave it as it was.
	// One byte more finds the end of the body, or that it is longer. If the body is cut
	// short, net/http returns an error.
	begun := make([]byte, 0, min(max(length, 0)+1, e.ReplyLimit))
	for len(begun) < cap(begun) {
		n, err := response.Body.Read(begun[len(begun):cap(begun)])
		begun = begun[:len(begun)+n]
		if err != nil {
			return begun, eofIsEnd(err)
		}
	}
	return e.readAll(ctx, begun, response.Body)
}

// readAll returns begun and what body adds to it, up to the limit. Before it reads on
// after small bytes, it waits for its turn, or until ctx ends.
func (e *Engine) readAll(ctx context.Context, begun []byte, body io.Reader) ([]byte, error) {
	whole := bytes.NewBuffer(begun)
	if _, err := io.CopyN(whole, body, max(0, min(small, e.ReplyLimit)-int64(len(begun)))); err != nil {
		return whole.Bytes(), eofIsEnd(err)
	}
	if small < e.ReplyLimit {
		select {
		case e.large <- struct{}{}:
			defer func() { <-e.large }()
		case <-ctx.Done():
			return whole.Bytes(), ctx.Err()
		}
		if _, err := io.CopyN(whole, body, e.ReplyLimit-int64(whole.Len())); err != nil {
			return whole.Bytes(), eofIsEnd(err)
		}
	}
	// One byte more finds that the body is longer, was cut short here, or is damaged.
	n, err := io.ReadFull(body, make([]byte, 1))
	if n > 0 {
		return whole.Bytes(), errTooLarge
	}
	return whole.Bytes(), eofIsEnd(err)
}

// eofIsEnd returns nil for the io.EOF at the end of a body.
func eofIsEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
