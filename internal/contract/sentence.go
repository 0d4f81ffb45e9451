package contract

import (
	"maps"
	"slices"
	"strings"

	problem "github.com/pb33f/libopenapi-validator/errors"
)

// sentences returns problems as sentences.
func sentences(problems []*problem.ValidationError) []string {
	var all []string
	for _, p := range problems {
		all = append(all, strings.Join(append([]string{p.Message, p.Reason}, reasons(p.SchemaValidationErrors)...), ": "))
	}
	return all
}

// branch is an alternative of a schema that an object does not match, because it is of
// another type. schema and object are the paths to the two.
type branch struct{ schema, object string }

// has reports whether a failure belongs to the branch.
func (b branch) has(failure *problem.SchemaValidationFailure) bool {
	return strings.HasPrefix(failure.KeywordLocation, b.schema) && strings.HasPrefix(failure.FieldPath, b.object)
}

// reasons returns failures as sentences. An invalid message fails in each alternative of
// its schema. Only the failures in that of its own type are of interest. If there are none,
// no alternative has the type of the message, and reasons says so.
func reasons(failures []*problem.SchemaValidationFailure) []string {
	var others []branch
	unknown := map[string]bool{}
	for _, failure := range failures {
		schema, isType := strings.CutSuffix(failure.KeywordLocation, "/properties/type/const")
		if object, ok := strings.CutSuffix(failure.FieldPath, ".type"); ok && isType && strings.Contains(schema, "/oneOf/") {
			others = append(others, branch{schema + "/", object})
			unknown[failure.FieldPath+" names no type of the document"] = true
		}
	}
	var all []string
	for _, failure := range failures {
		isOther := func(b branch) bool { return b.has(failure) }
		if !slices.ContainsFunc(others, isOther) {
			all = append(all, strings.TrimSpace(failure.FieldPath+" "+failure.Reason))
		}
	}
	if all == nil {
		return slices.Sorted(maps.Keys(unknown))
	}
	return all
}
