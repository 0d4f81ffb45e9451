package stream

// event returns the header as the struct of its kind.
func (h Header) event() Event {
	switch h.Kind {
	case KindMessage, KindPostback, KindQuickReply, KindListResponse, KindTimeResponse, KindFormResponse, KindAppResponse:
		return MessageEvent{Header: h, Text: messageText(h)}
	case KindTypingStarted, KindTypingEnded:
		return TypingEvent{Header: h, Started: h.Kind == KindTypingStarted}
	case KindClosed:
		return ClosedEvent{Header: h, ThreadID: h.Member("threadId"), Title: h.Member("title"), Status: h.Member("status")}
	case KindAuthentication:
		return authenticationEvent(h)
	case KindPayment:
		return paymentEvent(h)
	case KindInvitation:
		return invitationEvent(h)
	case KindProfileCreated, KindProfileUpdated:
		return ProfileEvent{Header: h, Created: h.Kind == KindProfileCreated}
	case KindSubscribed, KindUnsubscribed, KindPreferences:
		return SubscriptionEvent{Header: h, Changes: subscriptionChanges(h)}
	case KindReceipt:
		return receiptEvent(h)
	case KindAudit:
		return auditEvent(h)
	case KindChatAssigned, KindChatMessage, KindChatClosed:
		return chatEvent(h)
	}
	return UnknownEvent{h}
}

// TypingEvent tells that a customer started or ended typing. Apple's are the
// only events that Engage is documented to consume from its stream. That an end
// follows each start is not promised.
type TypingEvent struct {
	Header
	// Started is true for a start and false for an end.
	Started bool
}

// ClosedEvent tells that a customer's thread or conversation was closed.
type ClosedEvent struct {
	Header
	// ThreadID, Title and Status are those of a live chat thread; empty on
	// Apple.
	ThreadID, Title, Status string
}

// ProfileEvent tells that the profile of a live chat user was created or
// updated. The payload names the user and no more.
type ProfileEvent struct {
	Header
	// Created is true for a new profile and false for a change.
	Created bool
}

// AuditEvent tells what a user of the vendor's console did.
type AuditEvent struct {
	Header
	// Action and Description say what was done; Status is "SUCCESS" or "ERROR".
	Action, Description, Status string
	// AlertType is the vendor's classification.
	AlertType string
	// UserID and RoleName say by whom, ClientIP from where.
	UserID, RoleName, ClientIP string
	// ServiceID, GroupID, OrganizationID and TenantID say in what.
	// OrganizationID is that of Webex.
	ServiceID, GroupID, OrganizationID, TenantID string
}

func auditEvent(h Header) AuditEvent {
	return AuditEvent{
		Header:         h,
		Action:         h.Name,
		Description:    h.Member("description"),
		Status:         h.Member("statusOfAction"),
		AlertType:      h.Member("alertType"),
		UserID:         h.Member("userId"),
		RoleName:       h.Member("roleName"),
		ClientIP:       h.Member("clientIp"),
		ServiceID:      h.Member("serviceId"),
		GroupID:        h.Member("groupId"),
		OrganizationID: h.Member("webexOrgId"),
		TenantID:       h.Member("clientUuid"),
	}
}

// UnknownEvent is an event that this package has no struct for: of an unknown
// channel, of a name of the customer's own, or in a shape of the future. Its
// Name is the event's, and Raw holds all of it.
type UnknownEvent struct{ Header }
