package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/samples"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/stretchr/testify/require"
)

func noTenant(string) string { return "" }

func TestEveryTypeArrivesAsItWasSent(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, noTenant, &out))
	for _, row := range message.SupportTable() {
		require.Contains(t, out.String(), " "+string(row.Type)+" ", "the support table has a type that the program does not show")
	}
	require.NotContains(t, out.String(), "unknown type")
	for _, line := range []string{
		"  inbound       attachments                 [shoe.png]\n",
		"  outbound      text-with-lc-carousel       Which one? [Red shoe [Take it | Read more] | Blue shoe [Take it]]\n",
		"  outbound      amb-time-picker             Fitting [2026-12-01T09:30:00Z]\n",
	} {
		require.Contains(t, out.String(), line)
	}
}

func TestTheTenantOfTheEnvironmentGetsTheMessages(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	require.NoError(t, run(t.Context(), nil, tenant.Environment(server), io.Discard))
	require.Len(t, server.Conversations(), len(channel.All()))
	for _, c := range server.Conversations() {
		require.Len(t, c.Messages, 1+len(samples.Messages(c.Channel)))
	}
}

func TestARefusalNamesWhatIsInvalid(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, noTenant, &out))
	for _, line := range []string{
		"a carousel on SMS: onInvalidData\n  Messages[0].Type is not supported: AppendMessage 1.4 cannot carry outbound text-with-lc-carousel on sms",
		"on livechat by AppendMessage 1.3 or later",
		"an announcement in version 1.0: onInvalidData\n  Message.Type is not supported: AppendMessage 1.0 cannot carry announcement text on",
		"four buttons on WhatsApp: onInvalidData\n  Messages[0].Content.Action.Buttons must have at most 3 elements, not 4\n",
	} {
		require.Contains(t, out.String(), line)
	}
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noTenant, &out), flag.ErrHelp)
	require.Equal(t, "usage: richmessages\n", out.String())
	for _, argument := range []string{"-nope", "junk"} {
		require.ErrorIs(t, run(t.Context(), []string{argument}, noTenant, io.Discard), program.ErrMisuse)
	}
}
