//go:build postgres && unix

package pglock_test

import (
	"context"
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

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

	t.Run("two processes create one conversation for each customer", func(t *testing.T) { deliverInTwoProcesses(t, cluster) })
	t.Run("a process is killed in chaos", func(t *testing.T) { deliverInChaos(t, cluster) })
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
