package message

import (
	"reflect"
	"sync"
)

// zeroes contains a zero value of each message struct, except [Unknown]. A new type
// must be added here.
var zeroes = []Message{
	Text{}, Attachments{}, TextWithAttachments{}, Email{},
	LiveChatCarousel{}, LiveChatQuickReplies{},
	LiveChatCarouselResponse{}, LiveChatQuickRepliesResponse{}, LiveChatFormResponse{},
	WhatsAppButtons{}, WhatsAppList{}, WhatsAppInteractiveResponse{},
	AppleListPicker{}, AppleTimePicker{}, AppleQuickReplies{}, AppleForm{},
	AppleListPickerResponse{}, AppleTimePickerResponse{}, AppleQuickRepliesResponse{}, AppleFormResponse{},
}

// kind describes one message struct for decoding, checking and encoding.
type kind struct {
	typ Type
	// direction is the only direction of the type. It is empty if the struct has a
	// field Direction.
	direction Direction
	goType    reflect.Type
	// content is the shape of the struct. It is nil for an [Unknown], whose kind has no
	// other field either.
	content *shape
}

// registry contains all kinds. byType also has the vendor's other spellings, and
// byGoType the kind of an [Unknown].
type registry struct {
	list     []*kind
	byType   map[Type]*kind
	byGoType map[reflect.Type]*kind
}

// kinds returns the registry. The first call makes it.
var kinds = sync.OnceValue(func() registry {
	r := registry{
		byType:   map[Type]*kind{},
		byGoType: map[reflect.Type]*kind{reflect.TypeFor[Unknown](): {}},
	}
	shapes := shapes{}
	for _, m := range zeroes {
		k := &kind{
			typ:       m.Type(),
			direction: m.direction(),
			goType:    reflect.TypeOf(m),
			content:   shapes.of(reflect.TypeOf(m)),
		}
		r.list = append(r.list, k)
		r.byType[k.typ] = k
		r.byGoType[k.goType] = k
	}
	for variant, typ := range typeVariants {
		r.byType[variant] = r.byType[typ]
	}
	return r
})
