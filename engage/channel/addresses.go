package channel

import "slices"

// SMSAddress is the address of a conversation over SMS. Both fields are required.
type SMSAddress struct {
	// Business is the long code or short code to which the customer writes.
	Business string
	// Customer is the customer's mobile number.
	Customer string
}

// Channel returns [SMS].
func (SMSAddress) Channel() Channel { return SMS }

// Members implements [Address].
func (a SMSAddress) Members() Members {
	return Members{Channel: SMS, CustomerAddress: a.Customer, BusinessAddress: a.Business}
}

// Problems implements [Address].
func (a SMSAddress) Problems() []Problem {
	return problems(part{"Business", a.Business, empty}, part{"Customer", a.Customer, empty})
}

func (SMSAddress) sealed() {}

// FacebookAddress is the address of a conversation over Messenger. Both fields are
// required.
type FacebookAddress struct {
	// PageID is the id of the business's page.
	PageID string
	// PageScopedID is the customer's id on that page (PSID).
	PageScopedID string
}

// Channel returns [Facebook].
func (FacebookAddress) Channel() Channel { return Facebook }

// Members implements [Address].
func (a FacebookAddress) Members() Members {
	return Members{Channel: Facebook, CustomerAddress: a.PageScopedID, BusinessAddress: a.PageID}
}

// Problems implements [Address].
func (a FacebookAddress) Problems() []Problem {
	return problems(part{"PageID", a.PageID, empty}, part{"PageScopedID", a.PageScopedID, empty})
}

func (FacebookAddress) sealed() {}

// LiveChatAddress is the address of a conversation in live chat. A search needs AppID
// and either ThreadID or both UserID and BrowserFingerprint (documented). Problems
// checks that. To create a conversation, set AppID, UserID and ThreadID, which the
// request checks.
type LiveChatAddress struct {
	// AppID is the id of the live chat app.
	AppID string
	// UserID is the id of the visitor.
	UserID string
	// ThreadID is the id of the thread. A visitor can have several threads.
	ThreadID string
	// BrowserFingerprint identifies the visitor's browser. In the vendor's flows it
	// is equal to UserID (observed).
	BrowserFingerprint string
}

// Channel returns [LiveChat].
func (LiveChatAddress) Channel() Channel { return LiveChat }

// Members implements [Address].
func (a LiveChatAddress) Members() Members {
	return Members{
		Channel: LiveChat, CustomerAddress: a.UserID, BusinessAddress: a.AppID,
		ThreadID: a.ThreadID, BrowserFingerprint: a.BrowserFingerprint,
	}
}

// Problems implements [Address].
func (a LiveChatAddress) Problems() []Problem {
	var noThread, noVisitor string
	switch {
	case !blank(a.ThreadID): // The visitor is optional.
	case blank(a.UserID) && blank(a.BrowserFingerprint):
		noThread = "is empty: set it, or UserID and BrowserFingerprint"
	default:
		noVisitor = "is empty: set it, or ThreadID"
	}
	return problems(
		part{"AppID", a.AppID, empty},
		part{"ThreadID", a.ThreadID, noThread},
		part{"UserID", a.UserID, noVisitor},
		part{"BrowserFingerprint", a.BrowserFingerprint, noVisitor},
	)
}

func (LiveChatAddress) sealed() {}

// EmailAddress is the address of a conversation by email. Mailbox, From and Subject
// are required (documented).
type EmailAddress struct {
	// Mailbox is the business's address.
	Mailbox string
	// From is the customer's address.
	From string
	// Subject is the subject of the thread.
	Subject string
	// To and CC are the recipients of the message that came in.
	To, CC []string
	// InReplyTo is the id of the message that the customer answered. With it the
	// service finds the conversation even if the subject has changed.
	InReplyTo string
}

// Channel returns [Email].
func (EmailAddress) Channel() Channel { return Email }

// Members implements [Address].
func (a EmailAddress) Members() Members {
	return Members{
		Channel: Email, CustomerAddress: a.From, BusinessAddress: a.Mailbox, Subject: a.Subject,
		ToRecipients: slices.Clone(a.To), CCRecipients: slices.Clone(a.CC), InReplyTo: a.InReplyTo,
	}
}

// Problems implements [Address].
func (a EmailAddress) Problems() []Problem {
	return problems(slices.Concat(
		[]part{
			{"Mailbox", a.Mailbox, empty},
			{"From", a.From, empty},
			{"Subject", a.Subject, empty},
			{"InReplyTo", a.InReplyTo, ""},
		},
		list("To", a.To),
		list("CC", a.CC),
	)...)
}

func (EmailAddress) sealed() {}

// WhatsAppAddress is the address of a conversation over WhatsApp. Both fields are
// required.
type WhatsAppAddress struct {
	// Business is the business's WhatsApp number.
	Business string
	// Customer is the customer's WhatsApp number (waId).
	Customer string
}

// Channel returns [WhatsApp].
func (WhatsAppAddress) Channel() Channel { return WhatsApp }

// Members implements [Address].
func (a WhatsAppAddress) Members() Members {
	return Members{Channel: WhatsApp, CustomerAddress: a.Customer, BusinessAddress: a.Business}
}

// Problems implements [Address].
func (a WhatsAppAddress) Problems() []Problem {
	return problems(part{"Business", a.Business, empty}, part{"Customer", a.Customer, empty})
}

func (WhatsAppAddress) sealed() {}

// AppleAddress is the address of a conversation over Apple Messages for Business.
// Both fields are required.
type AppleAddress struct {
	// AccountID is the id of the business's account.
	AccountID string
	// UserID is Apple's opaque id for the customer.
	UserID string
}

// Channel returns [Apple].
func (AppleAddress) Channel() Channel { return Apple }

// Members implements [Address].
func (a AppleAddress) Members() Members {
	return Members{Channel: Apple, CustomerAddress: a.UserID, BusinessAddress: a.AccountID}
}

// Problems implements [Address].
func (a AppleAddress) Problems() []Problem {
	return problems(part{"AccountID", a.AccountID, empty}, part{"UserID", a.UserID, empty})
}

func (AppleAddress) sealed() {}

// APIAddress is the address of a conversation on a channel that the business
// connects to Engage by the API. Both fields are required.
type APIAddress struct {
	// BusinessID is the id of the business in Engage's admin console.
	BusinessID string
	// UserID is the id of the customer.
	UserID string
}

// Channel returns [API].
func (APIAddress) Channel() Channel { return API }

// Members implements [Address].
func (a APIAddress) Members() Members {
	return Members{Channel: API, CustomerAddress: a.UserID, BusinessAddress: a.BusinessID}
}

// Problems implements [Address].
func (a APIAddress) Problems() []Problem {
	return problems(part{"BusinessID", a.BusinessID, empty}, part{"UserID", a.UserID, empty})
}

func (APIAddress) sealed() {}
