//go:build postgres && unix

package pglock_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/pglock"
	"github.com/engagesdk/engage-go/internal/chaostest"
	"github.com/engagesdk/engage-go/internal/postgrestest"
	"github.com/engagesdk/engage-go/outcome"
)

// workers is the number of deliveries that a process makes at a time.
const workers = 25

// deliverInTwoProcesses requires that one of two processes creates the conversation of a
// customer. Without the lock the service would refuse some creates, and a process would go
// on from that. So it counts the creates.
func deliverInTwoProcesses(t *testing.T, cluster *postgrestest.Cluster) {
	server := engagetest.NewServer()
	defer server.Close()
	var creates atomic.Int64
	server.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation == outcome.CreateConversation {
			creates.Add(1)
		}
		return engagetest.Fault{}
	})
	jobs := make(chan chaostest.Delivery)
	var working sync.WaitGroup
	for range 2 {
		p := startProcess(t, cluster, server, server.URL())
		for range workers {
			working.Go(func() {
				for d := range jobs {
					if !p.deliver(d, false) {
						t.Error("the process has ended")
					}
				}
			})
		}
	}
	for _, d := range chaostest.Deliveries() {
		jobs <- d
	}
	close(jobs)
	working.Wait()
	require.NoError(t, chaostest.Check(server))
	require.EqualValues(t, chaostest.Customers, creates.Load())
}

// deliverInChaos requires that no message is lost or doubled while requests and replies
// are lost, and one of two processes is killed. The other one repeats what that one has
// not reported as delivered.
func deliverInChaos(t *testing.T, cluster *postgrestest.Cluster) {
	server := engagetest.NewServer()
	defer server.Close()
	chaostest.Seed(server)
	server.FailFunc(chaostest.NewFaults().Choose)
	front := httptest.NewServer(server.Handler())
	defer front.Close()
	victim := startProcess(t, cluster, server, front.URL+"/api/v1", "PGLOCK_TEST_CHAOS=1")
	survivor := startProcess(t, cluster, server, server.URL(), "PGLOCK_TEST_CHAOS=1")

	jobs := make(chan chaostest.Delivery)
	lost := make(chan chaostest.Delivery, workers)
	var dying, working sync.WaitGroup
	for range workers {
		dying.Go(func() {
			for d := range jobs {
				if !victim.deliver(d, false) {
					lost <- d
					return
				}
			}
		})
		working.Go(func() {
			for d := range jobs {
				if !survivor.deliver(d, false) {
					t.Error("the process has ended")
				}
			}
		})
	}
	working.Go(func() {
		dying.Wait()
		front.Close() // None of the requests of the process is on its way after this.
		close(lost)
		for d := range lost {
			working.Go(func() {
				if !survivor.deliver(d, true) {
					t.Error("the process has ended")
				}
			})
		}
	})
	for i, d := range chaostest.Deliveries() {
		jobs <- d
		if i == chaostest.Customers*chaostest.Each/2 {
			require.NoError(t, victim.command.Process.Kill())
		}
	}
	close(jobs)
	working.Wait()
	require.NoError(t, chaostest.Check(server))
}

// process is a process that delivers messages.
type process struct {
	command *exec.Cmd
	input   io.WriteCloser

	mutex   sync.Mutex
	results map[chaostest.Delivery]chan bool // of the deliveries in progress
	ended   bool
}

// startProcess starts this test binary as a process that delivers to the Engage at
// endpoint. The process ends with the test.
func startProcess(t *testing.T, cluster *postgrestest.Cluster, server *engagetest.Server, endpoint string, environment ...string) *process {
	t.Helper()
	p := &process{command: exec.Command(os.Args[0], "-test.run=^$"), results: map[chaostest.Delivery]chan bool{}}
	p.command.Stderr = os.Stderr
	p.command.Env = append(append(os.Environ(), "PGLOCK_TEST_ENGAGE="+endpoint, "PGLOCK_TEST_DATABASE="+cluster.Address,
		"PGLOCK_TEST_CREDENTIALS="+server.ClientID()+" "+server.ClientSecret()), environment...)
	var err error
	p.input, err = p.command.StdinPipe()
	require.NoError(t, err)
	output, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	var reading sync.WaitGroup
	reading.Go(func() {
		p.read(output)
		_ = p.command.Wait() // It may have been killed.
	})
	t.Cleanup(func() {
		_ = p.input.Close()
		reading.Wait()
	})
	return p
}

// deliver reports whether the process has delivered a message. If not, it has ended.
func (p *process) deliver(d chaostest.Delivery, again bool) bool {
	result := make(chan bool, 1)
	p.mutex.Lock()
	if p.ended {
		result <- false
	} else {
		p.results[d] = result
		_, _ = fmt.Fprintln(p.input, d.Customer, d.Number, again) // It fails if the process has ended.
	}
	p.mutex.Unlock()
	return <-result
}

// read reads which messages the process has delivered, until it ends.
func (p *process) read(output io.Reader) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		var d chaostest.Delivery
		if _, err := fmt.Sscan(lines.Text(), &d.Customer, &d.Number); err != nil {
			break
		}
		p.mutex.Lock()
		p.results[d] <- true
		delete(p.results, d)
		p.mutex.Unlock()
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.ended = true
	for _, result := range p.results {
		result <- false
	}
}

// TestMain is a process that delivers, if the environment says so.
func TestMain(m *testing.M) {
	if os.Getenv("PGLOCK_TEST_ENGAGE") == "" {
		os.Exit(m.Run())
	}
	if err := deliverAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// deliverAll delivers the messages that the lines of the input name, and writes a line
// for each that is delivered.
func deliverAll() error {
	db, err := sql.Open("pgx", os.Getenv("PGLOCK_TEST_DATABASE"))
	if err != nil {
		return err
	}
	db.SetMaxIdleConns(workers)
	var options []engage.Option
	if os.Getenv("PGLOCK_TEST_CHAOS") != "" {
		options = append(options, chaostest.Retry(chaostest.AttemptTimeout))
	}
	id, secret, _ := strings.Cut(os.Getenv("PGLOCK_TEST_CREDENTIALS"), " ")
	client, err := engage.New(engage.Endpoint(os.Getenv("PGLOCK_TEST_ENGAGE")),
		auth.ClientCredentials{ClientID: id, ClientSecret: auth.NewSecret(secret)}, options...)
	if err != nil {
		return err
	}
	deliverer := &engage.Deliverer{Client: client, Locker: pglock.New(db)}
	var delivering sync.WaitGroup
	for {
		var d chaostest.Delivery
		var again bool
		if _, err := fmt.Scan(&d.Customer, &d.Number, &again); err == io.EOF {
			delivering.Wait()
			return nil
		} else if err != nil {
			return err
		}
		delivering.Go(func() {
			if err := d.Deliver(context.Background(), deliverer, again); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Println(d.Customer, d.Number)
		})
	}
}
