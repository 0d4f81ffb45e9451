package jetstream_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjetstream "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// While an operator changes a password, servers and programs can have different
// ones for a moment.
func TestAPasswordThatIsRefusedForATimeClosesNothing(t *testing.T) {
	t.Parallel()
	folder, listen := t.TempDir(), freeAddress(t)
	start := func(password string) *embedded.Server {
		started, err := embedded.Start(t.Context(), embedded.Config{
			Folder: folder, Listen: listen,
			Configure: func(o *server.Options) {
				o.Users = []*server.User{{Username: "receiver", Password: password}}
			},
		})
		require.NoError(t, err)
		return started
	}
	first := start("hunter2")
	refusals := make(chan error, 100)
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{
		URL:   "nats://" + listen,
		Lines: 4,
		Options: []nats.Option{
			nats.UserInfo("receiver", "hunter2"),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refusals <- err }),
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()

	require.NoError(t, first.Close())
	second := start("*******")
	for range 3 {
		require.ErrorIs(t, <-refusals, nats.ErrAuthorization)
	}
	require.NoError(t, second.Close())
	third := start("hunter2")
	defer func() { require.NoError(t, third.Close()) }()
	put(t, inbox, "a", 1)
	require.Equal(t, "a-1", take(t, inbox).ID)
}

func TestAMissingPermissionIsReported(t *testing.T) {
	t.Parallel()
	const pull, entries = "$JS.API.CONSUMER.MSG.NEXT.>", "engage-inbox.entry.>"
	for name, test := range map[string]struct {
		denied string
		call   func(context.Context, stream.Inbox) error
	}{
		"to take": {pull, func(ctx context.Context, i stream.Inbox) error { _, err := i.Take(ctx); return err }},
		"to put":  {entries, func(ctx context.Context, i stream.Inbox) error { _, err := i.Put(ctx, entry("a", 1)); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, embedded.Config{Configure: func(o *server.Options) {
				o.Users = []*server.User{{Username: "worker", Password: "hunter2", Permissions: &server.Permissions{
					Publish: &server.SubjectPermission{Deny: []string{test.denied}},
				}}}
			}})
			logged := make(chan string, 100)
			inbox := join(t, server, jetstream.Config{
				Lines:   1,
				Options: []nats.Option{nats.UserInfo("worker", "hunter2")},
				Logger:  slog.New(slog.NewTextHandler(lines(logged), nil)),
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience(t))
			defer cancel()
			require.ErrorIs(t, test.call(ctx, inbox), nats.ErrPermissionViolation)
			require.Contains(t, <-logged, "level=WARN")
		})
	}
}

// A program needs no permission for what the inbox only tidies up.
func TestEntriesAreTakenWithoutThePermissionToRemoveThem(t *testing.T) {
	t.Parallel()
	server := startServer(t, embedded.Config{Configure: func(o *server.Options) {
		o.Users = []*server.User{{Username: "worker", Password: "hunter2", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.MSG.>"}},
		}}}
	}})
	for n := range 2 {
		inbox := join(t, server, jetstream.Config{Lines: 1, Options: []nats.Option{nats.UserInfo("worker", "hunter2")}})
		put(t, inbox, "a", n)
		require.NoError(t, take(t, inbox).Ack(t.Context()))
		empty(t, inbox)
	}
}

// lines is a writer that sends each line to a channel.
type lines chan<- string

func (l lines) Write(line []byte) (int, error) {
	l <- string(bytes.Clone(line))
	return len(line), nil
}

// By default NATS needs six minutes to notice that a connection is silent.
func TestASilentConnectionIsReplacedSoon(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	startServer(t, embedded.Config{Listen: listen})
	proxy := newProxy(t, listen)
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: proxy.listener.Addr().String()})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	put(t, inbox, "a", 1)

	proxy.silence()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	duplicate, err := inbox.Put(ctx, entry("a", 2))
	require.NoError(t, err)
	require.False(t, duplicate)
	require.NoError(t, take(t, inbox).Ack(t.Context()))
	require.NoError(t, take(t, inbox).Ack(t.Context()))
	nothing(t, inbox)
}

