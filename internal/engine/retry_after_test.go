package engine

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRetryAfter shows that whatever a server asks for is a wait that is not
// negative: a negative one would mean to try again at once, for ever.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "7", "1.5", "-1", "NaN", "Inf", "1e300", "9300000000", "Fri, 31 Dec 9999 23:59:59 GMT", "0x1p-2"} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		require.GreaterOrEqual(t, retryAfter(http.Header{"Retry-After": {value}}, now), time.Duration(0))
	})
}
