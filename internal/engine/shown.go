package engine

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// mostShown limits what is searched for quotations. An error shows much less.
const mostShown = 64 << 10

// Shown returns what may be shown of a text of the service that may quote the call, such
// as a description: the text without token, body, ids, and values of query and header.
func (c *Call) Shown(text string, token auth.Token) string {
	if text == "" {
		return ""
	}
	text = text[:min(len(text), mostShown)]
	secrets := append(c.quotable(), token.Reveal())
	for segment := range strings.SplitSeq(c.URL.Path, "/") {
		// The names in a path are words in lower case. An id has a digit or a capital.
		if strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz-") != "" {
			secrets = append(secrets, segment)
		}
	}
	var body any
	if json.Unmarshal(c.Body, &body) == nil {
		secrets = appendTexts(secrets, body)
	}
	return safeerror.Cut(text, secrets...)
}

// quotable returns the body, and the values of query and header.
func (c *Call) quotable() []string {
	texts := []string{string(c.Body)}
	for _, values := range []map[string][]string{c.URL.Query(), c.Header} {
		for _, list := range values {
			texts = append(texts, list...)
		}
	}
	return texts
}

// wordMembers are the members of a body whose values are words of the service.
var wordMembers = []string{"channel", "direction", "scope", "type"}

// appendTexts appends the texts in a decoded JSON value, and those in JSON that is itself
// a text of the value, such as the details of a resolve.
func appendTexts(texts []string, value any) []string {
	switch v := value.(type) {
	case string:
		// A decoder of the service may have trimmed it.
		text := strings.TrimSpace(v)
		texts = append(texts, text)
		var inner any
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			_ = json.Unmarshal([]byte(text), &inner) // inner stays nil if text is not JSON.
		}
		return appendTexts(texts, inner)
	case []any:
		for _, element := range v {
			texts = appendTexts(texts, element)
		}
	case map[string]any:
		for name, member := range v {
			if !slices.Contains(wordMembers, name) {
				texts = appendTexts(texts, member)
			}
		}
	}
	return texts
}
