package stream

import (
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// Assets says for which assets a stream is on.
type Assets string

// The choices (documented).
const (
	// AllAssets is the default: the stream is on for all assets.
	AllAssets Assets = "Enable by default for all assets"
	// ChosenAssets lets an administrator switch the stream on for each asset.
	ChosenAssets Assets = "Choose to enable at an asset level"
)

// EventFamily is a group of events that a stream can send.
type EventFamily string

// The families (documented). Webex Engage Streaming offers the first one only. The
// others belong to data streams in general.
const (
	IncomingEvents   EventFamily = "Incoming events & Messages"
	OutboundMessages EventFamily = "Outbound Messages"
	DeliveryReceipts EventFamily = "Delivery Receipts"
	AuditLogs        EventFamily = "Audit Logs"
)

// Configuration is what an administrator sets up for Webex Engage Streaming. The
// vendor has no public API for it. A program keeps its own copy, to check it and to
// drop events that it does not allow (see [WithFilter]).
//
// The zero value is the vendor's default without a name: all assets, all channels,
// incoming events.
type Configuration struct {
	// Name and Description are those of the integration.
	Name, Description string
	// Assets is [AllAssets] if it is empty.
	Assets Assets
	// AssetIDs are the assets for which the stream is on, each by its business
	// address or app id as in [Header]. They have an effect only with
	// [ChosenAssets].
	AssetIDs []string
	// Channels are the channels that are ticked. Nil means all, unknown ones
	// included. Empty means none.
	Channels []channel.Channel
	// Events are the families that are ticked. Nil means [IncomingEvents].
	Events []EventFamily
}

// Validate checks the configuration. It returns advice on settings that are allowed
// but useless, or that the vendor recommends against:
//
//   - Channels other than Apple. Engage consumes nothing of them (documented for
//     standalone Engage, and recommended for tenants linked to Contact Center).
//   - Assets that are switched on one by one.
//
// The error is an [*outcome.Error] on the edge OnInvalidData with all violations: an
// unknown value, or incoming events turned off, which the vendor forbids.
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

// Allows reports whether a stream with this configuration sends the event. An event
// of an unknown kind counts as incoming.
func (c Configuration) Allows(event Event) bool { return c.allows(event.Head()) }

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

// hasAsset reports whether the stream is on for the event's asset, which has two
// names: the business address and the app.
func (c Configuration) hasAsset(h Header) bool {
	return slices.ContainsFunc(c.AssetIDs, func(id string) bool {
		return id != "" && (id == h.Business || id == h.Member("appId"))
	})
}
