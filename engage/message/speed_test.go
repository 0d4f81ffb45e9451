package message_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
)

// The floor: plain structs of the shape of each message, which encoding/json
// reads and writes with nothing around it.
type (
	plainHead struct {
		AliasID   string    `json:"aliasId,omitempty"`
		Direction string    `json:"direction"`
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp,omitzero"`
		Redacted  *bool     `json:"redacted,omitempty"`
		Gateway   *bool     `json:"attemptGwDelivery,omitempty"`
	}
	plainText struct {
		plainHead
		Text string `json:"text"`
	}
	plainFile struct {
		MIMEType string `json:"mimeType"`
		FileName string `json:"fileName"`
		URL      string `json:"fileUrl"`
		Dropped  bool   `json:"dropped"`
	}
	plainAttachments struct {
		plainHead
		Attachments []plainFile `json:"attachments"`
	}
	plainTextWithAttachments struct {
		plainHead
		Text        string      `json:"text"`
		Attachments []plainFile `json:"attachments"`
	}
	plainEmail struct {
		plainHead
		Email       message.EmailContent `json:"email"`
		Attachments []struct {
			FileName string `json:"fileName"`
			MIMEType string `json:"mimeType"`
			URL      string `json:"url"`
			Dropped  bool   `json:"dropped"`
		} `json:"attachments"`
	}
	plainLiveChatCarousel struct {
		plainHead
		Text    string                          `json:"text"`
		Content message.LiveChatCarouselContent `json:"lcCarousel"`
	}
	plainLiveChatQuickReplies struct {
		plainHead
		Text    string                              `json:"text"`
		Content message.LiveChatQuickRepliesContent `json:"lcQuickReplies"`
	}
	plainLiveChatCarouselResponse struct {
		plainHead
		Content message.LiveChatCarouselResponseContent `json:"lcCarouselResponse"`
	}
	plainLiveChatQuickRepliesResponse struct {
		plainHead
		Content message.LiveChatQuickRepliesResponseContent `json:"lcQuickRepliesResponse"`
	}
	plainLiveChatFormResponse struct {
		plainHead
		Content message.LiveChatFormResponseContent `json:"lcFormResponse"`
	}
	plainWhatsAppButtons struct {
		plainHead
		Content message.WhatsAppButtonsContent `json:"wabButtons"`
	}
	plainWhatsAppList struct {
		plainHead
		Content message.WhatsAppListContent `json:"wabList"`
	}
	plainWhatsAppInteractiveResponse struct {
		plainHead
		Content message.WhatsAppInteractiveResponseContent `json:"wabInteractiveResponse"`
	}
	plainAppleListPicker struct {
		plainHead
		Content message.AppleListPickerContent `json:"ambListPicker"`
	}
	plainAppleTimePicker struct {
		plainHead
		Content message.AppleTimePickerContent `json:"ambTimePicker"`
	}
	plainAppleQuickReplies struct {
		plainHead
		Content message.AppleQuickRepliesContent `json:"ambQuickReplies"`
	}
	plainAppleForm struct {
		plainHead
		Content message.AppleFormContent `json:"ambForm"`
	}
	plainAppleListPickerResponse struct {
		plainHead
		Content message.AppleListPickerResponseContent `json:"ambListPickerResponse"`
	}
	plainAppleTimePickerResponse struct {
		plainHead
		Content message.AppleTimePickerResponseContent `json:"ambTimePickerResponse"`
	}
	plainAppleQuickRepliesResponse struct {
		plainHead
		Content message.AppleQuickRepliesResponseContent `json:"ambQuickRepliesResponse"`
	}
	plainAppleFormResponse struct {
		plainHead
		Content message.AppleFormResponseContent `json:"ambFormResponse"`
	}
)

// floor is how a plain struct is read and written.
type floor struct {
	decode func([]byte) error
	encode func() ([]byte, error)
}

// floorOf returns the floor of P, filled with data.
func floorOf[P any](data []byte) floor {
	var filled P
	if err := json.Unmarshal(data, &filled); err != nil {
		panic(err)
	}
	return floor{
		decode: func(data []byte) error {
			var plain P
			return json.Unmarshal(data, &plain)
		},
		encode: func() ([]byte, error) { return json.Marshal(filled) },
	}
}

