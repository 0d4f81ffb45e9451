package outcome_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

// limits is the header of a reply with a rate limit.
func limits(limit, remaining, reset string) http.Header {
	header := http.Header{}
	header.Set("Rate-Limit-Limit", limit)
	header.Set("Rate-Limit-Remaining", remaining)
	header.Set("Rate-Limit-Reset", reset)
	return header
}

func TestRateLimitOf(t *testing.T) {
	midnight := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for reset, want := range map[string]time.Time{
		"1796083200":                    midnight,
		" 1796083200000 ":               midnight,
		"2026-12-01T00:00:00Z":          midnight,
		"2026-12-01T05:30:00+05:30":     midnight,
		"Tue, 01 Dec 2026 00:00:00 GMT": midnight,
		"3600":                          {},
		"tomorrow":                      {},
		"":                              {},
		"99999999999999999999":          {},
	} {
		limit, ok := outcome.RateLimitOf(limits("10000", "17", reset))
		require.True(t, ok)
		require.Equal(t, []int{10000, 17}, []int{limit.Limit, limit.Remaining})
		require.True(t, limit.Reset.Equal(want), "%q is %v", reset, limit.Reset)
	}
	for _, header := range []http.Header{nil, {}, limits("10000", "", ""), limits("10000", "many", ""), limits("10000", "-1", "")} {
		_, ok := outcome.RateLimitOf(header)
		require.False(t, ok, header)
	}
	limit, ok := outcome.RateLimitOf(limits("all", "0", ""))
	require.True(t, ok)
	require.Equal(t, outcome.RateLimit{}, limit)
}

func ExampleRateLimitOf() {
	header := http.Header{"Rate-Limit-Limit": {"10000"}, "Rate-Limit-Remaining": {"17"}, "Rate-Limit-Reset": {"2026-12-01T00:00:00Z"}}
	if limit, ok := outcome.RateLimitOf(header); ok {
		fmt.Println(limit.Remaining, "of", limit.Limit, "until", limit.Reset.Format(time.DateTime))
	}
	// Output: 17 of 10000 until 2026-12-01 00:00:00
}
