//go:build postgres && unix

package sqlstore_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// This runs against a PostgreSQL cluster of its own. It needs Debian's package
// postgresql, and so runs only with the build tag postgres, as in .ci/run. Then it fails
// if the programs are missing.
func TestPostgreSQL(t *testing.T) {
	cluster := startCluster(t)
	for name, options := range map[string]string{
		"default settings":    "",
		"strictest isolation": " default_transaction_isolation=serializable",
	} {
		t.Run(name, func(t *testing.T) {
			kinds["pgx"].test(t, func(t *testing.T) string { return cluster.schema(t) + options })
		})
	}

	t.Run("a connection that is cut in mid-update leaves the old record", func(t *testing.T) {
		store, db := kinds["pgx"].store(t, cluster.schema(t))
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
		address := cluster.schema(t) + " idle_in_transaction_session_timeout=1000"
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

// cluster is a running cluster.
type cluster struct {
	address string
	schemas atomic.Int64
}

// startCluster makes a cluster in a temporary folder and starts it. It stops and is
// removed with the test. Root cannot run PostgreSQL and becomes the user postgres.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	directory, err := os.MkdirTemp("", "sqlstore") // t.TempDir is its owner's alone
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(directory)) })
	var attributes syscall.SysProcAttr
	if os.Geteuid() == 0 {
		account, err := user.Lookup("postgres")
		require.NoError(t, err)
		uid, err := strconv.Atoi(account.Uid)
		require.NoError(t, err)
		gid, err := strconv.Atoi(account.Gid)
		require.NoError(t, err)
		require.NoError(t, os.Chown(directory, uid, gid))
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	command := func(name string, args ...string) *exec.Cmd {
		command := exec.Command(program(t, name), args...)
		command.Dir, command.SysProcAttr = directory, &attributes
		command.Env = append(os.Environ(), "LC_ALL=C")
		return command
	}

	data := filepath.Join(directory, "data")
	output, err := command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput()
	require.NoError(t, err, "%s", output)
	log, err := os.Create(filepath.Join(directory, "log"))
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	server := command("postgres", "-D", data, "-k", directory, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	server.Stdout, server.Stderr = log, log
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT) // at once
		_ = server.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("log of the server:\n%s", text)
		}
	})

	c := &cluster{address: fmt.Sprintf("host=%s user=postgres dbname=postgres", directory)}
	db := c.open(t)
	require.Eventually(t, func() bool { return db.Ping() == nil }, time.Minute, 50*time.Millisecond, "the cluster does not start")
	return c
}

// program returns the path of a program of PostgreSQL. Debian installs them outside of
// PATH.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	require.NoError(t, err)
	require.NotEmpty(t, paths, "%s is not installed", name)
	return paths[len(paths)-1]
}

func (c *cluster) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", c.address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// schema returns the address of a new, empty schema.
func (c *cluster) schema(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("schema%d", c.schemas.Add(1))
	_, err := c.open(t).Exec("CREATE SCHEMA " + name)
	require.NoError(t, err)
	return c.address + " search_path=" + name
}
