package jetstream

import (
	"cmp"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/outcome"
)

// Config says where an inbox is and how it keeps its entries. A field that is
// zero has its default. All programs that open an inbox give the same Config:
// what the last one gives applies to all.
type Config struct {
	// URL lists the servers, separated by commas; nats:// may be left out. The
	// default is nats://127.0.0.1:4222. It holds no credentials: they go into
	// Options.
	URL string
	// Options set up the connection: credentials, TLS, a server inside the
	// program. They come after the package's own, which reconnect for ever.
	Options []nats.Option
	// Name is what the inbox's streams and subjects begin with: letters, digits,
	// hyphens and underscores. The default is engage-inbox. Inboxes with
	// different names share nothing.
	Name string
	// Lines is how many entries can be handled at a time, by all workers
	// together, up to 1024. The default is 32, or what the inbox was made with:
	// it cannot be changed while the inbox exists, since that would break the
	// order. Each line is a consumer, with replicas of its own in a cluster:
	// have as many as handlers, and not hundreds.
	Lines int
	// Replicas is on how many servers each entry is stored: 1, 3 or 5. The
	// default is 1, or what the inbox has.
	Replicas int
	// MaxEntries and MaxBytes limit what waits or is being handled. The bytes
	// include about 200 for each entry; the server sets that space aside on its
	// disk. The defaults are 1,000,000 and 1 GiB.
	MaxEntries int64
	MaxBytes   int64
	// Lease is how long a delivery belongs to its taker. The default is 30
	// seconds; this and the other times are a tenth of a second at least. An
	// entry whose taker is gone is given out again after up to twice the lease.
	Lease time.Duration
	// RememberFor and Remembered are how long, and how many of, the settled ids
	// are known as copies. The defaults are 24 hours and 1,000,000. An id takes
	// a few hundred bytes of the servers' memory and disk.
	RememberFor time.Duration
	Remembered  int64
	// CopyWindow is how long the servers keep in memory the ids that were put,
	// to tell copies that arrive close together. The default is 2 minutes.
	CopyWindow time.Duration
	// MaxDeadLetters is how many of the newest dead letters are kept, in as many
	// bytes as MaxBytes says again. The default is 100,000.
	MaxDeadLetters int64
	// Logger is told when the servers cannot be reached, and of entries that
	// cannot be read. It sees no payload and no URL. The default is not to log.
	Logger *slog.Logger
}

// Limits of what a configuration may say.
const (
	maxLines = 1024
	minTime  = 100 * time.Millisecond
)

// validName is what JetStream and a file system take for the name of a stream.
var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// withDefaults fills in the defaults, save those that depend on the inbox.
func (c Config) withDefaults() Config {
	c.URL = cmp.Or(c.URL, nats.DefaultURL)
	c.Name = cmp.Or(c.Name, "engage-inbox")
	c.MaxEntries = cmp.Or(c.MaxEntries, 1_000_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 1<<30)
	c.Lease = cmp.Or(c.Lease, 30*time.Second)
	c.RememberFor = cmp.Or(c.RememberFor, 24*time.Hour)
	c.Remembered = cmp.Or(c.Remembered, 1_000_000)
	c.CopyWindow = cmp.Or(c.CopyWindow, 2*time.Minute)
	c.MaxDeadLetters = cmp.Or(c.MaxDeadLetters, 100_000)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// What a new inbox has.
const (
	defaultLines    = 32
	defaultReplicas = 1
)

// parseServer reads a server's URL as the client does, for which it may lack its
// scheme.
func parseServer(server string) (*url.URL, error) {
	if !strings.Contains(server, "://") {
		server = "nats://" + server
	}
	return url.Parse(server)
}

// Validate finds everything that [Open] would refuse before it connects. The
// error is an [*outcome.Error] whose violations name the fields.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults outcome.Violations
	for server := range strings.SplitSeq(c.URL, ",") {
		switch parsed, err := parseServer(strings.TrimSpace(server)); {
		case err != nil:
			faults.Add("URL", "is not a list of URLs")
		case parsed.User != nil:
			faults.Add("URL", "holds credentials, which go into Options")
		}
	}
	if !validName.MatchString(c.Name) {
		faults.Add("Name", "is not made of 1 to 64 letters, digits, hyphens and underscores")
	}
	if c.Lines < 0 || c.Lines > maxLines {
		faults.Add("Lines", "is not between 1 and 1024")
	}
	if !slices.Contains([]int{0, 1, 3, 5}, c.Replicas) {
		faults.Add("Replicas", "is not 1, 3 or 5")
	}
	for _, time := range []struct {
		field string
		d     time.Duration
	}{
		{"Lease", c.Lease},
		{"RememberFor", c.RememberFor},
		{"CopyWindow", c.CopyWindow},
	} {
		if time.d < minTime {
			faults.Add(time.field, "is shorter than a tenth of a second")
		}
	}
	for _, limit := range []struct {
		field string
		n     int64
	}{
		{"MaxEntries", c.MaxEntries},
		{"MaxBytes", c.MaxBytes},
		{"Remembered", c.Remembered},
		{"MaxDeadLetters", c.MaxDeadLetters},
	} {
		if limit.n < 0 {
			faults.Add(limit.field, "is negative")
		}
	}
	return faults.Err("", "")
}
