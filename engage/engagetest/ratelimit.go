package engagetest

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// WithRateLimit limits the requests in each period of the server's clock, except those for
// a token. The number must be positive, and the period at least a second. A period begins
// with the first request after the period before. Each reply then has the headers
// Rate-Limit-Limit, Rate-Limit-Remaining and Rate-Limit-Reset (documented for an older API
// of the vendor). The reset is a time in RFC 3339, rounded up to a second (assumed). The
// server refuses further requests with the status 429 and a Retry-After (assumed). Without
// this option there is no limit.
func WithRateLimit(requests int, period time.Duration) Option {
	return func(s *settings) {
		if requests < 1 || period < time.Second {
			s.problem("WithRateLimit: the number is not positive, or the period is less than a second")
		}
		s.limit = &rateLimit{most: requests, period: period}
	}
}

// rateLimit counts the requests of the current period. It is safe for concurrent use.
type rateLimit struct {
	most   int
	period time.Duration

	mu   sync.Mutex
	ends time.Time // The end of the period.
	used int
}

// count counts a request and sets the headers of its reply. It returns how long the client
// must wait if the request is beyond the limit, or 0.
func (l *rateLimit) count(header http.Header, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.ends) {
		l.ends, l.used = now.Add(l.period), 0
	}
	l.used++
	header.Set("Rate-Limit-Limit", strconv.Itoa(l.most))
	header.Set("Rate-Limit-Remaining", strconv.Itoa(max(0, l.most-l.used)))
	header.Set("Rate-Limit-Reset", l.ends.Add(time.Second-1).Format(time.RFC3339))
	if l.used > l.most {
		return l.ends.Sub(now)
	}
	return 0
}

// exhausted is the reply to a request beyond the limit.
func (c *call) exhausted(wait time.Duration) reply {
	made := c.reply(result{status: http.StatusTooManyRequests, description: "too many requests"})
	seconds := (wait + time.Second - 1) / time.Second
	made.header = add(nil, "Retry-After", strconv.Itoa(int(seconds)))
	return made
}
