//go:build postgres && unix

package pglock_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/engage/pglock"
	"github.com/engagesdk/engage-go/internal/postgrestest"
)

func TestPostgreSQL(t *testing.T) {
	cluster := postgrestest.Start(t)

	t.Run("one at a time has a key", func(t *testing.T) {
		first, second := pglock.New(cluster.Open(t)), pglock.New(cluster.Open(t))
		_, unlock, err := first.Lock(t.Context(), "a")
		require.NoError(t, err)
		_, unlockOther, err := second.Lock(t.Context(), "b")
		require.NoError(t, err)
		unlockOther()
		ended, end := context.WithCancel(t.Context())
		waiting := make(chan error, 1)
		go func() {
			_, _, err := second.Lock(ended, "a")
			waiting <- err
		}()
		requireWaiting(t, cluster.Open(t))
		end()
		require.ErrorIs(t, <-waiting, context.Canceled)
		unlock()
		_, unlock, err = second.Lock(t.Context(), "a")
		require.NoError(t, err)
		unlock()
	})

	t.Run("a lock that is lost ends its context", func(t *testing.T) {
		db := cluster.Open(t)
		held, unlock, err := pglock.New(db).Lock(t.Context(), "a")
		require.NoError(t, err)
		_, err = cluster.Open(t).Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`)
		require.NoError(t, err)
		<-held.Done()
		unlock()
		_, unlock, err = pglock.New(db).Lock(t.Context(), "a")
		require.NoError(t, err)
		unlock()
	})

	// Without the lock the service would refuse some creates, and a process would go on
	// from that. So this counts the creates.
	t.Run("two processes create one conversation for each customer", func(t *testing.T) {
		server := engagetest.NewServer()
		defer server.Close()
		var processes sync.WaitGroup
		for process := range 2 {
			command := exec.Command(os.Args[0], "-test.run=^$")
			command.Env = append(os.Environ(), "PGLOCK_TEST_DATABASE="+cluster.Address, "PGLOCK_TEST_ENGAGE="+server.URL(),
				"PGLOCK_TEST_CREDENTIALS="+server.ClientID()+" "+server.ClientSecret(), "PGLOCK_TEST_PROCESS="+strconv.Itoa(process))
			output, err := command.StdoutPipe()
			require.NoError(t, err)
			command.Stderr = os.Stderr
			require.NoError(t, command.Start())
			processes.Go(func() {
				for lines := bufio.NewScanner(output); lines.Scan(); {
					t.Log(lines.Text())
				}
				if err := command.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
		processes.Wait()
		creates := 0
		for _, request := range server.Requests() {
			if request.Operation == "CreateConversation" {
				creates++
			}
		}
		require.Equal(t, customers, creates)
		require.Len(t, server.Conversations(), customers)
		there := map[string]int{}
		for _, conversation := range server.Conversations() {
			for _, m := range conversation.Messages {
				there[m.Text]++
			}
		}
		require.Len(t, there, 2*customers*each)
		for text, times := range there {
			require.Equal(t, 1, times, text)
		}
	})
}

// requireWaiting waits until somebody waits for a lock.
func requireWaiting(t *testing.T, db *sql.DB) {
	t.Helper()
	for {
		var waiting int
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`).Scan(&waiting))
		if waiting > 0 {
			return
		}
	}
}

const (
	customers = 20
	each      = 10
	workers   = 10
)

// TestMain is a process that delivers, if the environment says so.
func TestMain(m *testing.M) {
	if os.Getenv("PGLOCK_TEST_ENGAGE") == "" {
		os.Exit(m.Run())
	}
	if err := deliverAll(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func deliverAll() error {
	db, err := sql.Open("pgx", os.Getenv("PGLOCK_TEST_DATABASE"))
	if err != nil {
		return err
	}
	id, secret, _ := strings.Cut(os.Getenv("PGLOCK_TEST_CREDENTIALS"), " ")
	client, err := engage.New(engage.Endpoint(os.Getenv("PGLOCK_TEST_ENGAGE")), auth.ClientCredentials{ClientID: id, ClientSecret: auth.NewSecret(secret)})
	if err != nil {
		return err
	}
	deliverer := &engage.Deliverer{Client: client, Locker: pglock.New(db)}
	jobs := make(chan engage.Inbound)
	failures := make(chan error, workers)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for in := range jobs {
				if _, err := deliverer.Deliver(context.Background(), in); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	for n := range each {
		for customer := range customers {
			text := fmt.Sprintf("%s-%d-%d", os.Getenv("PGLOCK_TEST_PROCESS"), customer, n)
			select {
			case jobs <- engage.Inbound{
				Address: channel.SMSAddress{Business: "1", Customer: strconv.Itoa(customer)},
				Message: message.Text{Direction: message.Inbound, Text: text, Envelope: message.Envelope{AliasID: text}},
			}:
			case err := <-failures:
				return err
			}
		}
	}
	close(jobs)
	working.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}
