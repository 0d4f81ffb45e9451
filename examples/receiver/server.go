package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// server answers requests at url.
type server struct {
	http.Server
	url string
	// ended tells what ended it.
	ended chan error
}

// listen starts a server at address, which ends when it is closed. An empty
// address is any of the loopback's.
func listen(handler http.Handler, address string) (*server, error) {
	listener, err := net.Listen("tcp", cmp.Or(address, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + listener.Addr().String(), ended: make(chan error, 1)}
	s.Handler, s.ReadHeaderTimeout = handler, 5*time.Second
	go func() { s.ended <- s.Serve(listener) }()
	return s, nil
}

// wait returns nil when ctx ends, and an error if the server ends before that.
func (s *server) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		return err
	}
}

// close has the server take no more requests, and returns when those it has are
// answered. If ctx ends before that, they are broken off.
func (s *server) close(ctx context.Context) error {
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}
