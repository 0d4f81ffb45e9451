package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestTimesAreReadInEveryShape(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-11-02T10:30:00.250+01:00": time.Date(2026, 11, 2, 9, 30, 0, 250e6, time.UTC),
		"2026-11-02T09:30:00Z":          time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		"2026-11-02T09:30:00.25Z":       time.Date(2026, 11, 2, 9, 30, 0, 250e6, time.UTC),
		"2026-11-02T09:30:00.2512345Z":  time.Date(2026, 11, 2, 9, 30, 0, 251234500, time.UTC),
		"2026-11-02T09:30:00.250":       time.Date(2026, 11, 2, 9, 30, 0, 250e6, time.UTC),
		"2026-11-02 09:30:00":           time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		"2026-11-02T09:30:00+0000":      time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		"2026-11-02T10:30+0100":         time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		"2026-11-02T09:30Z":             time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		"1793611800250":                 time.Date(2026, 11, 2, 9, 30, 0, 250e6, time.UTC),
		"1793611800":                    time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC),
		"9999-12-31T23:59:59Z":          time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"0000-01-01T00:00:00Z":          time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		"99999999999":                   time.Date(5138, 11, 16, 9, 46, 39, 0, time.UTC),
		"100000000000":                  time.Date(1973, 3, 3, 9, 46, 40, 0, time.UTC),
		"253402300799999":               time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
	} {
		got, ok := stream.ParseTime(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "0", "-1", "soon", "2026-13-02T09:30:00Z", "99999999999999999", "2026-11-02T10:30:00.250+01:00x",
		"9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "253402300800000",
	} {
		got, ok := stream.ParseTime(text)
		require.False(t, ok, text)
		require.Zero(t, got)
	}
}
