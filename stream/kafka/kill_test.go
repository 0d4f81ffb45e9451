package kafka_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

// workerBroker is the environment variable that makes the test program a worker on
// the broker that it names.
const workerBroker = "KAFKA_TEST_BROKER"

// runWorker handles one event for each byte on standard input, and prints the
// event. It runs until it is killed.
func runWorker(broker string) (status int) {
	ctx := context.Background()
	source, err := kafka.Open(ctx, kafka.Config{
		Brokers:        []string{broker},
		Topics:         []string{topic},
		Group:          group,
		CommitInterval: 100 * time.Millisecond,
		Options:        []kgo.Opt{kgo.SessionTimeout(time.Second), kgo.HeartbeatInterval(100 * time.Millisecond)},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	worker, err := stream.NewWorker(source)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	allowed := make(chan struct{})
	go func() {
		var one [1]byte
		for {
			if _, err := os.Stdin.Read(one[:]); err != nil {
				return
			}
			allowed <- struct{}{}
		}
	}()
	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error {
		select {
		case <-allowed:
		case <-ctx.Done():
			return ctx.Err()
		}
		_, err := fmt.Println(e.Customer, e.TransactionID[len(e.Customer)+1:])
		return err
	})
	fmt.Fprintln(os.Stderr, worker.Run(ctx))
	return 1
}

func TestAWorkerThatIsKilledLosesNothing(t *testing.T) {
	const partitions, customers, messages, kills, perLife = 4, 40, 20, 4, 150
	cluster := newCluster(t, partitions)
	all := conversations(partitions, customers, messages)
	produce(t, cluster, all...)
	record := newHandled()

	progress := func() (offsets int64) {
		for p := range int32(partitions) {
			offsets += committed(cluster, p)
		}
		return offsets
	}

	// live runs a worker until it has handled so many events, or all, and has
	// committed some. Then it kills the worker while that handles others.
	live := func(events int) {
		program, err := os.Executable()
		require.NoError(t, err)
		worker := exec.CommandContext(t.Context(), program)
		worker.Env = append(os.Environ(), workerBroker+"="+cluster.ListenAddrs()[0])
		worker.Stderr = os.Stderr
		out, err := worker.StdoutPipe()
		require.NoError(t, err)
		in, err := worker.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, worker.Start())
		_, err = in.Write(bytes.Repeat([]byte{'.'}, events))
		require.NoError(t, err)

		before := progress()
		lines := bufio.NewScanner(out)
		for n := 0; n < events && record.distinct() < len(all) && lines.Scan(); n++ {
			var customer string
			var number int
			_, err := fmt.Sscan(lines.Text(), &customer, &number)
			require.NoError(t, err)
			record.note(customer, number)
		}
		eventually(t, func() bool { return progress() > before })
		require.NoError(t, worker.Process.Kill())
		_, _ = io.Copy(io.Discard, out)
		require.Error(t, worker.Wait(), "it was killed")
	}
	for range kills {
		live(perLife)
	}
	live(len(all) * 2)

	require.Equal(t, len(all), record.distinct())
	require.Empty(t, record.disorder)
	t.Logf("%d events, %d kills: each handled, %d handled again", len(all), kills, record.again())
}
