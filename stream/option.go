package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// apply applies options to target. It returns the errors of all invalid options.
func apply[T any, O ~func(*T) error](target *T, options []O) error {
	var problems []error
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("stream: an option is nil"))
			continue
		}
		problems = append(problems, option(target))
	}
	return errors.Join(problems...)
}

// invalid returns the error of an option with problems. It returns nil if all problems are
// empty.
func invalid(option string, problems ...string) error {
	problems = slices.DeleteFunc(problems, func(problem string) bool { return problem == "" })
	if len(problems) == 0 {
		return nil
	}
	return errors.New("stream: " + option + ": " + strings.Join(problems, "; "))
}

// positive returns the error of an option whose value is not above 0, or nil.
func positive(option string, value int64) error {
	if value <= 0 {
		return fmt.Errorf("stream: %s: the value is not positive", option)
	}
	return nil
}
