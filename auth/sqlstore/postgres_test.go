//go:build postgres && unix

package sqlstore_test

import (
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/postgrestest"
)

// This runs against a PostgreSQL cluster of its own. It needs Debian's package
// postgresql, and so runs only with the build tag postgres, as in .ci/run. Then it fails
// if the programs are missing.
func TestPostgreSQL(t *testing.T) {
	cluster := postgrestest.Start(t)
	for name, options := range map[string]string{
		"default settings":    "",
		"strictest isolation": " default_transaction_isolation=serializable",
	} {
		t.Run(name, func(t *testing.T) {
			kinds["pgx"].test(t, func(t *testing.T) string { return cluster.Schema(t) + options })
		})
	}

	t.Run("a connection that is cut in mid-update leaves the old record", func(t *testing.T) {
		store, db := kinds["pgx"].store(t, cluster.Schema(t))
		require.NoError(t, store.Create(t.Context()))
		put(t, store, "old")
		err := store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) {
			var cut int
			require.NoError(t, db.QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE state = 'idle in transaction'`).Scan(&cut))
			require.Equal(t, 1, cut)
			return auth.NewSecret("new"), nil
		})
		requireFailure(t, err, "could not be saved")
		require.Equal(t, "old", get(t, store))
		put(t, store, "new")
	})

	t.Run("the server does not end a transaction during an exchange", func(t *testing.T) {
		address := cluster.Schema(t) + " idle_in_transaction_session_timeout=1000"
		store, db := kinds["pgx"].store(t, address)
		require.NoError(t, store.Create(t.Context()))
		err := store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) {
			// A transaction that became idle later, and that the server ends.
			other, err := db.Conn(t.Context())
			require.NoError(t, err)
			defer func() { _ = other.Close() }()
			_, err = other.ExecContext(t.Context(), "BEGIN")
			require.NoError(t, err)
			var pid int
			require.NoError(t, other.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
			require.Eventually(t, func() bool {
				var left int
				err := db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid).Scan(&left)
				return err == nil && left == 0
			}, 30*time.Second, 50*time.Millisecond)
			return auth.NewSecret("new"), nil
		})
		require.NoError(t, err)
		require.Equal(t, "new", get(t, store))
	})
}
