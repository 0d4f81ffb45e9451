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

// Config says where an inbox is and how it stores its entries. The zero value
// is ready to use.
//
// The fields from Lines on belong to the inbox, and all programs share them. A
// field that is zero leaves the inbox as it is, or takes its default if the
// inbox is new. A field that is not zero changes the inbox for all programs,
// except Lines and Lease, which are fixed when the inbox is created.
type Config struct {
	// URL lists the servers, separated by commas. The prefix nats:// is
	// optional. The default is nats://127.0.0.1:4222. Credentials go into
	// Options.
	URL string
	// Options configure the connection, for example its credentials or TLS.
	// They override the package's own: to reconnect without end, also while
	// credentials are refused, and to replace a connection that is silent for
	// six seconds.
	Options []nats.Option
	// Logger logs lost connections, missing permissions, and messages that are
	// not entries. It gets no payload and no URL. The default is not to log.
	Logger *slog.Logger
	// Name is the prefix of the inbox's streams and subjects: up to 64 letters,
	// digits, hyphens and underscores. The default is engage-inbox. Inboxes
	// with different names share nothing.
	Name string

	// Lines is the number of entries that all workers together can handle at a
	// time, up to 1024. It is fixed when the inbox is created, because another
	// number would break the order; [Open] refuses another one. The default is
	// 32. Each line is a consumer, with its own replicas in a cluster: use as
	// many as there are handlers rather than hundreds.
	Lines int
	// Lease is how long a delivery belongs to its taker. It is fixed when the
	// inbox is created, because programs with different leases could handle one
	// conversation at the same time; [Open] refuses another one. The default is
	// 30 seconds. If the taker dies, the entry is delivered again after at most
	// twice the lease.
	Lease time.Duration
	// Replicas is the number of servers that store each entry: 1, 3 or 5. The
	// default is 1.
	Replicas int
	// MaxEntries and MaxBytes limit the entries that wait or are being handled.
	// Each entry counts about 200 bytes in addition to its payload. The server
	// reserves MaxBytes on its disk. The defaults are 1,000,000 and 1 GiB.
	MaxEntries int64
	MaxBytes   int64
	// RememberFor and Remembered limit the ids of settled entries that are
	// recognized as copies, by age and by number. Each takes a few hundred bytes
	// of the servers' memory and disk. The defaults are 24 hours and 1,000,000.
	RememberFor time.Duration
	Remembered  int64
	// CopyWindow is how long the servers keep the id of a new entry in memory,
	// to recognize copies that arrive close together. The default is 2 minutes.
	CopyWindow time.Duration
	// MaxDeadLetters is how many dead letters are kept; the oldest are deleted
	// first. MaxBytes limits their size as well. The default is 100,000.
	MaxDeadLetters int64
}

// The limits of a configuration.
const (
	maxLines = 1024
	minTime  = 100 * time.Millisecond
)

// validName matches what both JetStream and a file system accept as the name of
// a stream.
var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// withDefaults fills in the fields that do not belong to the inbox.
func (c Config) withDefaults() Config {
	c.URL = cmp.Or(c.URL, nats.DefaultURL)
	c.Name = cmp.Or(c.Name, "engage-inbox")
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

// parseServer parses a server's URL, which may lack its scheme.
func parseServer(server string) (*url.URL, error) {
	if !strings.Contains(server, "://") {
		server = "nats://" + server
	}
	return url.Parse(server)
}

// Validate checks the configuration as [Open] does before it connects. The
// error is an [*outcome.Error] whose violations name the invalid fields.
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
		if time.d != 0 && time.d < minTime {
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
