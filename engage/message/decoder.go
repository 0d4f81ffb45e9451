package message

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// decoder decodes objects into structs. A shape describes each struct. A value that a
// field cannot hold leaves the field zero. Only text that is not JSON is an error.
type decoder struct {
	scanner
	// values is the number of values so far that MaxValues limits.
	values int
	// incomplete reports whether the structs lack something of the JSON: encoding
	// them would lose a member, add one, or change the kind of a value. A number in a
	// string may become a number, and the other way around.
	incomplete bool
}

// count counts one more value.
func (d *decoder) count() error {
	if d.values++; d.values > MaxValues {
		return &DecodeError{Problem: fmt.Sprintf("contains more than %d values", MaxValues)}
	}
	return nil
}

// object reads an object into v, a struct of shape s.
func (d *decoder) object(v reflect.Value, s *shape) error {
	if err := d.enter('{'); err != nil {
		return err
	}
	var seen uint64 // one bit for each field
	for first := true; ; first = false {
		name, more, err := d.member(first)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		i := s.find(name)
		if i < 0 {
			if err := d.unknown(); err != nil {
				return err
			}
			continue
		}
		f := &s.fields[i]
		if seen&(1<<i) != 0 {
			return &DecodeError{f.name, "appears twice"}
		}
		seen |= 1 << i
		if err := d.field(v, f); err != nil {
			return atMember(f.name, err)
		}
	}
	for i := range s.fields {
		if f := &s.fields[i]; seen&(1<<i) == 0 && (!f.omitted || f.standard != "") {
			d.incomplete = true
		}
	}
	return nil
}

// unknown reads the value of a member that has no field.
func (d *decoder) unknown() error {
	d.incomplete = true
	if _, err := d.skip(); err != nil {
		return err
	}
	return d.count()
}

// field reads a value into the field f of the struct v.
func (d *decoder) field(v reflect.Value, f *field) error {
	if f.index == nil { // The type or direction, which head has read.
		value, err := d.skip()
		d.incomplete = d.incomplete || len(value) < len(`"x"`) || value[0] != '"'
		return err
	}
	value, lead := f.of(v), d.Peek()
	read := d.value
	if f.in != "" && lead == '{' {
		read = d.inner
	}
	ok, err := read(value, f)
	if !ok {
		value.SetZero()
	}
	if isBare := f.in != "" && lead != '{'; !ok || isBare || (f.omitted || f.standard != "") && isEmpty(value) {
		d.incomplete = true
	}
	return err
}

// inner reads an object into v, the value of the field f, which holds one member of it. It
// reports whether v can hold the member.
func (d *decoder) inner(v reflect.Value, f *field) (ok bool, err error) {
	if err := d.enter('{'); err != nil {
		return false, err
	}
	seen := false
	for first := true; ; first = false {
		name, more, err := d.member(first)
		switch {
		case err != nil || !more:
			return ok, err
		case string(name) != f.in:
			err = d.unknown()
		case seen:
			err = &DecodeError{f.in, "appears twice"}
		default:
			seen = true
			ok, err = d.value(v, f)
			err = atMember(f.in, err)
		}
		if err != nil {
			return false, err
		}
	}
}

// value reads a value into v, the value of the field f or an element of it. It reports
// whether v can hold the value.
func (d *decoder) value(v reflect.Value, f *field) (ok bool, err error) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(v.Elem(), f)
	case v.Kind() == reflect.Slice && d.Peek() == '[':
		return true, d.list(v, f)
	case v.Kind() == reflect.Map && d.Peek() == '{':
		return true, d.texts(v)
	case v.Kind() == reflect.Struct && f.object != nil && d.Peek() == '{':
		return true, d.object(v, f.object)
	}
	lead := d.Peek()
	text, err := d.scalar(lead)
	return err == nil && d.set(v, f, lead, text), err
}

// scalar reads a value that begins with the byte lead, and returns a string without its quotes
// and any other value as JSON.
func (d *decoder) scalar(lead byte) (string, error) {
	read := d.skip
	if lead == '"' {
		read = d.text
	}
	text, err := read()
	return string(text), err
}

