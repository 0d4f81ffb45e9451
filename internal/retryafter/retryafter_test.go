package retryafter_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/retryafter"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func read(values ...string) time.Duration {
	return retryafter.Read(http.Header{"Retry-After": values}, now)
}

func TestWaitIsReadInEveryForm(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"7":                                7 * time.Second,
		" 7\t":                             7 * time.Second,
		"007":                              7 * time.Second,
		"1.5":                              1500 * time.Millisecond,
		".5":                               500 * time.Millisecond,
		"0.000000001":                      1,
		"Thu, 01 Jan 2026 01:00:00 GMT":    time.Hour,
		" Thu, 01 Jan 2026 01:00:00 GMT ":  time.Hour,
		"Thursday, 01-Jan-26 01:00:00 GMT": time.Hour,
		"Thu Jan  1 01:00:00 2026":         time.Hour,
	} {
		require.Equal(t, want, read(value), value)
	}
}

func TestDateIsMeasuredByTheClockOfTheServer(t *testing.T) {
	for _, clock := range []time.Duration{3 * time.Minute, 0, -3 * time.Minute} {
		server := now.Add(clock)
		header := http.Header{
			"Date":        {server.Format(http.TimeFormat)},
			"Retry-After": {server.Add(2 * time.Second).Format(http.TimeFormat)},
		}
		require.Equal(t, 2*time.Second, retryafter.Read(header, now), clock)
		header["Retry-After"] = []string{"7"}
		require.Equal(t, 7*time.Second, retryafter.Read(header, now), clock)
	}
	header := http.Header{"Date": {"today"}, "Retry-After": {now.Add(time.Hour).Format(http.TimeFormat)}}
	require.Equal(t, time.Hour, retryafter.Read(header, now), "a Date that cannot be read")
}

func TestWaitThatCannotBeReadOrIsOverIsNone(t *testing.T) {
	for _, value := range []string{
		"", " ", ",", ".", "soon", "7s", "7 8", "7\n8", "1.2.3", "seven", "+7", "--7", "0x", "0x7", "1_0", "\x00", "٧",
		"0", "-0", "-1", "-1.5", "-9223372036854775808", "-1e300", "-1e999", "-Inf", "-infinity", "NaN", "nan", "Inf", "+Inf", "infinity", "1e-300", "1e9", "1e300", "1e999", "0x1p+9",
		"Thu, 01 Jan 2026 00:00:00 GMT", "Wed, 31 Dec 2025 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
		"Thu, 32 Jan 2026 01:00:00 GMT", "Thu, 01 Jan 2026 01:00:00 CET", "2026-01-01T01:00:00Z",
	} {
		require.Zero(t, read(value), "%q", value)
	}
	require.Zero(t, read())
	require.Zero(t, retryafter.Read(nil, now))
}

func TestWaitBeyondEveryDurationIsTheLongest(t *testing.T) {
	for _, value := range []string{
		"9223372036.854775808", "9300000000", "9223372036854775807", "99999999999999999999999", strings.Repeat("9", 400),
		"Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		require.Equal(t, time.Duration(math.MaxInt64), read(value), value)
	}
}

func TestLongestOfSeveralWaitsCounts(t *testing.T) {
	for _, values := range [][]string{
		{"60", "5"}, {"5", "60"}, {"soon", "60"}, {"60", ""}, {"-1", "60", "NaN"}, {"5", "Thu, 01 Jan 2026 00:01:00 GMT"},
		{"5, 60"}, {"60,5"}, {"soon, 60"}, {"5, Thu, 01 Jan 2026 00:01:00 GMT"}, {"Thu, 01 Jan 2026 00:01:00 GMT, 5"},
		{"Thu, 01 Jan 2026 00:00:30 GMT, Thu, 01 Jan 2026 00:01:00 GMT"}, {"Thu Jan  1 00:01:00 2026, 5"},
	} {
		require.Equal(t, time.Minute, read(values...), values)
	}
}

// A negative wait would mean another attempt at once, for ever.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "7", "1.5", "-1", "NaN", "Inf", "1e300", "9300000000", "Fri, 31 Dec 9999 23:59:59 GMT", "0x1p-2"} {
		f.Add(seed, "5")
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		require.GreaterOrEqual(t, read(one), time.Duration(0))
		require.Equal(t, max(read(one), read(other)), read(one, other))
	})
}
