// Package errtree checks errors of the user's code before their methods are called.
package errtree

import "reflect"

// Sound reports whether err and all errors that it wraps are without nil pointers.
// errors.Is and errors.As panic when they unwrap one.
func Sound(err error) bool {
	if value := reflect.ValueOf(err); value.Kind() == reflect.Pointer && value.IsNil() {
		return false
	}
	switch parent := err.(type) {
	case interface{ Unwrap() error }:
		return Sound(parent.Unwrap())
	case interface{ Unwrap() []error }:
		for _, child := range parent.Unwrap() {
			if !Sound(child) {
				return false
			}
		}
	}
	return true
}
