package main

import (
	"flag"
	"maps"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// addressFlags are the names of the flags that set an address, by channel and by the field
// of its address.
var addressFlags = map[channel.Channel]map[string]string{
	channel.SMS:      {"Business": "business", "Customer": "customer"},
	channel.WhatsApp: {"Business": "business", "Customer": "customer"},
	channel.Facebook: {"PageID": "business", "PageScopedID": "customer"},
	channel.Apple:    {"AccountID": "business", "UserID": "customer"},
	channel.API:      {"BusinessID": "business", "UserID": "customer"},
	channel.LiveChat: {"AppID": "business", "UserID": "customer", "ThreadID": "thread", "BrowserFingerprint": "fingerprint"},
	channel.Email: {
		"Mailbox": "business", "From": "customer", "Subject": "subject", "To": "to", "CC": "cc", "InReplyTo": "in-reply-to",
	},
}

// specialFlags are the flags of an address that only some channels have.
var specialFlags = []string{"thread", "fingerprint", "subject", "in-reply-to", "to", "cc"}

// channelNames are the names of the channels.
const channelNames = "sms, facebook, livechat, email, whatsapp, amb, api"

// address holds the flags of an address.
type address struct{ members channel.Members }

func (a *address) define(flags *flag.FlagSet) {
	m := &a.members
	flags.StringVar((*string)(&m.Channel), "channel", "", "the `name` of the channel: "+channelNames)
	flags.StringVar(&m.BusinessAddress, "business", "", "the `address` of the business: its number, mailbox, page, app, account or id")
	flags.StringVar(&m.CustomerAddress, "customer", "", "the `address` of the customer: number, email address or id")
	flags.StringVar(&m.ThreadID, "thread", "", "livechat: the `id` of the thread")
	flags.StringVar(&m.BrowserFingerprint, "fingerprint", "", "livechat: the `id` of the browser")
	flags.StringVar(&m.Subject, "subject", "", "email: the `text` of the subject")
	flags.StringVar(&m.InReplyTo, "in-reply-to", "", "email: the `id` of the email that the customer answered")
	flags.Func("to", "email: the `address` of a recipient, repeatable", listed(&m.ToRecipients))
	flags.Func("cc", "email: the `address` of a recipient of a copy, repeatable", listed(&m.CCRecipients))
}

// listed returns the function of a flag that adds its value to a list.
func listed(list *[]string) func(string) error {
	return func(value string) error {
		*list = append(*list, value)
		return nil
	}
}

// parse returns the address, and everything that is wrong with it. The violations name the
// flags. The address is nil if the channel is unknown.
func (a *address) parse(flags *flag.FlagSet) (parsed channel.Address, violations outcome.Violations) {
	ch := a.members.Channel
	parsed, err := a.members.Address()
	if err != nil {
		violations.Add("-channel", "is not one of "+channelNames)
		return nil, violations
	}
	fields := addressFlags[ch]
	used := slices.Collect(maps.Values(fields))
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains(specialFlags, f.Name) && !slices.Contains(used, f.Name) {
			violations.Add("-"+f.Name, "is not part of an address on "+string(ch))
		}
	})
	var names []string
	for field, name := range fields {
		names = append(names, field, "-"+name)
	}
	inFlags := strings.NewReplacer(names...)
	for _, problem := range parsed.Problems() {
		violations.Add(inFlags.Replace(problem.Field), inFlags.Replace(problem.Text))
	}
	return parsed, violations
}
