package stream_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

func TestMessagesAreBroughtIntoTheirConversations(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	require.NoError(t, err)
	deliverer := &engage.Deliverer{Client: client}
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	worker, err := stream.NewWorker(inbox, stream.WithBusinesses(map[string]string{"a_shop": "15550100"}))
	require.NoError(t, err)
	worker.OnMessage(stream.ToConversation(deliverer.Deliver))
	put(t, inbox, []byte(`{"channel":"WhatsApp","event":"MO","waid":"15550199","appId":"a_shop","tid":"1","message":"hello","username":"Ben"}`))
	put(t, inbox, []byte(`{"channel":"WhatsApp","event":"MO","waid":"15550199","appId":"a_shop","tid":"2","message":"are you there?"}`))
	put(t, inbox, []byte(`{"channel":"AppleBusinessChat","event":"MO","abcUserId":"urn:mbid:AQAAY","abcAccountId":"5f1c","tid":"3","message":"hi","capabilityList":"LIST,TIME"}`))

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	require.NoError(t, inbox.Drain(t.Context()))
	stop()
	require.NoError(t, <-ended)
	require.EqualValues(t, 3, worker.Counts().Handled)
	require.Empty(t, inbox.DeadLetters())

	conversations := map[channel.Channel]engagetest.Conversation{}
	for _, conversation := range server.Conversations() {
		conversations[conversation.Channel] = conversation
	}
	require.Len(t, conversations, 2)
	require.Equal(t, "Ben", conversations[channel.WhatsApp].CustomerName)
	require.Len(t, conversations[channel.WhatsApp].Messages, 2)
	require.Contains(t, string(conversations[channel.Apple].CapabilityList), "LIST")
}

// delivering returns a function like that of an engage.Deliverer. It keeps what it gets, and
// returns the errors one after another.
func delivering(got *[]engage.Inbound, failures ...error) func(context.Context, engage.Inbound, ...engage.CallOption) (engage.Delivery, error) {
	return func(_ context.Context, in engage.Inbound, _ ...engage.CallOption) (engage.Delivery, error) {
		*got = append(*got, in)
		if len(*got) <= len(failures) {
			return engage.Delivery{}, failures[len(*got)-1]
		}
		return engage.Delivery{}, nil
	}
}

func TestAMessageThatIsHandledAgainIsDeliveredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []engage.Inbound
		w := newWorking(t)
		busy := &outcome.Error{Edge: outcome.ServiceUnavailable, Effect: outcome.Refused}
		w.OnMessage(stream.ToConversation(delivering(&got, busy, errors.New("no network"))))
		put(t, w.inbox, payload("ann", 1))
		w.start()
		time.Sleep(time.Hour)
		require.NoError(t, w.stop())
		require.Len(t, got, 3)
		require.Equal(t, []bool{false, true, true}, []bool{got[0].Again, got[1].Again, got[2].Again})
		for _, in := range got[1:] {
			require.Equal(t, got[0].Message, in.Message, "with the alias id that it had")
		}
		require.EqualValues(t, 1, w.Counts().Handled)
	})
}

func TestAMessageThatCannotBeDeliveredBecomesADeadLetterAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		event string
		err   error
		calls int
	}{
		"the service refuses it": {string(payload("ann", 1)), &outcome.Error{Edge: outcome.OnInvalidData, Effect: outcome.Refused}, 1},
		"it may be appended":     {string(payload("ann", 1)), &outcome.Error{Operation: outcome.AppendMessage, Edge: outcome.OnError, Effect: outcome.MaybeApplied}, 1},
		"the app is not known":   {`{"channel":"WhatsApp","event":"MO","waid":"1","appId":"a_1","tid":"1","message":"hello"}`, nil, 0},
		"it names no customer":   {`{"channel":"SMS","event":"MO","da":"500","tid":"1","message":"hello"}`, nil, 0},
		"it cannot be read":      {`{"channel":"AppleBusinessChat","event":"INTERACTIVERESPONSE","abcUserId":"u","abcAccountId":"b","tid":"1"}`, nil, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var got []engage.Inbound
			w := newWorking(t)
			w.OnMessage(stream.ToConversation(delivering(&got, test.err)))
			put(t, w.inbox, []byte(test.event))
			w.start()
			time.Sleep(time.Hour)
			require.NoError(t, w.stop())
			require.Len(t, w.inbox.DeadLetters(), 1, name)
			require.Equal(t, 1, w.inbox.DeadLetters()[0].Attempts, name)
			require.Len(t, got, test.calls, name)
		})
	}
}

func TestAMessageThatNoConversationCanHoldIsNotDelivered(t *testing.T) {
	var got []engage.Inbound
	handle := stream.ToConversation(delivering(&got))
	for name, payload := range map[string]string{
		"a channel without conversations": `{"channel":"RCS","event":"MO","msisdn":"1","appId":"a_1","tid":"1","message":"hello"}`,
		"no content":                      `{"channel":"SMS","event":"MO","oa":"1","da":"500","tid":"1"}`,
	} {
		event, err := stream.Decode([]byte(payload))
		require.NoError(t, err)
		require.NoError(t, handle(t.Context(), event.(stream.MessageEvent)), name)
	}
	require.Empty(t, got)
}

func TestTheBusinessOfAnAppIsThatOfTheOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		businesses := map[string]string{"a_1": "15550100", "500": "another"}
		w := newWorking(t, stream.WithBusinesses(businesses), stream.WithHandlers(1))
		clear(businesses)
		var addresses []channel.Address
		w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			addresses = append(addresses, e.Address())
			return nil
		})
		for n, party := range []string{`"channel":"WhatsApp","waid":"1","appId":"a_1"`, `"channel":"WhatsApp","waid":"1","appId":"a_2"`,
			`"channel":"SMS","oa":"1","da":"500"`} {
			put(t, w.inbox, []byte(`{"event":"MO","tid":"`+string(rune('a'+n))+`",`+party+`}`))
		}
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.Equal(t, []channel.Address{
			channel.WhatsAppAddress{Business: "15550100", Customer: "1"}, nil, channel.SMSAddress{Business: "500", Customer: "1"},
		}, addresses)
	})
}
