// Package nothing tells whether an interface that a user passed holds anything.
package nothing

import "reflect"

// In reports whether value is nil, or an interface that holds a nil pointer,
// function, map, slice or channel: calling a method of those would mostly panic.
func In(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}
