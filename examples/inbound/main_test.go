package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/stretchr/testify/require"
)

func noTenant(string) string { return "" }

// feed runs the program on input and returns what it prints.
func feed(t *testing.T, input io.Reader) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), nil, noTenant, input, &out)
	return out.String(), err
}

func TestEveryLineOfTheFileEndsOnAnEdge(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), []string{"messages.ndjson"}, noTenant, nil, &out)
	require.ErrorIs(t, err, errFailed, "some of the messages are malformed on purpose")
	require.Contains(t, out.String(), "54 messages, 18 failed")

	data, err := os.ReadFile("messages.ndjson")
	require.NoError(t, err)
	number := 0
	for line := range strings.Lines(string(data)) {
		if number++; strings.TrimSpace(line) != "" {
			require.Regexp(t, `(?m)^ *`+strconv.Itoa(number)+`  on(ConversationCreated|AppendMessageSuccess|InvalidData) `, out.String())
		}
	}
	for _, name := range []string{"sms", "facebook", "livechat", "email", "whatsapp", "amb", "api"} {
		require.Contains(t, string(data), `"channel": "`+name+`"`)
	}
}

func TestAMalformedLineEndsOnOnInvalidData(t *testing.T) {
	for input, want := range map[string]string{
		`{"channel":"sms"`:     "the line is not complete JSON",
		`[1]`:                  "the line is not a JSON object",
		`null`:                 "channel is not one of the seven channels [sms facebook livechat email whatsapp amb api]",
		`{} {}`:                "the line continues after its JSON object",
		`{}}`:                  "the line continues after its JSON object",
		`{} ]`:                 "the line continues after its JSON object",
		`{},`:                  "the line continues after its JSON object",
		`{} x`:                 "the line continues after its JSON object",
		`{"colour":1}`:         `unknown field "colour"`,
		`{"to":"one"}`:         "to has the wrong type",
		"{\"text\":\"a\xff\"}": "the line is not valid UTF-8",
		`{"channel":"sms","business":"1","customer":"2","text":"hi","timestamp":"2026-01-31T12:00:00"}`: "timestamp has no zone",
		`{"channel":"sms","business":"1","customer":"2","text":"hi","channel":"api"}`:                   "channel is repeated",
		`{"channel":"sms","business":"1","customer":"2","text":"hi","TEXT":"ho"}`:                       "TEXT is repeated",
		`{"channel":"facebook","business":"1","customer":"2","attachments":[` +
			`{"url":"https://a.example","mimeType":"image/png","url":"https://b.example"}]}`: "url is repeated",
		strings.Repeat("x", longestLine+1): "the line is longer than 1048576 bytes",
	} {
		out, err := feed(t, strings.NewReader(input))
		require.ErrorIs(t, err, errFailed)
		require.Contains(t, out, "onInvalidData")
		require.Contains(t, out, want)
		require.Contains(t, out, "1 messages, 1 failed")
	}
}

func TestTheCustomerOfALineReachesTheConversation(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	environment := map[string]string{
		"ENGAGE_BASE_URL": server.URL(), "ENGAGE_CLIENT_ID": server.ClientID(), "ENGAGE_CLIENT_SECRET": server.ClientSecret(),
	}
	line := `{"channel":"amb","business":"1","customer":"2","customerName":"Ann","capabilityList":"AUTH,LIST","text":"hi"}`
	require.NoError(t, run(t.Context(), nil, func(name string) string { return environment[name] }, strings.NewReader(line), io.Discard))
	require.Len(t, server.Conversations(), 1)
	require.Equal(t, "Ann", server.Conversations()[0].CustomerName)
	require.Contains(t, string(server.Conversations()[0].CapabilityList), "AUTH,LIST")
}

func TestTheLineAfterALongOneIsRead(t *testing.T) {
	input := strings.Repeat("x", 3*longestLine) + "\n\n" + `{"channel":"sms","business":"1","customer":"2","text":"hi"}`
	out, err := feed(t, strings.NewReader(input))
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, out, "   3  onConversationCreated")
}

func TestAnErrorOfTheInputIsReturned(t *testing.T) {
	broken := errors.New("the disk is gone")
	good := `{"channel":"sms","business":"1","customer":"2","text":"hi"}` + "\n"
	out, err := feed(t, io.MultiReader(strings.NewReader(good+`{"chan`), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "line 2")
	require.Contains(t, out, "1 messages, 0 failed")
}

func TestBlankInputSucceeds(t *testing.T) {
	out, err := feed(t, strings.NewReader("\n \n"))
	require.NoError(t, err)
	require.Contains(t, out, "0 messages, 0 failed")
}

func TestEqualAttachmentsAreNotRepeatedFields(t *testing.T) {
	_, err := feed(t, strings.NewReader(`{"channel":"facebook","business":"1","customer":"2","attachments":[`+
		`{"url":"https://a.example","mimeType":"image/png","fileName":"a"},`+
		`{"url":"https://a.example","mimeType":"image/png","fileName":"a"}]}`))
	require.NoError(t, err)
}

func TestAnInterruptStopsBeforeTheNextLine(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	display, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, nil, noTenant, in, out)
		_ = out.Close()
	}()
	go func() {
		_, _ = io.WriteString(keyboard, `{"channel":"sms","business":"1","customer":"2","text":"hi"}`+"\n")
	}()
	printed := bufio.NewReader(display)
	first, err := printed.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, first, "   1  onConversationCreated")

	interrupt() // while the program waits for another line
	rest, err := io.ReadAll(printed)
	require.NoError(t, err)
	require.Contains(t, string(rest), "1 messages, 0 failed")
	err = <-ended
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stopped before line 2")

	var none strings.Builder // of a file, whose next line is read already
	err = run(ctx, []string{"messages.ndjson"}, noTenant, nil, &none)
	require.ErrorContains(t, err, "stopped before line 1")
	require.Contains(t, none.String(), "0 messages, 0 failed")
}

func TestInvalidArgumentsAndIncompleteTenantsAreRefused(t *testing.T) {
	var usage strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noTenant, nil, &usage), flag.ErrHelp)
	require.Equal(t, "usage: inbound [file]\n", usage.String())
	for _, arguments := range [][]string{{"-nope"}, {"a", "b"}, {"messages.ndjson", "-h"}} {
		require.ErrorIs(t, run(t.Context(), arguments, noTenant, nil, io.Discard), program.ErrMisuse)
	}
	require.ErrorIs(t, run(t.Context(), []string{"no-such-file"}, noTenant, nil, io.Discard), os.ErrNotExist)
	half := func(name string) string { return map[string]string{"ENGAGE_CLIENT_ID": "id"}[name] }
	require.ErrorContains(t, run(t.Context(), nil, half, strings.NewReader(""), io.Discard), "or none of them")
}
