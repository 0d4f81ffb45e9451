package stream_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestSeenRemembersTheLastIDs(t *testing.T) {
	const capacity = 1000
	seen := stream.NewSeen(capacity)
	id := func(n int) string { return fmt.Sprintf("%032x", n) }
	for n := range 10 * capacity {
		require.True(t, seen.Claim(id(n)))
		seen.Commit(id(n))
		if n%777 == 0 {
			for last := max(0, n-capacity+1); last <= n; last++ {
				require.False(t, seen.Claim(id(last)), "%d of %d", last, n)
			}
		}
	}
	require.True(t, seen.Claim(id(0)), "an old id is forgotten")
}

func TestSeenForgetsIDsBeforeTwiceItsCapacity(t *testing.T) {
	const ids = 100
	for _, capacity := range []int{1, 10} {
		seen := stream.NewSeen(capacity)
		for n := range ids {
			seen.Commit(fmt.Sprint(n))
		}
		for n := range ids - 2*capacity {
			require.True(t, seen.Claim(fmt.Sprint(n)), "%d, with a capacity of %d", n, capacity)
		}
	}
}

func TestAReleasedIDCanBeClaimedAgain(t *testing.T) {
	seen := stream.NewSeen(0)
	require.True(t, seen.Claim("a"))
	require.False(t, seen.Claim("a"), "while it is claimed")
	seen.Release("a")
	require.True(t, seen.Claim("a"), "after it was released")
	seen.Commit("a")
	seen.Release("a")
	require.False(t, seen.Claim("a"), "after it was committed")
	require.True(t, seen.Claim(""))
	require.True(t, seen.Claim(string(make([]byte, 1000))))
}

func TestSeenCountsAnIDOnce(t *testing.T) {
	seen := stream.NewSeen(2)
	for _, id := range []string{"a", "a", "b", "b"} {
		seen.Commit(id)
	}
	require.False(t, seen.Claim("a"), "of two ids it is one of the last two")
	require.False(t, seen.Claim("b"))
}

func TestAZeroSeenRemembersTheLast(t *testing.T) {
	var seen stream.Seen
	for n := range 200 {
		id := fmt.Sprint(n)
		require.True(t, seen.Claim(id))
		seen.Commit(id)
		seen.Commit(id)
		require.False(t, seen.Claim(id))
	}
	require.True(t, seen.Claim("0"))
}

func TestOneOfManyConcurrentClaimsSucceeds(t *testing.T) {
	const ids, racers = 2000, 8
	seen := stream.NewSeen(ids)
	var won [ids]atomic.Int32
	var group sync.WaitGroup
	for range racers {
		group.Go(func() {
			for n := range ids {
				id := fmt.Sprint(n)
				if seen.Claim(id) {
					won[n].Add(1)
					seen.Commit(id)
				}
			}
		})
	}
	group.Wait()
	for n := range ids {
		require.EqualValues(t, 1, won[n].Load(), n)
	}
}