// proxy stands between a program and a server.
type proxy struct {
	listener net.Listener
	server   string
	// accepted counts the connections; the first silent ones forward nothing.
	accepted, silent atomic.Int64
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, server: server}
	t.Cleanup(func() { _ = listener.Close() })
	go p.run()
	return p
}

// silence makes the connections forward nothing from now on, without closing
// them.
func (p *proxy) silence() { p.silent.Store(p.accepted.Load()) }

func (p *proxy) run() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		number := p.accepted.Add(1)
		go p.forward(number, client, server)
		go p.forward(number, server, client)
	}
}

func (p *proxy) forward(number int64, from, to net.Conn) {
	defer to.Close()
	data := make([]byte, 64<<10)
	for {
		n, err := from.Read(data)
		if number > p.silent.Load() {
			_, writing := to.Write(data[:n])
			err = errors.Join(err, writing)
		}
		if err != nil {
			return
		}
	}
}

// Two of three servers stop, so that no leader can be elected until one of them
// is back.
func TestAPutWaitsForAnElection(t *testing.T) {
	t.Parallel()
	servers, err := embedded.StartCluster(t.Context(), t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, servers.Close()) }()
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{URL: servers.URL(), Replicas: 3, Lines: 2})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	put(t, inbox, "a", 1)

	require.NoError(t, servers.Stop(0))
	require.NoError(t, servers.Stop(1))
	stored := make(chan error, 1)
	go func() {
		duplicate, err := inbox.Put(t.Context(), entry("a", 2))
		if duplicate {
			err = errors.New("it is taken for a copy")
		}
		stored <- err
	}()
	requireNoServer(t, inbox) // none that could store an entry
	require.NoError(t, servers.Start(t.Context(), 0))
	require.NoError(t, <-stored)
	// The server that was left may have kept the entry of requireNoServer. From now on
	// the inbox has it once.
	_, err = inbox.Put(t.Context(), entry("other", 1))
	require.NoError(t, err)
	var taken []string
	for !slices.Contains(taken, "a-2") || !slices.Contains(taken, "other-1") {
		delivery := takeAfterTrouble(t, inbox)
		if err := delivery.Ack(t.Context()); err == nil {
			taken = append(taken, delivery.ID)
		}
	}
	require.Equal(t, []string{"a-1", "a-2"}, slices.DeleteFunc(taken, func(id string) bool { return id == "other-1" }))
	nothing(t, inbox)
}

func TestAPutWhoseReplyIsLostIsNotTakenForACopy(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	server := startServer(t, embedded.Config{Listen: listen})
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{
		URL: listen, Options: []nats.Option{nats.SetCustomDialer(&deafDialer{at: "HPUB engage-inbox.entry."})},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	put(t, inbox, "a", 1)
	duplicate, err := join(t, server, jetstream.Config{}).Put(t.Context(), entry("a", 1))
	require.NoError(t, err)
	require.True(t, duplicate)
	require.Equal(t, "a-1", take(t, inbox).ID)
}

// A server that gets the record a second time reports that there is one already.
func TestAnAckWhoseReplyIsLostIsNotTakenForThatOfAnotherProgram(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	startServer(t, embedded.Config{Listen: listen})
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{
		URL: listen, Options: []nats.Option{nats.SetCustomDialer(&deafDialer{at: "HPUB engage-inbox.settled."})},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	put(t, inbox, "a", 1)
	delivery := take(t, inbox)
	require.NoError(t, delivery.Ack(t.Context()))
	require.ErrorIs(t, delivery.Ack(t.Context()), stream.ErrSettled)
	nothing(t, inbox)
}

// The servers may have applied the first attempt, and another taker may have the entry.
func TestANakWhoseReplyIsLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// lose makes the nak end without its reply.
		lose func(conn *nats.Conn, cancel context.CancelFunc)
		want error
	}{
		"because its context ends": {
			func(_ *nats.Conn, cancel context.CancelFunc) { cancel() },
			context.Canceled,
		},
		"because the connection is replaced": {
			func(conn *nats.Conn, _ context.CancelFunc) { _ = conn.ForceReconnect() },
			nats.ErrDisconnected,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listen := freeAddress(t)
			startServer(t, embedded.Config{Listen: listen})
			dialer, connected := &deafDialer{at: "-NAK"}, make(chan *nats.Conn, 1)
			inbox, err := jetstream.Open(t.Context(), jetstream.Config{
				URL: listen, Lines: 1, Lease: 4 * time.Second, Options: []nats.Option{
					nats.SetCustomDialer(dialer),
					nats.ConnectHandler(func(conn *nats.Conn) { connected <- conn }),
				},
			})
			require.NoError(t, err)
			defer func() { require.NoError(t, inbox.Close()) }()
			put(t, inbox, "a", 1)
			delivery := take(t, inbox)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			conn := <-connected
			dialer.whenDeaf = func() { go test.lose(conn, cancel) } // the connection is locked
			require.ErrorIs(t, delivery.Nak(ctx, 0), test.want)

			require.ErrorIs(t, delivery.Nak(t.Context(), 0), stream.ErrSettled)
			require.ErrorIs(t, delivery.Ack(t.Context()), stream.ErrSettled)
			again := take(t, inbox)
			require.Equal(t, "a-1", again.ID)
			require.NoError(t, again.Ack(t.Context()))
		})
	}
}

