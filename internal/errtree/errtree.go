// Package errtree looks at errors that come out of other people's code, before
// anybody asks them for more than their type.
package errtree

import "reflect"

// Sound reports whether err's tree, which consists of err and all that it
// unwraps to, holds no nil pointer. A nil pointer in an error is mostly a
// success that lost its way. Methods and fields of it make whoever finds it
// panic, errors.Is and errors.As included, as soon as they unwrap it.
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
