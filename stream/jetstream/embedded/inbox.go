package embedded

import (
	"context"
	"errors"
	"slices"

	"github.com/engagesdk/engage-go/stream/jetstream"
)

// Inbox is an inbox with a server of its own. Create one with [Open].
type Inbox struct {
	*jetstream.Inbox
	server *Server
}

// Open starts a server and opens an inbox on it. It ignores the inbox's URL, and
// adds the inbox's Options to those that connect to the server. It fails like
// [Start] and [jetstream.Open].
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

// Close closes the inbox as [jetstream.Inbox.Close] does, and then its server.
// What was put back is stored by then. A second call does nothing.
func (i *Inbox) Close() error {
	return errors.Join(i.Inbox.Close(), i.server.Close())
}