// set sets v, the value of the field f or an element of it, to the value in text, whose JSON
// begins with the byte lead. It reports whether v can hold the value.
func (d *decoder) set(v reflect.Value, f *field, lead byte, text string) bool {
	isWord := lead == 't' || lead == 'f'
	isText := lead == '"'
	if !isText && !isWord && lead != '-' && (lead < '0' || lead > '9') {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		d.incomplete = d.incomplete || !isText
		return true
	case reflect.Bool:
		v.SetBool(text == "true")
		d.incomplete = d.incomplete || !isWord
		return text == "true" || text == "false"
	case reflect.Int:
		number, ok := d.integer(text)
		v.SetInt(number)
		return ok && !v.OverflowInt(number)
	case reflect.Int64: // A duration, which the JSON has in seconds.
		number, ok := d.integer(text)
		v.SetInt(number * int64(time.Second))
		return ok && v.Int()/int64(time.Second) == number
	case reflect.Float64:
		number, ok := decimal(text)
		v.SetFloat(number)
		return ok
	case reflect.Struct:
		return isText && v.Type() == timeType && d.setTime(v, f, text)
	}
	return false
}

// integer returns the whole number in text. It accepts 1800.0, but not +0530, which may
// mean hours and minutes.
func (d *decoder) integer(text string) (number int64, ok bool) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err == nil && strconv.FormatInt(number, 10) == text {
		return number, true
	}
	d.incomplete = true
	const largest = 1 << 53 // Every whole number up to it is a float64.
	float, ok := decimal(text)
	if !ok || float != math.Trunc(float) || math.Abs(float) > largest {
		return 0, false
	}
	return int64(float), true
}

// decimal returns the number in text, which must have the form of a JSON number.
func decimal(text string) (number float64, ok bool) {
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && json.Valid([]byte(text))
}

// setTime sets v, a time of the field f, to the time in text.
func (d *decoder) setTime(v reflect.Value, f *field, text string) bool {
	t, err := time.ParseInLocation(f.layout, text, time.UTC)
	if f.layout == "" || err != nil {
		var problem string
		if t, problem = parseTimestamp(text); problem != "" {
			return false
		}
	}
	d.incomplete = d.incomplete || f.layout != "" && t.Format(f.layout) != text
	*v.Addr().Interface().(*time.Time) = t
	return true
}

// list reads an array into v, a slice. An element that it cannot hold stays zero.
func (d *decoder) list(v reflect.Value, f *field) error {
	if err := d.enter('['); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := d.element(i == 0)
		if err != nil || !more {
			return err
		}
		if err := d.count(); err != nil {
			return err
		}
		v.Grow(1)
		v.SetLen(i + 1)
		ok, err := d.value(v.Index(i), f)
		if err != nil {
			return atMember(fmt.Sprintf("[%d]", i), err)
		}
		if !ok {
			v.Index(i).SetZero()
			d.incomplete = true
		}
	}
}

// texts reads an object of strings into v, a map. It leaves out members that are no
// strings, numbers or booleans.
func (d *decoder) texts(v reflect.Value) error {
	if err := d.enter('{'); err != nil {
		return err
	}
	texts := map[string]string{}
	var leftOut map[string]bool
	v.Set(reflect.ValueOf(texts))
	for first := true; ; first = false {
		name, more, err := d.member(first)
		if err != nil || !more {
			return err
		}
		if err := d.count(); err != nil {
			return err
		}
		text := reflect.New(v.Type().Elem()).Elem()
		ok, err := d.value(text, &field{})
		if err != nil {
			return err
		}
		if _, twice := texts[string(name)]; twice || leftOut[string(name)] {
			return &DecodeError{Problem: "contains a name twice"}
		}
		if !ok {
			if leftOut == nil {
				leftOut = map[string]bool{}
			}
			leftOut[string(name)] = true
			d.incomplete = true
			continue
		}
		texts[string(name)] = text.String()
	}
}