var floors = map[message.Type]func([]byte) floor{
	message.TypeText:                         floorOf[plainText],
	message.TypeAttachments:                  floorOf[plainAttachments],
	message.TypeTextWithAttachments:          floorOf[plainTextWithAttachments],
	message.TypeEmail:                        floorOf[plainEmail],
	message.TypeLiveChatCarousel:             floorOf[plainLiveChatCarousel],
	message.TypeLiveChatQuickReplies:         floorOf[plainLiveChatQuickReplies],
	message.TypeLiveChatCarouselResponse:     floorOf[plainLiveChatCarouselResponse],
	message.TypeLiveChatQuickRepliesResponse: floorOf[plainLiveChatQuickRepliesResponse],
	message.TypeLiveChatFormResponse:         floorOf[plainLiveChatFormResponse],
	message.TypeWhatsAppButtons:              floorOf[plainWhatsAppButtons],
	message.TypeWhatsAppList:                 floorOf[plainWhatsAppList],
	message.TypeWhatsAppInteractiveResponse:  floorOf[plainWhatsAppInteractiveResponse],
	message.TypeAppleListPicker:              floorOf[plainAppleListPicker],
	message.TypeAppleTimePicker:              floorOf[plainAppleTimePicker],
	message.TypeAppleQuickReplies:            floorOf[plainAppleQuickReplies],
	message.TypeAppleForm:                    floorOf[plainAppleForm],
	message.TypeAppleListPickerResponse:      floorOf[plainAppleListPickerResponse],
	message.TypeAppleTimePickerResponse:      floorOf[plainAppleTimePickerResponse],
	message.TypeAppleQuickRepliesResponse:    floorOf[plainAppleQuickRepliesResponse],
	message.TypeAppleFormResponse:            floorOf[plainAppleFormResponse],
}

// sampleOf returns the first sample of a type, its JSON without space and its
// floor.
func sampleOf(tb testing.TB, typ message.Type) (message.Message, []byte, floor) {
	tb.Helper()
	for _, name := range names() {
		if m := samples[name]; m.Type() == typ {
			data := encode(tb, m)
			return m, data, floors[typ](data)
		}
	}
	tb.Fatalf("no sample of %s", typ)
	return nil, nil, floor{}
}

func TestTheFloorWritesWhatWeWrite(t *testing.T) {
	for _, typ := range message.Types() {
		_, data, floor := sampleOf(t, typ)
		plain, err := floor.encode()
		require.NoError(t, err)
		require.JSONEq(t, string(data), string(plain), typ)
	}
}

// marked returns m with a member that no type has.
func marked(tb testing.TB, m message.Message) message.Message {
	tb.Helper()
	data := encode(tb, m)
	marked, err := message.Decode(append(data[:len(data)-1], `,"unknown":1}`...))
	require.NoError(tb, err)
	return marked
}

func TestAllocationsStayNearThoseOfAPlainStruct(t *testing.T) {
	for _, typ := range message.Types() {
		t.Run(string(typ), func(t *testing.T) {
			m, data, floor := sampleOf(t, typ)
			decode := allocations(func() { message.Decode(data) })
			require.LessOrEqual(t, decode, 1.5*allocations(func() { floor.decode(data) }))

			plain := allocations(func() { floor.encode() })
			wire := allocations(func() { json.Marshal(message.Wire(m)) })
			require.LessOrEqual(t, wire, 1.2*plain)
			direct := allocations(func() { json.Marshal(m) })
			require.LessOrEqual(t, direct, wire+2, "what a method returns is copied")
			m = marked(t, m)
			extended := allocations(func() { json.Marshal(message.Wire(m)) })
			require.LessOrEqual(t, extended, wire+16, "the buffer grows, and decimals, headers and escapes cost some")
		})
	}
}

// allocations returns how often f allocates at least: encoding/json pools its
// buffers, and now and then it has to make a new one.
func allocations(f func()) float64 {
	fewest := testing.AllocsPerRun(1, f)
	for range 50 {
		fewest = min(fewest, testing.AllocsPerRun(1, f))
	}
	return fewest
}

func BenchmarkDecode(b *testing.B) {
	for _, typ := range message.Types() {
		_, data, floor := sampleOf(b, typ)
		b.Run(string(typ)+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := floor.decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(typ)+"/message", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := message.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode compares the ways to write a message with the floor. What
// encoding/json takes to go over JSON that a method returned stands beside them
// as pass: marshal has one of them, and so has a message with a member that its
// type does not know, in either way.
func BenchmarkEncode(b *testing.B) {
	for _, typ := range message.Types() {
		m, data, floor := sampleOf(b, typ)
		unknown := marked(b, m)
		for _, way := range []struct {
			name   string
			encode func() ([]byte, error)
		}{
			{"floor", floor.encode},
			{"pass", func() ([]byte, error) { return json.Marshal(json.RawMessage(data)) }},
			{"wire", func() ([]byte, error) { return json.Marshal(message.Wire(m)) }},
			{"marshal", func() ([]byte, error) { return json.Marshal(m) }},
			{"wire-unknown", func() ([]byte, error) { return json.Marshal(message.Wire(unknown)) }},
			{"marshal-unknown", func() ([]byte, error) { return json.Marshal(unknown) }},
		} {
			b.Run(string(typ)+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := way.encode(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
