package engage_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// conversationWith returns a server with a conversation of count messages, whose texts are
// their places from 0 on, and a client of it.
func conversationWith(t *testing.T, count int, options ...engagetest.Option) (*engagetest.Server, *engage.Client, string) {
	t.Helper()
	server := engagetest.NewServer(options...)
	t.Cleanup(server.Close)
	client, err := server.Client(engage.WithCallOptions(quick))
	require.NoError(t, err)
	seeded := engagetest.Conversation{Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199"}
	for i := range count {
		seeded.Messages = append(seeded.Messages, engagetest.Message{
			AliasID: fmt.Sprint("M-", i), Direction: "inbound", Type: "text", Text: strconv.Itoa(i),
		})
	}
	return server, client, server.Seed(seeded)
}

// textsFrom returns the texts from first to last.
func textsFrom(first, last int) []string {
	var texts []string
	for i := first; i <= last; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

// readTranscript reads a transcript from offset to its end or to its error.
func readTranscript(t *testing.T, client *engage.Client, id string, offset *int) ([]string, error) {
	t.Helper()
	var texts []string
	var last error
	for m, err := range client.Transcript(t.Context(), id, offset) {
		require.NoError(t, last, "nothing follows an error")
		if last = err; err != nil {
			require.Nil(t, m)
			continue
		}
		texts = append(texts, m.(message.Text).Text)
	}
	return texts, last
}

func TestATranscriptIsReadToItsEnd(t *testing.T) {
	for name, c := range map[string]struct{ count, pageSize, offset, calls int }{
		"no messages":             {0, 500, 0, 1},
		"one page":                {7, 500, 0, 2},
		"a full page":             {500, 500, 0, 2},
		"several pages":           {1001, 500, 0, 4},
		"short pages":             {10, 3, 0, 5},
		"from an offset":          {10, 3, 4, 3},
		"from the end":            {10, 500, 10, 1},
		"from an offset after it": {10, 500, 11, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, id := conversationWith(t, c.count, engagetest.WithTranscriptPages(c.pageSize))
			offset := c.offset
			texts, err := readTranscript(t, client, id, &offset)
			require.NoError(t, err)
			require.Equal(t, textsFrom(c.offset, c.count-1), texts)
			require.Equal(t, max(c.offset, c.count), offset)
			require.Equal(t, c.calls, sent(server, outcome.FetchTranscript))
		})
	}
}

func TestATranscriptIsResumedAfterTheLastMessageThatItYielded(t *testing.T) {
	server, client, id := conversationWith(t, 8, engagetest.WithTranscriptPages(3))
	offset := 0
	messages := client.Transcript(t.Context(), id, &offset)
	for m, err := range messages {
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(offset-1), m.(message.Text).Text, "the offset counts the message")
		if offset == 2 {
			break
		}
	}
	server.Fail(outcome.FetchTranscript, engagetest.Fault{}, engagetest.Fault{Status: http.StatusForbidden})
	texts, err := readTranscript(t, client, id, &offset)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Equal(t, textsFrom(2, 4), texts, "the second page fails")
	require.Equal(t, 5, offset)

	texts = nil
	for m, err := range messages {
		require.NoError(t, err)
		texts = append(texts, m.(message.Text).Text)
	}
	require.Equal(t, textsFrom(5, 7), texts, "the same iterator resumes, too")
}

func TestATranscriptWithoutAnOffsetIsReadFromItsBeginningEachTime(t *testing.T) {
	_, client, id := conversationWith(t, 4)
	messages := client.Transcript(t.Context(), id, nil)
	for range 2 {
		count := 0
		for _, err := range messages {
			require.NoError(t, err)
			count++
		}
		require.Equal(t, 4, count)
	}
}

