package nothing_test

import (
	"testing"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/stretchr/testify/require"
)

func TestNilsOfEveryKindHoldNothing(t *testing.T) {
	for _, value := range []any{nil, (*int)(nil), (func())(nil), (map[string]int)(nil), ([]int)(nil), (chan int)(nil), error(nil)} {
		require.True(t, nothing.In(value), "%T", value)
	}
	for _, value := range []any{0, "", false, struct{}{}, new(int), func() {}, map[string]int{}, []int{}, make(chan int), [1]*int{}} {
		require.False(t, nothing.In(value), "%T", value)
	}
}
