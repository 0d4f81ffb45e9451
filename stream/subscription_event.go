package stream

import (
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// SubscriptionEvent is a customer's choice of what they receive from now on.
type SubscriptionEvent struct {
	Header
	// Changes holds one change, or on WhatsApp one for each category. It is empty
	// if the payload's list cannot be read or has more than [message.MaxValues]
	// elements.
	Changes []SubscriptionChange
}

// SubscriptionChange is one subscription, or the end of one.
type SubscriptionChange struct {
	// Category is WhatsApp's category, such as "marketing_messages". It is empty
	// on other channels, where the change concerns everything.
	Category string
	// Subscribed is true for a subscription and false for its end.
	Subscribed bool
	// Value is the word in the payload, such as "resume", "stop" or "SUBSCRIBE".
	// Subscribed is false for an unknown word.
	Value string
	// Detail is WhatsApp's explanation.
	Detail string
	// Time is when the customer chose. It is zero if the payload does not say.
	Time time.Time
}

func subscriptionChanges(h Header) []SubscriptionChange {
	if h.Kind != KindPreferences {
		return []SubscriptionChange{{Subscribed: h.Kind == KindSubscribed, Value: h.Name, Time: h.Time}}
	}
	preferences, _ := tolerant.AllElements(h.JSON("userPreferences"), message.MaxValues)
	var changes []SubscriptionChange
	for _, each := range preferences {
		preference := tolerant.MembersOf(each)
		at, _ := ParseTime(preference.Text("timestamp"))
		value := preference.Text("value")
		changes = append(changes, SubscriptionChange{
			Category:   preference.Text("category"),
			Subscribed: strings.EqualFold(value, "resume"),
			Value:      value,
			Detail:     preference.Text("detail"),
			Time:       at,
		})
	}
	return changes
}
