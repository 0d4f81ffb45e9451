package stream

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/tolerant"
)

// SubscriptionEvent tells what a customer wants to receive from now on.
type SubscriptionEvent struct {
	Header
	// Changes holds one change, or on WhatsApp one for each category; none if
	// the payload's list cannot be read.
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

// preference is an element of WhatsApp's user_preferences.
type preference struct {
	Category  tolerant.String `json:"category"`
	Value     tolerant.String `json:"value"`
	Detail    tolerant.String `json:"detail"`
	Timestamp tolerant.String `json:"timestamp"`
}

func subscriptionChanges(h Header) []SubscriptionChange {
	if h.Kind != KindPreferences {
		return []SubscriptionChange{{Subscribed: h.Kind == KindSubscribed, Value: h.Name, Time: h.Time}}
	}
	var preferences []tolerant.Object[preference]
	if json.Unmarshal(h.JSON("userPreferences"), &preferences) != nil {
		return nil
	}
	changes := make([]SubscriptionChange, len(preferences))
	for i, p := range preferences {
		at, _ := ParseTime(string(p.Fields.Timestamp))
		changes[i] = SubscriptionChange{
			Category:   string(p.Fields.Category),
			Subscribed: strings.EqualFold(string(p.Fields.Value), "resume"),
			Value:      string(p.Fields.Value),
			Detail:     string(p.Fields.Detail),
			Time:       at,
		}
	}
	return changes
}
