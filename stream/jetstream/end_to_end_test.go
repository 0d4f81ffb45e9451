package jetstream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjetstream "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// Senders post events over HTTP, some of them twice, and repeat those whose
// replies were lost. A worker process is killed several times while it handles
// them. Each event is handled, in the order of its conversation. None is handled
// again after its acknowledgement succeeded.
func TestEventsSurviveTheirWorkers(t *testing.T) {
	t.Parallel()
	for name, newSite := range map[string]func(context.Context, *testing.T) site{
		"one server":                        oneServer,
		"three servers, of which one stops": threeServers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience(t))
			defer cancel()
			trial := newTrial(ctx, t, newSite(ctx, t))
			trial.run(ctx, t)
			stored := entriesOf(ctx, t, trial.url).State.LastSeq
			trial.log(t, stored)
			trial.requireHandled(ctx, t)
			trial.requireStored(t, stored)
		})
	}
}

// site is the servers that hold the inbox.
type site struct {
	url      string
	replicas int
	// stop is called when a third of the events were handled, restart when two
	// thirds were.
	stop, restart func()
}

func oneServer(ctx context.Context, t *testing.T) site {
	address := freeAddress(t)
	server, err := embedded.Start(ctx, embedded.Config{Folder: t.TempDir(), Listen: address, SyncInterval: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	goesOn := func() {}
	return site{url: "nats://" + address, replicas: 1, stop: goesOn, restart: goesOn}
}

// freeAddress returns a free address on loopback. Its port is below those that
// systems give to outgoing connections, which could otherwise take the port of a
// stopped server.
func freeAddress(t *testing.T) string {
	t.Helper()
	const lowest, ports = 10_000, 20_000
	var err error
	for range 100 {
		var listener net.Listener
		listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(ports)))
		if err == nil {
			require.NoError(t, listener.Close())
			return listener.Addr().String()
		}
	}
	require.NoError(t, err)
	return ""
}

// threeServers starts a cluster whose leader stops and starts again.
func threeServers(ctx context.Context, t *testing.T) site {
	servers, err := embedded.StartCluster(ctx, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	leader := 0
	stop := func() {
		name := entriesOf(ctx, t, servers.URL()).Cluster.Leader
		number, err := strconv.Atoi(strings.TrimPrefix(name, "server-"))
		require.NoError(t, err)
		leader = number - 1
		require.NoError(t, servers.Stop(leader))
	}
	restart := func() { require.NoError(t, servers.Start(ctx, leader)) }
	return site{url: servers.URL(), replicas: 3, stop: stop, restart: restart}
}

// entriesOf returns the servers' report on the stream of entries.
func entriesOf(ctx context.Context, t *testing.T, url string) *natsjetstream.StreamInfo {
	t.Helper()
	connection, err := nats.Connect(url)
	require.NoError(t, err)
	defer connection.Close()
	js, err := natsjetstream.New(connection)
	require.NoError(t, err)
	entries, err := js.Stream(ctx, "engage-inbox")
	require.NoError(t, err)
	return entries.CachedInfo()
}

// breakpoint says where a worker process stops: at its n-th report of a kind.
type breakpoint struct {
	kind string
	n    int
}

// kills are where processes are killed: while a handler runs, between it and its
// acknowledgement, and after that.
var kills = []breakpoint{{begun, 60}, {handled, 60}, {acknowledged, 60}}

// trial is everything between the senders and the handlers, with its counts.
type trial struct {
	site
	inbox    *jetstream.Inbox
	receiver *stream.Receiver
	network  *network
	traffic  *traffic
	journal  *journal
	inHand   []int // events that each process had not finished when it was killed
}

func newTrial(ctx context.Context, t *testing.T, site site) *trial {
	config := sharedConfig(site.url)
	config.Replicas = site.replicas
	inbox, err := jetstream.Open(ctx, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inbox.Close()) })
	requireReplicas(t, site.url, site.replicas)
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, current, previous))
	require.NoError(t, err)
	traffic := &traffic{conversations: 12, length: 25, half: make(chan struct{})}
	return &trial{
		site: site, inbox: inbox, receiver: receiver, network: &network{receiver: receiver},
		traffic: traffic, journal: newJournal(traffic.events(t)),
	}
}

