package message

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// decoder decodes objects into structs. A shape describes each struct.
type decoder struct {
	scanner
	// values is the number of values so far that MaxValues limits.
	values int
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
		if err != nil || !more {
			return err
		}
		i := s.find(name)
		if i < 0 {
			if err := d.keep(s.additionalOf(v), name); err != nil {
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
}

// field reads a value into the field f of the struct v.
func (d *decoder) field(v reflect.Value, f *field) error {
	if f.index == nil || d.Peek() == 'n' {
		// The value is the type or direction, which head has read, or it is null.
		_, err := d.skip()
		return err
	}
	return d.value(f.of(v), f.object)
}

// keep reads a value of any kind into additional, a field of type Members.
func (d *decoder) keep(additional reflect.Value, name []byte) error {
	value, err := d.skip()
	if err != nil {
		return err
	}
	members := additional.Interface().(Members)
	if members == nil {
		members = Members{}
		additional.Set(reflect.ValueOf(members))
	}
	if _, ok := members[string(name)]; ok {
		return &DecodeError{Problem: "contains an unknown member twice"}
	}
	members[string(name)] = slices.Clone(value)
	return d.count()
}

// value reads a value into v. If v is a struct, a pointer to one or a list of structs,
// object is the shape of the struct.
func (d *decoder) value(v reflect.Value, object *shape) error {
	switch v.Kind() {
	case reflect.String:
		text, err := d.text()
		if err == nil {
			v.SetString(string(text))
		}
		return err
	case reflect.Bool:
		return d.boolean(v)
	case reflect.Int:
		return d.integer(v)
	case reflect.Float64:
		return d.float(v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(v.Elem(), object)
	case reflect.Slice:
		return d.list(v, object)
	case reflect.Map:
		return d.texts(v)
	}
	if object == nil {
		return d.time(v)
	}
	return d.object(v, object)
}

func (d *decoder) boolean(v reflect.Value) error {
	switch {
	case d.Word("true"):
		v.SetBool(true)
	case d.Word("false"):
		v.SetBool(false)
	default:
		return d.mismatch("true or false")
	}
	return nil
}

// numeral reads a number, or a string that may contain one, and returns its text.
func (d *decoder) numeral() (string, error) {
	switch c := d.Peek(); {
	case c == '"':
		text, err := d.text()
		return string(text), err
	case c == '-' || (c >= '0' && c <= '9'):
		text, err := d.number()
		return string(text), err
	}
	return "", d.mismatch("a number")
}

func (d *decoder) integer(v reflect.Value) error {
	text, err := d.numeral()
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return &DecodeError{Problem: "is not a whole number, or too large"}
	}
	if strconv.Itoa(number) != text {
		// +0530 may mean hours and minutes, not 530.
		return &DecodeError{Problem: "is not a whole number in its usual form, such as -60"}
	}
	v.SetInt(int64(number))
	return nil
}

func (d *decoder) float(v reflect.Value) error {
	text, err := d.numeral()
	if err != nil {
		return err
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number-number != 0 { // infinite or not a number
		return &DecodeError{Problem: "is not a number, or too large"}
	}
	v.SetFloat(number)
	return nil
}

func (d *decoder) time(v reflect.Value) error {
	text, err := d.text()
	if err != nil {
		return err
	}
	t, problem := parseTimestamp(string(text))
	if problem != "" {
		return &DecodeError{Problem: problem}
	}
	*v.Addr().Interface().(*time.Time) = t
	return nil
}

// list reads an array into v, a slice. No element may be null.
func (d *decoder) list(v reflect.Value, object *shape) error {
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
		if err := d.value(v.Index(i), object); err != nil {
			return atMember(fmt.Sprintf("[%d]", i), err)
		}
	}
}

// texts reads an object of strings into v, a map. It leaves out members that are null.
func (d *decoder) texts(v reflect.Value) error {
	if err := d.enter('{'); err != nil {
		return err
	}
	texts := map[string]string{}
	v.Set(reflect.ValueOf(texts))
	for first := true; ; first = false {
		name, more, err := d.member(first)
		if err != nil || !more {
			return err
		}
		if d.Word("null") {
			continue
		}
		text, err := d.text()
		if err != nil {
			return err
		}
		if _, ok := texts[string(name)]; ok {
			return &DecodeError{Problem: "contains a name twice"}
		}
		texts[string(name)] = string(text)
		if err := d.count(); err != nil {
			return err
		}
	}
}
