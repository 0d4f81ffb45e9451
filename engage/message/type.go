package message

// Type is the vendor's name of a message's content type. Values read from
// elsewhere may hold other names; they are kept.
type Type string

// The content types that several channels share, and email (documented).
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
	// TypeLiveChatFormResponse is spelled lcFormResponse in one of the vendor's
	// samples. That is read too.
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

// typeVariants maps the vendor's other spellings of a type to the usual one.
var typeVariants = map[Type]Type{
	"lcFormResponse": TypeLiveChatFormResponse, // in a sample of the schema
}

// Types lists the content types this package knows, in the order of their
// channels.
func Types() []Type {
	list := kinds().list
	types := make([]Type, len(list))
	for i, k := range list {
		types[i] = k.typ
	}
	return types
}
