package engage

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// Transcript returns an iterator over the messages of a conversation. It reads them in
// pages of up to 500. Each page is a call of FetchTranscript and is retried.
//
// The iteration skips *offset messages. It adds one to *offset before it yields a message,
// so that *offset counts the messages that the caller has got. To resume a loop that
// ended early, even in another process, call Transcript with the same offset. A nil offset
// starts at the beginning.
//
// An error is yielded once, with a nil message, and ends the iteration. It is an
// [*outcome.Error] of FetchTranscript. The error is on onError, too, if the service
//
//   - returns a page that begins with the same message as the page before;
//   - returns an empty page although its count of records is larger;
//   - returns no empty page in 2,000 pages.
//
// Only an empty page ends a transcript, because a service may return shorter pages than
// it is asked for.
func (c *Client) Transcript(ctx context.Context, conversationID string, offset *int, options ...CallOption) iter.Seq2[message.Message, error] {
	return func(yield func(message.Message, error) bool) {
		next := new(int)
		if offset != nil {
			next = offset
		}
		w := &fetchTranscript{ConversationID: conversationID, Offset: *next, Limit: maxTranscriptLimit}
		s, err := c.prepare(w, options)
		if err != nil {
			yield(nil, err)
			return
		}
		for page, err := range c.transcriptPages(ctx, w, s, c.observer) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, raw := range page.messages {
				*next++
				if !yield(c.transcribed(ctx, raw), nil) {
					return
				}
			}
		}
	}
}

// The errors of a transcript that cannot be read to its end.
var (
	errPageRepeated = errors.New("the service returns the same page of the transcript again")
	errCutShort     = errors.New("the transcript ends before its count of records")
	errTooLong      = errors.New("the transcript is too long")
)

// mostPages ends a transcript without an end. The service may return shorter pages than
// it is asked for.
const mostPages = 2_000

// transcriptPages returns an iterator over the pages of a transcript from w.Offset on. It
// yields no empty page, and moves w.Offset behind each page. It yields an error once, and
// stops. Each page is a call to observer, which may be nil. That the count of records
// counts all messages is assumed.
func (c *Client) transcriptPages(ctx context.Context, w *fetchTranscript, s *settings, observer Observer) iter.Seq2[*transcriptPage, error] {
	return func(yield func(*transcriptPage, error) bool) {
		var page *transcriptPage
		var previous []byte // The first message of the page before.
		var err error
		for range mostPages {
			page, err = observed(ctx, observer, startOf(w), func(ctx context.Context) (*transcriptPage, error) {
				return c.fetchPage(ctx, w, s)
			})
			switch {
			case err != nil:
				yield(nil, err)
				return
			case len(page.messages) == 0 && page.count > w.Offset:
				yield(nil, unusable(w, page.reply, outcome.OnError, errCutShort))
				return
			case len(page.messages) == 0:
				return
			case bytes.Equal(page.messages[0], previous):
				yield(nil, unusable(w, page.reply, outcome.OnError, errPageRepeated))
				return
			}
			previous = page.messages[0]
			w.Offset += len(page.messages)
			if !yield(page, nil) {
				return
			}
		}
		yield(nil, unusable(w, page.reply, outcome.OnError, errTooLong))
	}
}

// Edge implements [observable].
func (*transcriptPage) Edge() outcome.Edge { return outcome.TranscriptFetched }

func (p *transcriptPage) common() Reply { return replyOf(p.reply, p.Edge()) }