// deafDialer dials connections. The first one gets no more data from the server once
// it sends a text.
type deafDialer struct {
	at       string
	deaf     sync.Once
	whenDeaf func() // or nil; called when the text is sent
}

func (d *deafDialer) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return &deafConn{Conn: conn, dialer: d}, err
}

type deafConn struct {
	net.Conn
	dialer *deafDialer
	deaf   atomic.Bool
}

func (c *deafConn) Write(data []byte) (int, error) {
	if bytes.Contains(data, []byte(c.dialer.at)) {
		c.dialer.deaf.Do(func() {
			c.deaf.Store(true)
			if c.dialer.whenDeaf != nil {
				c.dialer.whenDeaf()
			}
		})
	}
	return c.Conn.Write(data)
}

func (c *deafConn) Read(data []byte) (int, error) {
	for {
		n, err := c.Conn.Read(data)
		if err != nil || !c.deaf.Load() {
			return n, err
		}
	}
}

// The entry arrives when its taker has gone and the request is over.
func TestAnEntryThatArrivesLateIsGivenBack(t *testing.T) {
	t.Parallel()
	listen := freeAddress(t)
	server := startServer(t, embedded.Config{Listen: listen})
	config := jetstream.Config{Lines: 1, Lease: 20 * time.Second}
	free := join(t, server, config)
	dialer := &slowDialer{}
	config.URL, config.Options = listen, []nats.Option{nats.SetCustomDialer(dialer), nats.PingInterval(time.Minute)}
	busy, err := jetstream.Open(t.Context(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, busy.Close()) }()

	ctx, cancel := context.WithCancel(t.Context())
	taken := make(chan error)
	go func() {
		_, err := busy.Take(ctx)
		taken <- err
	}()
	requireConsumer(t, server, "no entry was requested", func(info *natsjetstream.ConsumerInfo) bool { return info.NumWaiting == 1 })
	dialer.delay.Store(int64(5 * time.Second)) // a request waits for 3
	cancel()
	require.ErrorIs(t, <-taken, context.Canceled)
	put(t, free, "a", 1)
	requireConsumer(t, server, "the entry was not sent", func(info *natsjetstream.ConsumerInfo) bool { return info.NumAckPending == 1 })

	require.Equal(t, 1, take(t, free).Attempt)
}

// slowDialer dials connections whose data from the server arrives after a
// delay, once.
type slowDialer struct{ delay atomic.Int64 }

func (d *slowDialer) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return slowConn{conn, d}, err
}

type slowConn struct {
	net.Conn
	dialer *slowDialer
}

func (c slowConn) Read(data []byte) (int, error) {
	n, err := c.Conn.Read(data)
	<-time.After(time.Duration(c.dialer.delay.Swap(0)))
	return n, err
}
