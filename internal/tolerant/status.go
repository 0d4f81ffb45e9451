package tolerant

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// failurePrefixes are the beginnings of the words that mean a failure, without
// separators (assumed: the vendor does not list them). "not started" and "not
// processed yet" are not among them: what they describe may still succeed.
var failurePrefixes = []string{
	"fail", "error", "unsuccessful", "reject", "invalid", "denied", "refused", "false", "nok",
	"notfound", "notallowed", "notaccepted", "notpermitted", "notauthorized", "notvalid", "notsupported", "unauthorized", "forbidden",
}

// successes are the words that mean a success (assumed).
var successes = []string{"success", "successful", "succeeded", "ok"}

// Failed reports whether the status of a reply or a report means a failure, and
// returns the HTTP status to treat it as. A status means a failure if it begins
// with a word of failure, in any spelling, or is an HTTP status from 400 (assumed).
// A word of failure is treated as 409.
func Failed(status string) (httpStatus int, failed bool) {
	if status == "success" { // By far the most frequent one.
		return 0, false
	}
	folded := Fold(status)
	for _, word := range failurePrefixes {
		if strings.HasPrefix(folded, word) {
			return http.StatusConflict, true
		}
	}
	httpStatus = HTTPStatus(status)
	return httpStatus, httpStatus >= 400
}

// Succeeded reports whether the status of a reply or a report means a success: a
// word of success, in any case, or an HTTP status of success (assumed).
func Succeeded(status string) bool {
	return slices.Contains(successes, strings.ToLower(strings.TrimSpace(status))) || HTTPStatus(status)/100 == 2
}

// HTTPStatus returns the HTTP status in text: a decimal number, as JSON may write
// it, with or without white space around it. It returns 0 if text holds none.
func HTTPStatus(text string) int {
	text = strings.TrimSpace(text)
	if text == "" || text[0] > '9' { // Mostly a word, and an error of strconv is costly.
		return 0
	}
	if strings.ContainsAny(text, "xX_") { // ParseFloat reads hexadecimal numbers, too.
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number < 100 || number >= 600 {
		return 0
	}
	return int(number)
}
