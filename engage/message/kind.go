package message

import (
	"reflect"
	"sync"
)

// every holds one value of each struct that implements [Message], but for
// [Unknown]. A type that is added to the package is added here.
var every = []Message{
	Text{}, Attachments{}, TextWithAttachments{}, Email{},
	LiveChatCarousel{}, LiveChatQuickReplies{},
	LiveChatCarouselResponse{}, LiveChatQuickRepliesResponse{}, LiveChatFormResponse{},
	WhatsAppButtons{}, WhatsAppList{}, WhatsAppInteractiveResponse{},
	AppleListPicker{}, AppleTimePicker{}, AppleQuickReplies{}, AppleForm{},
	AppleListPickerResponse{}, AppleTimePickerResponse{}, AppleQuickRepliesResponse{}, AppleFormResponse{},
}

// kind is what reading, checking and writing need to know of one struct.
type kind struct {
	typ Type
	// direction is the one that the type implies; it is empty if the struct
	// states its own.
	direction Direction
	goType    reflect.Type
	// content describes the struct; wire describes what its wire method
	// returns.
	content, wire *shape
}

// registry finds a kind by the name of its type and by its struct.
type registry struct {
	list     []*kind
	byType   map[Type]*kind
	byGoType map[reflect.Type]*kind
}

// kinds returns the registry. It is made at first use and never changes.
var kinds = sync.OnceValue(func() registry {
	r := registry{
		byType:   map[Type]*kind{},
		byGoType: map[reflect.Type]*kind{reflect.TypeFor[Unknown](): {}},
	}
	shapes := shapes{}
	for _, m := range every {
		k := &kind{
			typ:       m.Type(),
			direction: m.direction(),
			goType:    reflect.TypeOf(m),
			content:   shapes.of(reflect.TypeOf(m)),
			wire:      shapes.of(reflect.TypeOf(m.wire(header{}))),
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
