package jetstream_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// What putAndHandle puts, each time that it starts.
const (
	putConversations = 4
	putLength        = 10
)

// putAndHandle is the program that puts all entries into the inbox in a folder
// and handles them. It prints what it does and waits for a line before each
// acknowledgement, and after it.
func putAndHandle(arguments []string) error {
	ctx := context.Background()
	inbox, err := embedded.Open(ctx, embedded.Config{Folder: arguments[0]}, jetstream.Config{Lines: 4, Lease: 300 * time.Millisecond})
	if err != nil {
		return err
	}
	for n := range putLength {
		for c := range putConversations {
			if _, err := inbox.Put(ctx, entry(fmt.Sprintf("c%d", c), n)); err != nil {
				return err
			}
		}
	}
	input := bufio.NewReader(os.Stdin)
	say := func(what, id string) error {
		fmt.Println(what, id)
		_, err := input.ReadString('\n')
		return err
	}
	for {
		delivery, err := inbox.Take(ctx)
		if err != nil {
			return err
		}
		if err := say("handled", delivery.ID); err != nil {
			return err
		}
		if err := delivery.Ack(ctx); err != nil {
			fmt.Println("late", delivery.ID)
			continue
		}
		if err := say("acknowledged", delivery.ID); err != nil {
			return err
		}
	}
}

// A process that embeds the server is killed between handling and acknowledging,
// and right after acknowledging.
func TestAProcessThatIsKilledLosesNothing(t *testing.T) {
	t.Parallel()
	const all = putConversations * putLength
	killAt := map[string][]int{"handled": {5, 15, 25}, "acknowledged": {10, 20, 30}}
	seen := map[string]int{}
	handled, acknowledged, next := map[string]int{}, map[string]int{}, map[string]int{}
	var interrupted []string

	folder := t.TempDir()
	p := start(t.Context(), t, "putter", folder)
	for len(acknowledged) < all {
		what, id, ok := p.next()
		require.True(t, ok, "the process ended")
		conversation, _, _ := strings.Cut(id, "-")
		switch what {
		case "handled":
			require.Zero(t, acknowledged[id], "%s is given out after it was acknowledged", id)
			require.Equal(t, fmt.Sprintf("%s-%d", conversation, next[conversation]), id)
			handled[id]++
		case "acknowledged":
			acknowledged[id]++
			next[conversation]++
		case "late": // the lease ran out
			continue
		default:
			t.Fatalf("the process says %s %s", what, id)
		}
		seen[what]++
		if !slices.Contains(killAt[what], seen[what]) {
			p.proceed()
			continue
		}
		if what == "handled" {
			interrupted = append(interrupted, id)
		}
		p.kill()
		p = start(t.Context(), t, "putter", folder)
	}
	p.kill()

	require.Len(t, interrupted, 3)
	for _, id := range interrupted {
		require.Greater(t, handled[id], 1, "%s was handled again", id)
	}
	require.Len(t, acknowledged, all)
	for id, times := range acknowledged {
		require.Equal(t, 1, times, id)
	}
}