func TestATranscriptThatDoesNotEndIsAnError(t *testing.T) {
	page := func(count int, texts ...int) string {
		var messages []string
		for _, text := range texts {
			messages = append(messages, fmt.Sprintf(`{"direction":"inbound","type":"text","text":"%d"}`, text))
		}
		return fmt.Sprintf(`{"status":"success","tid":"T-1","value":{"countOfRecords":%d,"messages":[%s]}}`, count, strings.Join(messages, ","))
	}
	for name, c := range map[string]struct {
		page   func(offset int) string
		read   int
		reason string
	}{
		"the same page for each offset":          {func(int) string { return page(9, 0, 1) }, 2, "the same page"},
		"the same page, which grows":             {func(offset int) string { return page(9, []int{0, 1, 2}[:min(2+offset, 3)]...) }, 2, "the same page"},
		"an empty page before the last message":  {func(offset int) string { return page(9, []int{0, 1}[min(offset, 2):]...) }, 2, "before its count of records"},
		"a new message with each page, for ever": {func(offset int) string { return page(0, offset) }, 2000, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
				reply(http.StatusOK, c.page(offset))(w, r)
			})
			offset := 0
			texts, err := readTranscript(t, server.client(t), "C1", &offset)
			require.ErrorContains(t, err, c.reason)
			failure := failureOf(t, err)
			require.Equal(t, outcome.OnError, failure.Edge)
			require.Equal(t, outcome.FetchTranscript, failure.Operation)
			require.Equal(t, []outcome.TraceID{{Name: "tid", Value: "T-1"}}, failure.TraceIDs)
			require.Equal(t, textsFrom(0, c.read-1), texts)
			require.Equal(t, c.read, offset, "what was read is not lost")
		})
	}
}

func TestATranscriptOfAnInvalidRequestIsNotFetched(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, emptyTranscript))
	client := server.client(t)
	for name, c := range map[string]struct {
		id      string
		offset  int
		options []engage.CallOption
		fields  []string
	}{
		"no conversation":    {"", 0, nil, []string{"ConversationID"}},
		"a negative offset":  {"C1", -1, nil, []string{"Offset"}},
		"an invalid option":  {"C1", 0, []engage.CallOption{engage.WithRetry(engage.Retry{Attempts: -1})}, []string{"options[0]"}},
		"all three together": {"", -1, []engage.CallOption{engage.WithRetry(engage.Retry{Attempts: -1})}, []string{"ConversationID", "Offset", "options[0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			count := 0
			for m, err := range client.Transcript(t.Context(), c.id, &c.offset, c.options...) {
				count++
				require.Nil(t, m)
				require.ErrorIs(t, err, outcome.ErrOnInvalidData)
				var fields []string
				for _, violation := range failureOf(t, err).Violations {
					fields = append(fields, violation.Field)
				}
				require.Equal(t, c.fields, fields)
			}
			require.Equal(t, 1, count)
		})
	}
	require.Empty(t, server.seen())
}

func TestATranscriptEndsWithItsContext(t *testing.T) {
	_, client, id := conversationWith(t, 8, engagetest.WithTranscriptPages(3))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := 0
	var last error
	for _, err := range client.Transcript(ctx, id, nil) {
		if last = err; err == nil {
			count++
			cancel()
		}
	}
	require.Equal(t, 3, count, "the page that was read is yielded")
	require.ErrorIs(t, last, outcome.ErrOnTimeout)
	require.ErrorIs(t, last, context.Canceled)
}

func TestTenMessagesAreFetchedWithoutALimit(t *testing.T) {
	_, client, id := conversationWith(t, 11)
	fetched, err := client.FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: id})
	require.NoError(t, err)
	require.Len(t, fetched.Messages, 10)
	require.Equal(t, 11, fetched.CountOfRecords)
}

// A program keeps the offset, and continues after an error where it was.
func ExampleClient_Transcript() {
	server, client, id := start(engagetest.Active)
	defer server.Close()
	for _, text := range []string{"Is my order on its way?", "Hello?"} {
		_, err := client.AppendMessage(context.Background(), engage.AppendMessageV13{
			ConversationID: id, Channel: channel.SMS, Message: message.Text{Direction: message.Inbound, Text: text},
		})
		if err != nil {
			log.Fatal(err)
		}
	}

	offset := 0
	read := func() error {
		for m, err := range client.Transcript(context.Background(), id, &offset) {
			if err != nil {
				return err
			}
			if text, ok := m.(message.Text); ok {
				fmt.Println(offset, text.Text)
			}
		}
		return nil
	}
	server.Fail(outcome.FetchTranscript, engagetest.Fault{}, engagetest.Fault{Status: http.StatusForbidden})
	err := read()
	fmt.Println(errors.Is(err, outcome.ErrOnAuthorizationFailure))
	fmt.Println(read())
	// Output:
	// 1 Is my order on its way?
	// 2 Hello?
	// true
	// <nil>
}
