package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/internal/errtree"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

var (
	errNoSource  = safeerror.New("auth: there is no token source")
	errNoContext = safeerror.New("auth: the context is nil")
	errGone      = safeerror.New("auth: the token source ended its goroutine")
)

// call asks source for a token and vouches for what it returns: the token is
// usable at the time that now tells, the error holds no nil pointer, and a panic
// has become an error.
func call(ctx context.Context, source TokenSource, now func() time.Time) (Token, error) {
	switch {
	case nothing.In(source):
		return Token{}, errNoSource
	case ctx == nil:
		return Token{}, errNoContext
	}
	return contain(func() (Token, error) {
		token, err := source.Token(ctx)
		if !errtree.Sound(err) {
			return Token{}, safeerror.Hide("auth: the token source failed", err)
		}
		if err == nil {
			err = token.usable(now())
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
			token, err = Token{}, safeerror.New(fmt.Sprintf("auth: the token source panicked (%T)", recover()))
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
		return Token{}, interrupted(ctx)
	}
}

// interrupted is the error of a wait for a token that ended with ctx.
func interrupted(ctx context.Context) error {
	return fmt.Errorf("%w: %w", safeerror.New("auth: waiting for a token"), ctx.Err())
}
