package message_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
)

// Plain structs with the JSON of some messages: the smallest, the largest, one with
// headers and attachments, and one with numbers in strings. A message is compared with
// what encoding/json needs for the plain struct.
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
	plainAppleForm struct {
		plainHead
		Content message.AppleFormContent `json:"ambForm"`
	}
	plainAppleListPickerResponse struct {
		plainHead
		Content message.AppleListPickerResponseContent `json:"ambListPickerResponse"`
	}
)

// plain decodes and encodes a plain struct.
type plain struct {
	decode func(data []byte) error
	encode func() ([]byte, error)
}

// plainOf returns functions that decode a P, and encode the P in data.
func plainOf[P any](data []byte) plain {
	var value P
	if err := json.Unmarshal(data, &value); err != nil {
		panic(err)
	}
	return plain{
		decode: func(data []byte) error {
			var value P
			return json.Unmarshal(data, &value)
		},
		encode: func() ([]byte, error) { return json.Marshal(value) },
	}
}

var plains = map[message.Type]func([]byte) plain{
	message.TypeText:                    plainOf[plainText],
	message.TypeEmail:                   plainOf[plainEmail],
	message.TypeAppleForm:               plainOf[plainAppleForm],
	message.TypeAppleListPickerResponse: plainOf[plainAppleListPickerResponse],
}

// sampleOf returns the first sample of a type and its JSON.
func sampleOf(tb testing.TB, typ message.Type) (message.Message, []byte) {
	tb.Helper()
	for _, name := range names() {
		if m := samples[name]; m.Type() == typ {
			return m, encode(tb, m)
		}
	}
	tb.Fatalf("no sample of %s", typ)
	return nil, nil
}

// extended returns m with an additional member.
func extended(tb testing.TB, m message.Message) message.Message {
	tb.Helper()
	data := encode(tb, m)
	extended, err := message.Decode(append(data[:len(data)-1], `,"unknown":1}`...))
	require.NoError(tb, err)
	return extended
}

func TestAMessageAllocatesLittleMoreThanAPlainStruct(t *testing.T) {
	for typ, plainOf := range plains {
		t.Run(string(typ), func(t *testing.T) {
			m, data := sampleOf(t, typ)
			plain := plainOf(data)
			encoded, err := plain.encode()
			require.NoError(t, err)
			require.JSONEq(t, string(data), string(encoded))

			decode := allocations(func() { message.Decode(data) })
			require.LessOrEqual(t, decode, 1.5*allocations(func() { plain.decode(data) }))
			wire := allocations(func() { json.Marshal(message.Wire(m)) })
			byHand := allocations(func() { plain.encode() })
			if typ == message.TypeText { // the message that is sent most
				require.LessOrEqual(t, wire, byHand)
			}
			require.LessOrEqual(t, wire, byHand+10, "the copy of the message, the growing buffer and the numbers allocate")
		})
	}
}

// allocations returns the smallest number of allocations of f. Now and then it is
// larger, because encoding/json takes its buffers from a pool.
func allocations(f func()) float64 {
	fewest := testing.AllocsPerRun(1, f)
	for range 300 {
		fewest = min(fewest, testing.AllocsPerRun(1, f))
	}
	return fewest
}

// BenchmarkMessage is the evidence for what the package comment says about the speed of
// encoding.
func BenchmarkMessage(b *testing.B) {
	for typ, plainOf := range plains {
		m, data := sampleOf(b, typ)
		plain, extended := plainOf(data), extended(b, m)
		for name, run := range map[string]func() error{
			"decode plain struct": func() error { return plain.decode(data) },
			"decode":              func() error { _, err := message.Decode(data); return err },
			"encode plain struct": func() error { _, err := plain.encode(); return err },
			"encode wire value":   func() error { _, err := json.Marshal(message.Wire(m)); return err },
			"encode":              func() error { _, err := json.Marshal(m); return err },
			"encode extended":     func() error { _, err := json.Marshal(message.Wire(extended)); return err },
		} {
			b.Run(string(typ)+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
