// Package nothing finds out whether an interface that a user passed holds a value.
package nothing

import "reflect"

// In reports whether value is nil, or holds a nil pointer, function, map, slice or
// channel. Most methods of those would panic.
func In(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}
