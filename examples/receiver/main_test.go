package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/stream"
	"github.com/stretchr/testify/require"
)

func TestEveryEventIsHandledOnce(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, func(string) string { return "" }, &out))
	for _, line := range []string{
		"sms        message        text onConversationCreated\n",
		"facebook   message        text onConversationCreated\n",
		"whatsapp   message        text onConversationCreated\n",
		"whatsapp   quick-reply    wab-interactive-response onAppendMessageSuccess\n",
		"livechat   message        text onConversationCreated\n",
		"email      message        email onConversationCreated\n",
		"amb        typing-started typing started: true\n",
		"amb        message        text onConversationCreated\n",
		"rcs        message        no conversation on this channel\n",
		"sms        receipt        the message is Delivered\n",
		"sms        unknown        nothing to do\n",
	} {
		require.Equal(t, 1, strings.Count(out.String(), line), line)
	}
	require.Contains(t, out.String(), "11 events accepted, 11 copies dropped, 0 refused\n11 handled, 0 given up\n")
}

// firstURL passes on the first URL that the program prints.
type firstURL struct {
	io.Writer
	found chan<- string
}

func (f firstURL) Write(text []byte) (int, error) {
	if url := regexp.MustCompile(`http://\S+`).FindString(string(text)); url != "" {
		f.found <- url
	}
	return f.Writer.Write(text)
}

func TestItListensUntilItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	getenv := func(name string) string { return map[string]string{"ENGAGE_HUB_SECRET": "s3cret"}[name] }
	found, ended := make(chan string, 1), make(chan error, 1)
	var out strings.Builder
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, getenv, firstURL{&out, found})
	}()
	url := <-found

	require.NoError(t, feed(t.Context(), url, stream.NewSecret("hub", "s3cret")))
	require.Error(t, feed(t.Context(), url, stream.NewSecret("hub", "forged")))
	interrupt()
	require.NoError(t, <-ended)
	require.Contains(t, out.String(), "11 events accepted, 11 copies dropped, 1 refused\n")
	require.NotContains(t, out.String(), "s3cret")
}

func TestListeningNeedsASecret(t *testing.T) {
	err := run(t.Context(), []string{"-listen", ":0"}, func(string) string { return "" }, io.Discard)
	require.ErrorContains(t, err, "ENGAGE_HUB_SECRET")
}
