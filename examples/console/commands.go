package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest/conformance"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/outcome"
)

// search finds the conversation of a customer.
type search struct {
	address
	request engage.SearchConversationV13
}

func (s *search) check(_ context.Context, _ *console, flags *flag.FlagSet) (violations outcome.Violations, err error) {
	s.request.Address, violations = s.parse(flags)
	return violations, nil
}

func (s *search) call(ctx context.Context, c *console) (result, error) {
	found, err := c.tenant.Client.SearchConversation(ctx, s.request, c.retry())
	if found == nil {
		return nil, err
	}
	return result{
		{"edge", outcome.Of(found, err)}, // a conversation in an unknown state has an error, too
		{"conversationId", found.ConversationID},
		{"status", found.Status},
		{"aliasId", found.AliasID},
		{"teamId", found.TeamID},
		{"userId", found.UserID},
		{"traceIds", found.TraceIDs},
	}, err
}

// transcript shows the messages of a conversation.
type transcript struct {
	request engage.FetchTranscriptV10
}

// progressEvery is the number of messages after which transcript shows its progress.
const progressEvery = 100

func (t *transcript) define(flags *flag.FlagSet) {
	flags.IntVar(&t.request.Offset, "offset", 0, "the `number` of messages to skip")
}

func (t *transcript) check(_ context.Context, _ *console, flags *flag.FlagSet) (outcome.Violations, error) {
	t.request.ConversationID = flags.Arg(0)
	return violationsOf(t.request, "Offset", "-offset"), nil
}

func (t *transcript) call(ctx context.Context, c *console) (result, error) {
	offset, count := t.request.Offset, 0
	for m, err := range c.tenant.Client.Transcript(ctx, t.request.ConversationID, &offset, c.retry()) {
		if err != nil {
			if count > 0 {
				fmt.Fprintf(c.errOut, "the transcript ends early: continue it with -offset %d\n", offset)
			}
			return nil, err
		}
		if err := c.printMessage(offset, m); err != nil {
			return nil, err
		}
		if count++; count%progressEvery == 0 {
			fmt.Fprintf(c.errOut, "%d messages so far\n", count)
		}
	}
	fmt.Fprintf(c.errOut, "%d messages\n", count)
	if !c.json {
		return nil, nil
	}
	return result{{"edge", outcome.TranscriptFetched}, {"messages", count}, {"offset", offset}}, nil
}

// appendText appends a text, or an email, to a conversation.
type appendText struct {
	channel     channel.Channel
	direction   message.Direction
	text, alias string
	again       bool
	from        string
	to          []string
	request     engage.AppendMessageV14
}

func (a *appendText) define(flags *flag.FlagSet) {
	flags.StringVar((*string)(&a.channel), "channel", "", "the `name` of the conversation's channel: "+channelNames)
	flags.StringVar((*string)(&a.direction), "direction", "", "inbound, outbound or announcement: from or to the customer, or for agents only")
	flags.StringVar(&a.text, "text", "", "the text; without this flag it is the standard input")
	flags.StringVar(&a.alias, "alias", "", "the alias `id` of the message; without it a new one")
	flags.BoolVar(&a.again, "again", false, "append only if no message in the conversation has the alias id")
	flags.StringVar(&a.from, "from", "", "email: the `address` of the sender")
	flags.Func("to", "email: the `address` of a recipient, repeatable", listed(&a.to))
}

func (a *appendText) check(ctx context.Context, c *console, flags *flag.FlagSet) (outcome.Violations, error) {
	if !isSet(flags, "text") {
		input, err := readText(ctx, c.in)
		if err != nil {
			return nil, err
		}
		a.text = input
	}
	var m message.Message = message.Text{
		Direction: a.direction, Text: a.text, Envelope: message.Envelope{AliasID: a.alias},
	}
	if a.channel == channel.Email {
		m = message.Email{
			Direction: a.direction, Envelope: message.Envelope{AliasID: a.alias},
			Content: message.EmailContent{From: a.from, To: a.to, PlainBody: a.text},
		}
	}
	a.request = engage.AppendMessageV14{ConversationID: flags.Arg(0), Channel: a.channel, Messages: []message.Message{m}}
	violations := violationsOf(a.request,
		"Messages[0].Content.From", "-from", "Messages[0].Content.To", "-to", "Messages[0].Content.PlainBody", "the text",
		"Messages[0].Direction", "-direction", "Messages[0].Text", "the text", "Messages[0].AliasID", "-alias", "Channel", "-channel")
	for _, name := range []string{"from", "to"} {
		if isSet(flags, name) && a.channel != channel.Email {
			violations.Add("-"+name, "is for an email")
		}
	}
	if a.again && a.alias == "" {
		violations.Add("-alias", "is empty: -again needs it")
	}
	return violations, nil
}

