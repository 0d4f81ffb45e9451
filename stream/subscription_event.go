package stream

import (
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// SubscriptionEvent tells what a customer wants to receive from now on.
type SubscriptionEvent struct {
	Header
	// Changes holds one change, or on WhatsApp one for each category; none if
	// the payload's list cannot be read or has more than [message.MaxValues].
	Changes []SubscriptionChange
}

// SubscriptionChange is one thing that a customer subscribed to or left.
type SubscriptionChange struct {
	// Category is WhatsApp's, such as "marketing_messages"; empty on other
	// channels, where the change is about everything.
	Category string
	// Subscribed is true for a subscription and false for its end.
	Subscribed bool
	// Value is the word that said so, such as "resume", "stop" or "SUBSCRIBE".
	// A word that is not known leaves Subscribed false.
	Value string
	// Detail is WhatsApp's explanation.
	Detail string
	// Time is when the customer chose; zero if it is not told.
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
