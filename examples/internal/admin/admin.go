// Package admin lets another program list and requeue the dead letters of a memory inbox.
// It serves them on a Unix socket, because only the owner of the file can connect to it:
//
//	GET  /        all letters, the oldest first, a JSON object for each
//	POST /?id=x   requeues the letter with the id x
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/engagesdk/engage-go/stream"
)

// letter is a dead letter on the socket. It has the members of [stream.DeadLetter], whose
// own JSON leaves out the payload.
type letter struct {
	ID, Conversation, TraceID, TraceParent, VerifiedBy, Reason string
	Attempts                                                   int
	Received                                                   time.Time
	Data                                                       []byte
}

func newLetter(l stream.DeadLetter) letter {
	return letter{
		ID: l.ID, Conversation: l.Conversation, TraceID: l.TraceID, TraceParent: l.TraceParent, VerifiedBy: l.VerifiedBy,
		Reason: l.Reason, Attempts: l.Attempts, Received: l.Received, Data: l.Data,
	}
}

func (l letter) deadLetter() stream.DeadLetter {
	return stream.DeadLetter{Attempts: l.Attempts, Reason: l.Reason, Entry: stream.Entry{
		ID: l.ID, Conversation: l.Conversation, TraceID: l.TraceID, TraceParent: l.TraceParent, VerifiedBy: l.VerifiedBy,
		Received: l.Received, Data: l.Data,
	}}
}

// maxReply is the largest list of dead letters that a client reads, in bytes.
const maxReply = 1 << 30

// Serve serves the dead letters of inbox on a Unix socket at path until stop is called. The
// folder of path must exist, and the file must not. stop removes the file, closes the
// connections and waits until the server has ended. Call it once.
func Serve(path string, inbox *stream.MemoryInbox) (stop func(), err error) {
	listener, err := listen(path)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		for _, l := range inbox.DeadLetters() {
			_ = json.NewEncoder(w).Encode(newLetter(l))
		}
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		if err := inbox.Requeue(r.Context(), r.URL.Query().Get("id")); err != nil {
			status := http.StatusConflict
			if errors.Is(err, stream.ErrNoDeadLetter) {
				status = http.StatusNotFound
			}
			http.Error(w, err.Error(), status)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	return func() { _ = os.Remove(path); _ = server.Close(); <-ended }, nil
}

// listen returns a listener on a socket that only its owner can connect to. It sets the mode
// of the socket in a folder that is the owner's alone, and then gives the socket its path:
// with the mode that it has at first, others could connect.
func listen(path string) (net.Listener, error) {
	folder, err := os.MkdirTemp(filepath.Dir(path), ".socket")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	private := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", private)
	if err != nil {
		return nil, err
	}
	if err = os.Chmod(private, 0o600); err == nil {
		err = os.Link(private, path)
	}
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// Client reaches the dead letters that another program serves. Create one with [Dial]. It
// is safe for use by several goroutines.
type Client struct{ http *http.Client }

// Dial returns a client of the program that serves at path. It does not connect: the first
// call does, and returns an error if no program serves there.
func Dial(path string) Client {
	var dialer net.Dialer
	return Client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) },
	}}}
}

// Close closes the connections that no call uses.
func (c Client) Close() { c.http.CloseIdleConnections() }

// DeadLetters iterates over the dead letters, oldest first. An error ends the iteration. Its
// letter is then zero.
func (c Client) DeadLetters(ctx context.Context) iter.Seq2[stream.DeadLetter, error] {
	return func(yield func(stream.DeadLetter, error) bool) {
		body, err := c.call(ctx, http.MethodGet, "")
		if err != nil {
			yield(stream.DeadLetter{}, err)
			return
		}
		defer body.Close()
		for decoder := json.NewDecoder(io.LimitReader(body, maxReply)); ; {
			var l letter
			err := decoder.Decode(&l)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(stream.DeadLetter{}, err)
				return
			}
			if !yield(l.deadLetter(), nil) {
				return
			}
		}
	}
}

// Requeue makes the program handle the dead letter with an id again. It returns
// [stream.ErrNoDeadLetter] if there is none, and another error if the inbox has no room.
func (c Client) Requeue(ctx context.Context, id string) error {
	body, err := c.call(ctx, http.MethodPost, "?"+url.Values{"id": {id}}.Encode())
	if err != nil {
		return err
	}
	return body.Close()
}

// call returns the body of a reply, which the caller closes. It returns an error for any
// status but 200.
func (c Client) call(ctx context.Context, method, query string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://program/"+query, nil)
	if err != nil {
		return nil, err
	}
	reply, err := c.http.Do(request)
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return nil, failure.Err // without the URL, which has the id
	}
	if err != nil {
		return nil, err
	}
	if reply.StatusCode == http.StatusOK {
		return reply.Body, nil
	}
	defer reply.Body.Close()
	if reply.StatusCode == http.StatusNotFound {
		return nil, stream.ErrNoDeadLetter
	}
	text, err := io.ReadAll(io.LimitReader(reply.Body, 1<<10))
	return nil, errors.Join(fmt.Errorf("the program answers %s: %s", reply.Status, text), err)
}
