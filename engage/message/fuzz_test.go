package message_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
)

// requireFixedPoint requires that decoding and encoding data, the JSON of a message, does
// not change it. It returns the message.
func requireFixedPoint(t *testing.T, data []byte) message.Message {
	t.Helper()
	m, err := message.Decode(data)
	require.NoError(t, err, "%s", data)
	require.Equal(t, string(data), string(encode(t, m)))
	return m
}

// FuzzDecode decodes any data. It encodes and decodes a message again, which must not
// change the JSON.
func FuzzDecode(f *testing.F) {
	for _, name := range names() {
		f.Add(golden(f, name))
	}
	for _, seed := range []string{
		``, `null`, `[]`, `{"type":"hologram","x":[1,2,{"y":null}]}`,
		`{"type":"text","direction":"inbound","text":"\ud83d\ude42","mood":1e5,"aliasId":null}`,
		`{"type":"attachments","attachments":[{"name":"n","url":"u","cid":"c"}]}`,
		`{"type":"lcFormResponse","lcFormResponse":{"fields":[{"value":"v","order":"1"}]}}`,
		`{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timezoneOffset":-60,"location":{"latitude":"-0"}}}}`,
		`{"type":"email","email":{"to":["a",null],"headers":{"X":["y"],"Z":null},"from":""},"timestamp":"noon","redacted":{}}`,
		`{"type":"amb-list-picker-response","ambListPickerResponse":{"listPicker":{"otherItemCount":0,"selectedItems":[{"title":5},null]}}}`,
		`{"type":"email","email":{"headers":{"a":"b"},"<":"\u2028"},"timestamp":"2026-01-31T12:00:00.5+01:00"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := message.Decode(data)
		if err != nil {
			_, ok := errors.AsType[*message.DecodeError](err)
			require.True(t, ok, "%T", err)
			require.Nil(t, m)
			return
		}
		require.True(t, json.Valid(data))
		m.Type()
		message.EnvelopeOf(m)
		encoded := encode(t, m)
		requireFixedPoint(t, encoded)
		var given, got any
		if json.Unmarshal(data, &given) == nil && json.Unmarshal(encoded, &got) == nil { // All numbers are float64s.
			requireSameMembers(t, given, got, "")
		}
	})
}

// FuzzEncode encodes messages of every type with any text and number in every field. It
// decodes and encodes them again, which must change neither the message nor the JSON.
func FuzzEncode(f *testing.F) {
	f.Add("hello", int64(7), 1.5, false)
	f.Add("<a href=\"x\">\u2028\x00🙂", int64(-1), math.Copysign(0, -1), true)
	f.Add("", int64(0), 1e300, true)
	f.Fuzz(func(t *testing.T, text string, whole int64, decimal float64, flag bool) {
		if !utf8.ValidString(text) || decimal-decimal != 0 {
			return // Check reports these as violations.
		}
		for _, name := range names() {
			v := reflect.New(reflect.TypeOf(samples[name])).Elem()
			v.Set(filled(reflect.ValueOf(samples[name]), text, whole, decimal, flag))
			m := v.Interface().(message.Message)

			data := encode(t, m)
			direct, err := json.Marshal(m)
			require.NoError(t, err)
			require.Equal(t, string(data), string(direct))
			read := requireFixedPoint(t, data)
			if text != "" {
				require.Equal(t, m, read)
			}
			// A message with an unknown member is encoded in another way.
			requireFixedPoint(t, append(data[:len(data)-1], `,"unknown":1}`...))
		}
	})
}

// filled returns a copy of v with the given values in every field that is not zero. It
// does not change directions.
func filled(v reflect.Value, text string, whole int64, decimal float64, flag bool) reflect.Value {
	if v.IsZero() || v.Type() == reflect.TypeFor[message.Direction]() {
		return v
	}
	fill := func(v reflect.Value) reflect.Value { return filled(v, text, whole, decimal, flag) }
	other := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		other.SetString(text)
	case reflect.Bool:
		other.SetBool(flag)
	case reflect.Int:
		other.SetInt(whole)
	case reflect.Int64: // a duration
		other.SetInt(whole % 1_000_000_000 * int64(time.Second))
	case reflect.Float64:
		other.SetFloat(decimal)
	case reflect.Pointer:
		other.Set(reflect.New(v.Type().Elem()))
		other.Elem().Set(fill(v.Elem()))
	case reflect.Slice:
		for i := range v.Len() {
			other.Set(reflect.Append(other, fill(v.Index(i))))
		}
	case reflect.Map:
		other.Set(reflect.ValueOf(map[string]string{text: text}))
	case reflect.Struct:
		other.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				other.Field(i).Set(fill(v.Field(i)))
			}
		}
	}
	return other
}