func (a *appendText) call(ctx context.Context, c *console) (result, error) {
	receipt, err := c.tenant.Client.AppendMessage(ctx, a.request, c.retry(),
		engage.WithReconciliation(engage.Reconciliation{LookFirst: a.again}))
	if err != nil {
		if failure, ok := errors.AsType[*outcome.Error](err); ok && failure.Effect == outcome.MaybeApplied {
			fmt.Fprintln(c.errOut, "to append the message later, if it is absent then, add -again -alias", shown(text(failure.AliasIDs)))
		}
		return nil, err
	}
	return append(c.receipt(receipt.Receipt), field{"aliasIds", receipt.MessageAliasIDs}), nil
}

// closeConversation closes a conversation.
type closeConversation struct {
	request engage.CloseConversationV10
}

func (*closeConversation) define(*flag.FlagSet) {}

func (cl *closeConversation) check(_ context.Context, _ *console, flags *flag.FlagSet) (outcome.Violations, error) {
	cl.request.ConversationID = flags.Arg(0)
	return violationsOf(cl.request), nil
}

func (cl *closeConversation) call(ctx context.Context, c *console) (result, error) {
	receipt, err := c.tenant.Client.CloseConversation(ctx, cl.request, c.retry())
	if err != nil {
		return nil, err
	}
	return append(c.receipt(*receipt), field{"alreadyDone", receipt.AlreadyDone}), nil
}

// receipt notes that a write has succeeded, and returns what all receipts have in common.
func (c *console) receipt(r engage.Receipt) result {
	c.written = true
	return result{
		{"edge", r.Outcome}, {"proof", r.Proof}, {"conversationId", r.ConversationID},
		{"transactionId", r.TransactionID}, {"code", r.Code}, {"traceIds", r.TraceIDs},
	}
}

// conform checks how the tenant differs from what the SDK assumes. It changes nothing there.
type conform struct {
	address
	target conformance.Target
}

func (co *conform) define(flags *flag.FlagSet) {
	co.address.define(flags)
	flags.StringVar(&co.target.Team, "team", "", "the `name` of a team, to read its working hours")
	flags.StringVar(&co.target.Schedule, "schedule", "", "the `id` of a schedule of business hours, to read it")
}

func (co *conform) check(_ context.Context, _ *console, flags *flag.FlagSet) (violations outcome.Violations, err error) {
	co.target.Address, violations = co.parse(flags)
	if co.target.Team != "" {
		violations = append(violations, violationsOf(engage.FetchTeamWorkingHoursV10{Team: co.target.Team}, "Team", "-team")...)
	}
	if co.target.Schedule != "" {
		violations = append(violations, violationsOf(engage.BusinessHoursV10{ScheduleID: co.target.Schedule}, "ScheduleID", "-schedule")...)
	}
	return violations, nil
}

func (co *conform) call(ctx context.Context, c *console) (result, error) {
	co.target.Endpoint, co.target.Source = c.tenant.Endpoint, c.tenant.Source
	co.target.Options = []engage.Option{engage.WithCallOptions(c.retry())}
	report, err := conformance.Check(ctx, co.target)
	if !c.json {
		_, writeErr := fmt.Fprint(c.out, report)
		return nil, errors.Join(err, writeErr)
	}
	r := result{{"rows", report.Rows}}
	if err != nil {
		r = append(r, field{"failures", strings.Split(err.Error(), "\n")})
	}
	return r, err
}

// violationsOf returns the violations of a request. They name the flags in place of the
// fields: fieldsAndFlags are the fields that a flag sets, each followed by its flag.
func violationsOf(request interface{ Validate() error }, fieldsAndFlags ...string) outcome.Violations {
	failure, ok := errors.AsType[*outcome.Error](request.Validate())
	if !ok {
		return nil
	}
	inFlags := strings.NewReplacer(append(fieldsAndFlags, "ConversationID", "the conversation")...)
	var violations outcome.Violations
	for _, v := range failure.Violations {
		violations.Add(inFlags.Replace(v.Field), v.Problem)
	}
	return violations
}

// isSet reports whether the arguments set a flag.
func isSet(flags *flag.FlagSet, name string) (is bool) {
	flags.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// readText reads a text to its end, and removes one line break there. Of a text that is too
// long it reads only so much that the message is refused.
func readText(ctx context.Context, in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(program.Input(ctx, in), message.MaxSize+1))
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}