// run posts all events, and has them handled by one process after another.
func (r *trial) run(ctx context.Context, t *testing.T) {
	server := httptest.NewServer(r.network)
	t.Cleanup(server.Close)
	first, second := newSender(t, server.URL, current), newSender(t, server.URL, previous)
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		r.traffic.send(ctx, t, first, second)
	}()
	t.Cleanup(func() { <-posted })

	all := len(r.journal.events)
	r.journal.progress[all/3] = func() { r.stop(); close(r.traffic.half) }
	r.journal.progress[all*2/3] = r.restart
	for _, until := range kills {
		worker := r.startWorker(ctx, t, until)
		require.True(t, r.journal.follow(worker), "the process ended before it was killed")
		worker.kill()
		r.inHand = append(r.inHand, r.journal.end())
	}
	last := r.startWorker(ctx, t, breakpoint{})
	r.journal.progress[all] = func() {
		<-posted
		empty(t, r.inbox)
		require.NoError(t, last.input.Close())
	}
	require.False(t, r.journal.follow(last))
	require.NoError(t, last.command.Wait())
	require.Zero(t, r.journal.end(), "a process that is not killed finishes its events")
}

func (r *trial) startWorker(ctx context.Context, t *testing.T, until breakpoint) *process {
	return start(ctx, t, "worker", r.url, until.kind, strconv.Itoa(until.n))
}

func (r *trial) log(t *testing.T, stored uint64) {
	t.Logf("%d events sent, in %d posts, which with retries were %d requests; %d replies were lost, %d late",
		len(r.journal.events), r.traffic.posts.Load(), r.traffic.requests.Load(), r.network.lost.Load(), r.network.late.Load())
	counts := r.receiver.Counts()
	t.Logf("%d accepted, %d duplicates, refused for %v; %d stored", counts.Accepted, counts.Duplicates, counts.Refused, stored)
	t.Logf("%d handled; %d kills with %v in hand, %d acknowledgements refused, %d handled again; %d after an acknowledgement, %d out of order",
		len(r.journal.handled), len(r.inHand), r.inHand, r.journal.refused, r.journal.repeated(), len(r.journal.again), len(r.journal.disordered))
}

// requireHandled checks that events were handled as the inbox guarantees.
func (r *trial) requireHandled(ctx context.Context, t *testing.T) {
	t.Helper()
	require.Len(t, r.journal.handled, len(r.journal.events))
	require.Empty(t, r.journal.again, "handled again after their acknowledgement")
	require.Empty(t, r.journal.disordered, "handled out of order")
	require.Empty(t, r.journal.unexpected)

	inHand := 0
	for _, n := range r.inHand {
		require.LessOrEqual(t, n, handlers)
		inHand += n
	}
	// An event is handled again only if a kill came before its acknowledgement,
	// or if the acknowledgement failed, because of its lease or of the servers.
	require.LessOrEqual(t, r.journal.repeated(), inHand+r.journal.refused)
	require.GreaterOrEqual(t, r.journal.repeated(), 2, "the first two processes stopped before an acknowledgement")

	left, err := r.inbox.Counts(ctx)
	require.NoError(t, err)
	require.Equal(t, jetstream.Counts{}, left, "nothing waits, and nothing was given up")
}

// requireStored checks that copies were recognized. Each reply 200 means that an
// event was stored, or that it was a copy.
func (r *trial) requireStored(t *testing.T, stored uint64) {
	t.Helper()
	counts, all := r.receiver.Counts(), uint64(len(r.journal.events))
	answered := uint64(r.traffic.posts.Load() + r.network.lost.Load() + r.network.late.Load())
	require.Positive(t, r.network.lost.Load())
	require.Positive(t, r.network.late.Load())
	require.Positive(t, counts.Secrets[current.Name()])
	require.Positive(t, counts.Secrets[previous.Name()])
	require.GreaterOrEqual(t, counts.Accepted+counts.Duplicates, answered)
	require.LessOrEqual(t, counts.Accepted, stored)
	// An event that is stored too late for its reply is a copy when it is sent again.
	require.GreaterOrEqual(t, counts.Accepted+counts.Refused[stream.RefusedInbox], all)
	// While the servers elect a leader, a copy may be stored. It is dropped when
	// its turn comes.
	require.GreaterOrEqual(t, stored, all)
	if r.replicas == 1 {
		require.Equal(t, all, stored, "each event is stored once")
	}
}
