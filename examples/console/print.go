package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// result is what a command prints at its end, in order. Fields without a text are left out.
type result []field

type field struct {
	name  string
	value any
}

// end prints the result of a command, and with -json its error, too. It returns the error
// of the command, or else that of printing. If a write has succeeded, an error of printing
// has the effect Applied, so that nobody repeats the write.
func (c *console) end(r result, err error) error {
	printErr := c.print(r, err)
	if c.written && printErr != nil {
		printErr = &outcome.Error{Edge: outcome.OnError, Effect: outcome.Applied, Err: printErr}
	}
	return cmp.Or(err, printErr)
}

// print prints the result of a command, and with -json its error, too.
func (c *console) print(r result, err error) error {
	if c.json {
		return c.printJSON(r.object(err))
	}
	for _, f := range r {
		if value := text(f.value); value != "" {
			if _, err := fmt.Fprintf(c.out, "%-15s %s\n", f.name, shown(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// object returns the JSON object of a result and an error.
func (r result) object(err error) map[string]any {
	object := map[string]any{}
	for _, f := range r {
		if text(f.value) != "" {
			object[f.name] = f.value
		}
	}
	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		object["edge"], object["error"] = failure.Edge, failure
	} else if err != nil {
		object["error"] = map[string]string{"cause": err.Error()}
	}
	return object
}

// text returns a value as text. Spaces separate the elements of a list.
func text(value any) string {
	switch value := value.(type) {
	case []outcome.TraceID:
		var ids []string
		for _, id := range value {
			ids = append(ids, id.Name+"="+id.Value)
		}
		return strings.Join(ids, " ")
	case []string:
		return strings.Join(value, " ")
	}
	return fmt.Sprint(value)
}

// shown returns text as it is if a terminal can show it, and otherwise in quotes, with
// every control character escaped.
func shown(text string) string {
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

// printMessage prints a message with its number in the transcript, which counts from 1.
func (c *console) printMessage(number int, m message.Message) error {
	if c.json {
		return c.printJSON(map[string]any{"number": number, "message": m})
	}
	sent := "-"
	if at := message.EnvelopeOf(m).Timestamp; !at.IsZero() {
		sent = at.UTC().Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(c.out, "%5d  %-20s  %-12s  %s  %s\n", number, sent,
		shown(string(message.DirectionOf(m))), shown(string(m.Type())), strconv.Quote(message.TextOf(m)))
	return err
}

// printJSON prints a value as a line of JSON. Characters that a terminal may not show as
// they are are escaped: encoding/json leaves some of them, such as U+009B.
func (c *console) printJSON(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var line []byte
	for _, r := range string(data) {
		if strconv.IsPrint(r) {
			line = utf8.AppendRune(line, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			line = fmt.Appendf(line, `\u%04x`, unit)
		}
	}
	_, err = c.out.Write(append(line, '\n'))
	return err
}

// printError prints err on standard error.
func (c *console) printError(err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(c.errOut, "console: %v\n", err)
	if statusOf(err) == statusMisused {
		fmt.Fprintln(c.errOut, "console -h shows its usage")
	}
}

// maxSecret is the size in bytes of the longest file with a secret.
const maxSecret = 64 << 10

// readSecret returns the secret in a file, without line breaks at its end. It returns an
// error if the file is longer than maxSecret.
func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("the file of -secret-file is longer than %d bytes", maxSecret)
	}
	return strings.TrimRight(string(data), "\r\n"), err
}
