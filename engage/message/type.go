package message

// Type is the vendor's name of a content type. An [Unknown] may have a name that this
// package does not know.
type Type string

// The content types of several channels, and of email (documented).
const (
	TypeText                Type = "text"
	TypeAttachments         Type = "attachments"
	TypeTextWithAttachments Type = "text-with-attachments"
	TypeEmail               Type = "email"
)

// The content types of live chat (documented).
const (
	TypeLiveChatCarousel             Type = "text-with-lc-carousel"
	TypeLiveChatQuickReplies         Type = "text-with-lc-quick-replies"
	TypeLiveChatCarouselResponse     Type = "lc-carousel-response"
	TypeLiveChatQuickRepliesResponse Type = "lc-quick-replies-response"
	// TypeLiveChatFormResponse is lcFormResponse in one of the vendor's samples.
	// [Decode] accepts both.
	TypeLiveChatFormResponse Type = "lc-form-response"
)

// The content types of WhatsApp (documented).
const (
	TypeWhatsAppButtons             Type = "wab-buttons"
	TypeWhatsAppList                Type = "wab-list"
	TypeWhatsAppInteractiveResponse Type = "wab-interactive-response"
)

// The content types of Apple Messages for Business (documented).
const (
	TypeAppleListPicker           Type = "amb-list-picker"
	TypeAppleTimePicker           Type = "amb-time-picker"
	TypeAppleQuickReplies         Type = "amb-quick-replies"
	TypeAppleForm                 Type = "amb-form"
	TypeAppleListPickerResponse   Type = "amb-list-picker-response"
	TypeAppleTimePickerResponse   Type = "amb-time-picker-response"
	TypeAppleQuickRepliesResponse Type = "amb-quick-replies-response"
	TypeAppleFormResponse         Type = "amb-form-response"
)

// typeVariants maps other spellings of the vendor to the type that they mean.
var typeVariants = map[Type]Type{
	"lcFormResponse": TypeLiveChatFormResponse, // in a sample of the schema
}

// Types returns the content types that this package knows. Those of several channels
// and of email come first, then those of live chat, WhatsApp and Apple.
func Types() []Type {
	list := kinds().list
	types := make([]Type, len(list))
	for i, k := range list {
		types[i] = k.typ
	}
	return types
}
