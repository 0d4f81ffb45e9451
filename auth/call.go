package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errNoSource = errors.New("auth: there is no token source")

// call asks source for a token and vouches for what it returns: the token is
// usable, and a panic has become an error.
func call(ctx context.Context, source TokenSource) (Token, error) {
	if source == nil {
		return Token{}, errNoSource
	}
	return contain(func() (Token, error) {
		token, err := source.Token(ctx)
		if err == nil {
			err = token.usable(time.Now())
		}
		if err != nil {
			return Token{}, err
		}
		return token, nil
	})
}

// contain runs get and turns a panic, and a goroutine that ends half-way, into
// an error. The value of the panic is left out, because it may hold anything.
func contain(get func() (Token, error)) (token Token, err error) {
	returned := false
	defer func() {
		if !returned {
			token, err = Token{}, fmt.Errorf("auth: the token source panicked (%T)", recover())
		}
	}()
	token, err = get()
	returned = true
	return token, err
}

// await runs get, which must not panic, and returns what it returns, or the
// error of ctx if that ends first. In that case get runs on by itself.
func await(ctx context.Context, get func() (Token, error)) (Token, error) {
	type answer struct {
		token Token
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		// runtime.Goexit ends the goroutine without an answer.
		got := answer{err: errGone}
		defer func() { answers <- got }()
		got.token, got.err = get()
	}()
	select {
	case got := <-answers:
		return got.token, got.err
	case <-ctx.Done():
		return Token{}, fmt.Errorf("auth: waiting for a token: %w", ctx.Err())
	}
}

var errGone = errors.New("auth: the token source ended its goroutine")
