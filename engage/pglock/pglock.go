// Package pglock lets programs on several machines take turns by PostgreSQL, so that each
// customer of an [engage.Deliverer] has one conversation. It is a module of its own. It
// uses database/sql and imports no driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	…
//	db.SetMaxOpenConns(20)
//	db.SetMaxIdleConns(20)
//	deliverer := &engage.Deliverer{Client: client, Locker: pglock.New(db)}
//
// A lock is an advisory lock of the database. It needs no table, and goes with its
// connection: if a program ends, the database gives the lock to the next one. If a machine
// disappears from the network, the database does that only when it gives up the connection;
// its setting tcp_keepalives_idle says when.
//
// Each lock takes one connection out of the pool, also while it is waited for. So the
// pool, and max_connections of the server, limit how many customers have a turn at once.
// Let the pool keep as many idle connections as it may open. By default it keeps two, and
// a busy program opens a connection for nearly every lock.
//
// A pooler between the program and the database must keep sessions: with one that
// shares connections between transactions two programs can have the same lock.
package pglock

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/engage"
)

// Locker is an [engage.Locker]. It is safe for concurrent use. Create one with [New].
type Locker struct{ db *sql.DB }

var _ engage.Locker = (*Locker)(nil)

// New returns a Locker for the programs that use the same database.
func New(db *sql.DB) *Locker { return &Locker{db} }

// checkInterval is how often a lock checks that it still has its connection.
const checkInterval = 2 * time.Second

// unlockTime limits giving a lock back. After that the connection is closed, which does
// the same.
const unlockTime = 5 * time.Second

// Lock implements [engage.Locker]. It notices a lost connection within four seconds. In
// that time another program can get the lock, too. The error wraps that of the database or
// of ctx.
func (l *Locker) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("pglock: %w", err)
	}
	number := numberOf(key)
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", number); err != nil {
		discard(conn) // The connection may have the lock.
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, fmt.Errorf("pglock: %w", err)
	}
	held, lose := context.WithCancel(ctx)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		check(held, conn, lose)
	}()
	return held, func() {
		lose()
		<-checked
		unlock(conn, number)
	}, nil
}

// check calls lose when the connection is lost. It returns when held ends.
func check(held context.Context, conn *sql.Conn, lose func()) {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-held.Done():
			return
		}
		// The end of held must not cut a check short: that would close the connection.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(held), checkInterval)
		err := conn.PingContext(ctx)
		cancel()
		if err != nil {
			lose()
			return
		}
	}
}

// unlock gives the lock back, and the connection to the pool.
func unlock(conn *sql.Conn, number int64) {
	ctx, cancel := context.WithTimeout(context.Background(), unlockTime)
	defer cancel()
	var had bool
	if err := conn.QueryRowContext(ctx, "SELECT pg_advisory_unlock($1)", number).Scan(&had); err != nil || !had {
		discard(conn)
		return
	}
	_ = conn.Close() // It goes back to the pool.
}

// discard closes a connection instead of giving it back to the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close() // It fails, since the connection is closed already.
}

// numberOf returns the number of a key. PostgreSQL's locks have numbers.
func numberOf(key string) int64 {
	sum := sha256.Sum256([]byte("engage.Deliverer " + key))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
