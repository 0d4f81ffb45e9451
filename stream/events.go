package stream

import "strings"

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

// TypingEvent reports that a customer started or ended typing. Apple's typing events
// are the only ones that Engage is documented to consume from its stream. A start need
// not be followed by an end.
type TypingEvent struct {
	Header
	// Started is true for a start and false for an end.
	Started bool
}

// ClosedEvent reports that a customer's thread or conversation was closed.
type ClosedEvent struct {
	Header
	// ThreadID, Title and Status are those of a live chat thread. They are empty
	// on Apple.
	ThreadID, Title, Status string
}

// AuthenticationEvent is the end of a customer's sign-in over Apple Messages for
// Business.
type AuthenticationEvent struct {
	Header
	// Status is "authenticated" (classic) or "success" (new) if the customer
	// signed in. Other values are not documented.
	Status string
	// Succeeded reports whether Status is one of these two, in any case.
	Succeeded bool
	// Token is the token of the identity provider.
	Token Secret
}

func authenticationEvent(h Header) AuthenticationEvent {
	status := h.Member("authenticateStatus")
	return AuthenticationEvent{
		Header:    h,
		Status:    status,
		Succeeded: strings.EqualFold(status, "authenticated") || strings.EqualFold(status, "success"),
		Token:     NewSecret(h.Member("authenticateToken")).Named("authenticateToken"),
	}
}

// PaymentEvent is the end of a customer's payment over Apple Messages for Business.
// JSON("paymentRequest") is what the business asked for.
type PaymentEvent struct {
	Header
	// Status is "paid" if the customer paid. Other values are not documented.
	Status string
	// Paid reports whether Status is "paid", in any case.
	Paid bool
	// MerchantID identifies the merchant that was paid.
	MerchantID string
	// MerchantSession identifies the payment to Apple.
	MerchantSession Secret
}

func paymentEvent(h Header) PaymentEvent {
	status := h.Member("paymentStatus")
	return PaymentEvent{
		Header:          h,
		Status:          status,
		Paid:            strings.EqualFold(status, "paid"),
		MerchantID:      h.Member("merchantIdentifier"),
		MerchantSession: NewSecret(h.Member("merchantSessionIdentifier")).Named("merchantSessionIdentifier"),
	}
}

// InvitationEvent is a customer's answer to an invitation to Apple Messages for
// Business. JSON("invitationResponse") holds the rest of it.
type InvitationEvent struct {
	Header
	// MSISDN is the mobile number that was invited.
	MSISDN string
	// Accepted reports whether the customer accepted.
	Accepted bool
}

func invitationEvent(h Header) InvitationEvent {
	return InvitationEvent{Header: h, MSISDN: h.Member("msisdn"), Accepted: strings.EqualFold(h.Member("invitationAccepted"), "true")}
}

// ProfileEvent reports that the profile of a live chat user was created or updated.
// The payload names the user and nothing more.
type ProfileEvent struct {
	Header
	// Created is true for a new profile and false for an update.
	Created bool
}

// AuditEvent is an action of a user of the vendor's console.
type AuditEvent struct {
	Header
	// Action and Description say what the user did. Status is "SUCCESS" or
	// "ERROR".
	Action, Description, Status string
	// AlertType is the vendor's classification.
	AlertType string
	// UserID and RoleName identify the user. ClientIP is the user's address.
	UserID, RoleName, ClientIP string
	// ServiceID, GroupID, OrganizationID and TenantID say where the user did it.
	// OrganizationID is the id of the Webex organization.
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

// UnknownEvent is an event that this package has no struct for. Its channel or its
// shape is unknown, or it is a custom event of live chat. Header.Name is the event's
// name, and Header.Raw is the whole payload.
type UnknownEvent struct{ Header }
