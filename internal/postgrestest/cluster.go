//go:build postgres && unix

package postgrestest

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
)

// Cluster is a running cluster of PostgreSQL.
type Cluster struct {
	// Address is its address, for the driver pgx.
	Address string
	schemas atomic.Int64
}

// Start makes a cluster in a temporary folder and starts it. It stops and removes the
// cluster at the end of the test. Root cannot run PostgreSQL, so a test of root runs it as
// the user postgres.
func Start(t *testing.T) *Cluster {
	t.Helper()
	directory, err := os.MkdirTemp("", "postgres") // The folders above t.TempDir are closed to the user postgres.
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(directory)) })
	var attributes syscall.SysProcAttr
	if os.Geteuid() == 0 {
		account, err := user.Lookup("postgres")
		check(t, err)
		uid, err := strconv.Atoi(account.Uid)
		check(t, err)
		gid, err := strconv.Atoi(account.Gid)
		check(t, err)
		check(t, os.Chown(directory, uid, gid))
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
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	log, err := os.Create(filepath.Join(directory, "log"))
	check(t, err)
	defer func() { _ = log.Close() }()
	server := command("postgres", "-D", data, "-k", directory, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	server.Stdout, server.Stderr = log, log
	check(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT) // It stops at once.
		_ = server.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("log of the server:\n%s", text)
		}
	})

	c := &Cluster{Address: fmt.Sprintf("host=%s user=postgres dbname=postgres", directory)}
	db := c.Open(t)
	for begun := time.Now(); db.Ping() != nil; <-time.After(50 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("the cluster does not start")
		}
	}
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
	check(t, err)
	if len(paths) == 0 {
		t.Fatalf("%s is not installed", name)
	}
	return newest(paths)
}

// Open opens a pool of connections, which it closes with the test. The test imports the
// driver.
func (c *Cluster) Open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", c.Address)
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db
}

// Schema returns the address of a new, empty schema.
func (c *Cluster) Schema(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("schema%d", c.schemas.Add(1))
	_, err := c.Open(t).Exec("CREATE SCHEMA " + name)
	check(t, err)
	return c.Address + " search_path=" + name
}

// check ends the test with an error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
