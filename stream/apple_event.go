package stream

import "strings"

// AuthenticationEvent tells how a customer's sign-in over Apple Messages for
// Business ended.
type AuthenticationEvent struct {
	Header
	// Status is "authenticated" (classic) or "success" (new) if the customer
	// signed in; other values are not documented.
	Status string
	// Succeeded reports whether it is one of these two.
	Succeeded bool
	// Token is what the identity provider gave out.
	Token Secret
}

func authenticationEvent(h Header) AuthenticationEvent {
	status := h.Member("authenticateStatus")
	return AuthenticationEvent{
		Header:    h,
		Status:    status,
		Succeeded: strings.EqualFold(status, "authenticated") || strings.EqualFold(status, "success"),
		Token:     NewSecret("authenticateToken", h.Member("authenticateToken")),
	}
}

// PaymentEvent tells how a customer's payment over Apple Messages for Business
// ended. JSON("paymentRequest") is what was asked for.
type PaymentEvent struct {
	Header
	// Status is "paid" if it was; other values are not documented.
	Status string
	// Paid reports whether it is.
	Paid bool
	// MerchantID is the merchant the payment went to.
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
		MerchantSession: NewSecret("merchantSessionIdentifier", h.Member("merchantSessionIdentifier")),
	}
}

// InvitationEvent tells whether a customer accepted an invitation to Apple
// Messages for Business. JSON("invitationResponse") has the rest.
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
