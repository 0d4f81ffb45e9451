package engagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/message"
)

// Diff compares the messages of a conversation with those that a test wants. It returns
// "" if they are equal, and otherwise both, one line for each message. A line begins with
// "-" if the message is missing, and with "+" if it is not wanted:
//
//	  inbound text "where is my order?"
//	- outbound text "It is on its way."
//	+ outbound text "It is on its way"
//
// A wanted message without an alias id is equal to a message with any alias id. The same
// holds for the timestamp. A test passes the result to a package of
// assertions, or checks that it is empty:
//
//	require.Empty(t, engagetest.Diff(want, server.Messages(id)))
func Diff(want, got []message.Message) string {
	wanted, all := make([]line, len(want)), make([]line, len(got))
	var aliasIDs, timestamps bool // Whether the test wants any.
	for i, m := range want {
		wanted[i] = newLine(m)
		aliasIDs = aliasIDs || wanted[i].aliasID != ""
		timestamps = timestamps || wanted[i].timestamp != ""
	}
	for i, m := range got {
		all[i] = newLine(m)
	}
	if slices.EqualFunc(wanted, all, line.accepts) {
		return ""
	}
	common := commonLengths(wanted, all)
	var diff strings.Builder
	write := func(mark string, l line) {
		diff.WriteString(mark + l.text)
		if aliasIDs && l.aliasID != "" {
			diff.WriteString(" aliasId " + l.aliasID)
		}
		if timestamps && l.timestamp != "" {
			diff.WriteString(" timestamp " + l.timestamp)
		}
		diff.WriteString("\n")
	}
	i, j := 0, 0
	for i < len(wanted) || j < len(all) {
		switch {
		case i < len(wanted) && j < len(all) && wanted[i].accepts(all[j]):
			write("  ", all[j])
			i, j = i+1, j+1
		case j == len(all) || i < len(wanted) && common[i+1][j] >= common[i][j+1]:
			write("- ", wanted[i])
			i++
		default:
			write("+ ", all[j])
			j++
		}
	}
	return diff.String()
}

// commonLengths returns the lengths of the longest common subsequences: element [i][j] is
// that of want[i:] and got[j:].
func commonLengths(want, got []line) [][]int {
	lengths := make([][]int, len(want)+1)
	for i := range lengths {
		lengths[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i].accepts(got[j]) {
				lengths[i][j] = lengths[i+1][j+1] + 1
			} else {
				lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			}
		}
	}
	return lengths
}

// line is a message in one line.
type line struct {
	text      string // All but the alias id and the timestamp.
	aliasID   string
	timestamp string
}

// accepts reports whether got is a message that l wants.
func (l line) accepts(got line) bool {
	return l.text == got.text &&
		(l.aliasID == "" || l.aliasID == got.aliasID) &&
		(l.timestamp == "" || l.timestamp == got.timestamp)
}

// newLine describes a message: its direction, its type, its text, and then its other
// members as JSON.
func newLine(m message.Message) line {
	raw, err := json.Marshal(m)
	if err != nil {
		return line{text: fmt.Sprintf("%T without JSON: %v", m, err)}
	}
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // A long number keeps all of its digits.
	if decoder.Decode(&members) != nil || members == nil {
		return line{text: string(raw)}
	}
	take := func(name string) string {
		text, ok := members[name].(string)
		if ok {
			delete(members, name)
		}
		return text
	}
	l := line{aliasID: take("aliasId"), timestamp: take("timestamp")}
	var parts []string
	for _, name := range []string{"direction", "type"} {
		if text := take(name); text != "" {
			parts = append(parts, text)
		}
	}
	if _, ok := members["text"].(string); ok {
		parts = append(parts, fmt.Sprintf("%q", take("text")))
	}
	if len(members) > 0 {
		parts = append(parts, string(encode(members)))
	}
	l.text = strings.Join(parts, " ")
	return l
}
