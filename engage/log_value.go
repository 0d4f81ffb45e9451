package engage

import (
	"log/slog"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
)

// logValue is the LogValue method of every request. It returns a group with the operation
// and its version. The group also has the channel, the conversation id, the schedule id and
// the given alias ids, if the request has them. No other part of a request gets into a log.
func logValue(w wireRequest) slog.Value {
	operation, version := w.name()
	attrs := CallStart{operation, version}.attrs()
	if c, ok := w.(interface{ channel() channel.Channel }); ok {
		attrs = append(attrs, slog.String("channel", brief(string(c.channel()))))
	}
	ids := w.ids()
	if id := ids.conversation; id != "" {
		attrs = append(attrs, slog.String("conversationId", brief(id)))
	}
	if id := ids.schedule; id != "" {
		attrs = append(attrs, slog.String("scheduleId", brief(id)))
	}
	var aliasIDs []string
	if g, ok := w.(interface{ givenAliasIDs() []string }); ok {
		for _, id := range g.givenAliasIDs() {
			aliasIDs = append(aliasIDs, brief(id))
		}
	}
	if len(aliasIDs) > 0 {
		attrs = append(attrs, slog.String("aliasIds", strings.Join(aliasIDs, ", ")))
	}
	return slog.GroupValue(attrs...)
}

// channelOf returns the channel of an address, and the empty channel for a nil address.
func channelOf(address channel.Address) channel.Channel {
	if !isAddress(address) {
		return ""
	}
	return address.Channel()
}
