package stream

import (
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// Assets says for which assets a stream is on.
type Assets string

// The choices (documented).
const (
	// AllAssets is the default: the stream is on for all.
	AllAssets Assets = "Enable by default for all assets"
	// ChosenAssets has the stream switched on asset by asset.
	ChosenAssets Assets = "Choose to enable at an asset level"
)

// EventFamily is a group of events that a stream sends.
type EventFamily string

// The families (documented). Webex Engage Streaming has the first only; the
// others are those of data streams in general.
const (
	IncomingEvents   EventFamily = "Incoming events & Messages"
	OutboundMessages EventFamily = "Outbound Messages"
	DeliveryReceipts EventFamily = "Delivery Receipts"
	AuditLogs        EventFamily = "Audit Logs"
)

// Configuration is what an administrator sets up for Webex Engage Streaming.
// The vendor has no public API for it: a program keeps its own copy, to check it
// and to drop what should not have come ([WithFilter]). The zero value is the
// vendor's default, but for the name: all assets, all channels, incoming events.
type Configuration struct {
	// Name and Description are the integration's.
	Name, Description string
	// Assets is [AllAssets] if it is empty.
	Assets Assets
	// AssetIDs are the business addresses or app ids, as events have them, of
	// the assets that are switched on. It counts only with [ChosenAssets].
	AssetIDs []string
	// Channels are those that are ticked. Nil means all, those that nobody
	// knows yet among them; empty means none.
	Channels []channel.Channel
	// Events are the families that are ticked. Nil means [IncomingEvents].
	Events []EventFamily
}

// Validate checks the configuration. The error, which names every fault, is an
// [*outcome.Error] on the edge OnInvalidData: an unknown choice, and incoming
// events turned off, which the vendor forbids.
//
// The advice is what is allowed and of no use, or recommended against: channels
// other than Apple, of which Engage consumes nothing (documented for standalone
// Engage; for tenants linked to Contact Center the vendor recommends it too),
// and switching assets one by one.
func (c Configuration) Validate() (advice outcome.Violations, err error) {
	var faults outcome.Violations
	switch c.Assets {
	case "", AllAssets:
		if len(c.AssetIDs) > 0 {
			advice.Add("AssetIDs", "has no effect: the stream is on for all assets")
		}
	case ChosenAssets:
		advice.Add("Assets", "is set asset by asset; the vendor recommends all assets")
		if len(c.AssetIDs) == 0 {
			advice.Add("AssetIDs", "is empty: nothing is streamed")
		}
	default:
		faults.Add("Assets", "is not one of the vendor's two choices")
	}
	if !slices.Contains(c.events(), IncomingEvents) {
		faults.Add("Events", "lacks the incoming events, which must not be turned off")
	}
	for i, family := range c.Events {
		switch family {
		case IncomingEvents:
		case OutboundMessages, DeliveryReceipts, AuditLogs:
			advice.Add(fmt.Sprintf("Events[%d]", i), "is not offered by Webex Engage Streaming, only by other data streams")
		default:
			faults.Add(fmt.Sprintf("Events[%d]", i), "is not a family of events")
		}
	}
	c.adviseChannels(&advice)
	return advice, faults.Err("", "")
}

func (c Configuration) adviseChannels(advice *outcome.Violations) {
	switch {
	case c.Channels == nil:
		advice.Add("Channels", "has all channels on; Engage consumes Apple's typing indicators only")
	case len(c.Channels) == 0:
		advice.Add("Channels", "is empty: nothing is streamed")
	}
	for i, ch := range c.Channels {
		if ch != channel.Apple {
			advice.Add(fmt.Sprintf("Channels[%d]", i), "is not Apple, and Engage consumes Apple's typing indicators only")
		}
	}
}

func (c Configuration) events() []EventFamily {
	if c.Events == nil {
		return []EventFamily{IncomingEvents}
	}
	return c.Events
}

// Allows reports whether a stream with this configuration sends the event. An
// event of an unknown kind counts as incoming. Nil is not allowed.
func (c Configuration) Allows(event Event) bool {
	return !nothing.In(event) && c.allows(event.Head())
}

func (c Configuration) allows(h Header) bool {
	family := IncomingEvents
	switch h.Kind {
	case KindReceipt:
		family = DeliveryReceipts
	case KindAudit:
		return slices.Contains(c.events(), AuditLogs)
	}
	return slices.Contains(c.events(), family) &&
		(c.Channels == nil || slices.Contains(c.Channels, h.Channel)) &&
		(c.Assets != ChosenAssets || c.hasAsset(h))
}

// hasAsset reports whether the event's asset is switched on. It goes by either
// of its names, the business address or the app.
func (c Configuration) hasAsset(h Header) bool {
	return slices.ContainsFunc(c.AssetIDs, func(id string) bool {
		return id != "" && (id == h.Business || id == h.Member("appId"))
	})
}
