package embedded

import (
	"context"
	"errors"
	"slices"

	"github.com/engagesdk/engage-go/stream/jetstream"
)

// Inbox is an inbox with a server of its own. Make one with [Open]: the zero value
// is closed, and a nil one is of no use.
type Inbox struct {
	*jetstream.Inbox
	server *Server
}

// Open starts a server and opens an inbox on it. It fails like [Start] and
// [jetstream.Open]. The inbox's URL is ignored; its Options are added to those
// that connect to the server.
func Open(ctx context.Context, config Config, inbox jetstream.Config) (*Inbox, error) {
	s, err := Start(ctx, config)
	if err != nil {
		return nil, err
	}
	inbox.Options = slices.Concat(s.Options(), inbox.Options)
	opened, err := jetstream.Open(ctx, inbox)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Inbox{Inbox: opened, server: s}, nil
}

// Close closes the inbox, see [jetstream.Inbox.Close], and then its server.
// Closing twice is harmless.
func (i *Inbox) Close() error {
	if i == nil {
		return nil
	}
	return errors.Join(i.Inbox.Close(), i.server.Close())
}
