package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

const (
	saveTime     = time.Minute           // to save a record
	rollbackTime = 5 * time.Second       // to give up a transaction
	lockedWait   = 10 * time.Millisecond // between attempts while SQLite is locked
)

// Store is an [auth.Store] in a database. It is safe for concurrent use, also by all
// processes that share the database. Its errors contain no record.
type Store struct {
	db *sql.DB
	dialect
}

// NewPostgreSQL returns a store in the PostgreSQL database db, which stays the caller's
// to close. It locks single records, so that updates of other records go on.
//
// The store sets the isolation level and idle_in_transaction_session_timeout of its
// transactions itself. A transaction_timeout of the server has to be a minute or more.
func NewPostgreSQL(db *sql.DB) *Store { return &Store{db, postgreSQL} }

// NewSQLite returns a store in the SQLite database db, which stays the caller's to close.
// It has to be a file, because a database in memory belongs to one connection.
//
// SQLite has one lock for writing to the whole database, and an Update holds it during its
// exchange with a token endpoint. Updates of other records wait, and so does everything
// else that writes to the file. So give the store a file of its own. Read does not wait
// for an exchange.
//
// The store waits for the lock whatever the busy timeout of the connections is. If the
// driver does not end that timeout with the context, keep it below a second.
func NewSQLite(db *sql.DB) *Store { return &Store{db, sqlite} }

// Create makes the table if it does not exist. Several processes may do so at once. The
// error is that of the database.
func (s *Store) Create(ctx context.Context) error {
	create := func() error {
		return whenUnlocked(ctx, func() error {
			_, err := s.db.ExecContext(ctx, s.create)
			return err
		})
	}
	// In PostgreSQL the slower one of two at once fails, after the table is there.
	if create() == nil {
		return nil
	}
	return safeerror.Show(create())
}

// Read implements [auth.Store]. All errors are an [*auth.StoreError].
func (s *Store) Read(ctx context.Context, name string) (auth.Secret, error) {
	record, err := query(ctx, s.db, s.read, name)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.Secret{}, nil
	}
	if err != nil {
		return auth.Secret{}, failure(ctx, name, "cannot be read", err)
	}
	return record, nil
}

// Update implements [auth.Store]. All errors but those of change are an
// [*auth.StoreError].
func (s *Store) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return failure(ctx, name, "cannot be locked", err)
	}
	saved := false
	defer func() { release(conn, saved) }()
	old, err := s.lockRecord(ctx, conn, name)
	if err != nil {
		return failure(ctx, name, "cannot be locked", err)
	}
	record, err := change(old)
	if err != nil || record.Equal(old) {
		return err
	}
	// The service may have replaced the refresh token by the time that ctx ends. A
	// transaction of database/sql would be rolled back then.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	err = exec(ctx, conn, s.save, name, []byte(record.Reveal()))
	if err == nil {
		err = exec(ctx, conn, "COMMIT")
	}
	if err != nil {
		return failure(ctx, name, "could not be saved", err, record.Reveal())
	}
	saved = true
	return nil
}

// lockRecord begins a transaction, waits for the lock of the record called name and
// returns the record.
func (s *Store) lockRecord(ctx context.Context, conn *sql.Conn, name string) (auth.Secret, error) {
	for _, statement := range s.begin {
		if err := exec(ctx, conn, statement); err != nil {
			return auth.Secret{}, err
		}
	}
	if err := exec(ctx, conn, s.insert, name); err != nil {
		return auth.Secret{}, err
	}
	return query(ctx, conn, s.lock, name)
}

// release gives a connection back to the pool, after a rollback unless the record was
// saved. If the rollback fails, it closes the connection, so that the database rolls back.
func release(conn *sql.Conn, saved bool) {
	if !saved {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackTime)
		defer cancel()
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}
	_ = conn.Close()
}

// exec executes a statement on conn.
func exec(ctx context.Context, conn *sql.Conn, statement string, args ...any) error {
	return whenUnlocked(ctx, func() error {
		_, err := conn.ExecContext(ctx, statement, args...)
		return err
	})
}

// query returns the record that a statement selects, or [sql.ErrNoRows].
func query(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, statement, name string) (auth.Secret, error) {
	var record []byte
	err := whenUnlocked(ctx, func() error {
		return db.QueryRowContext(ctx, statement, name).Scan(&record)
	})
	return auth.NewSecret(string(record)), err
}

// whenUnlocked calls do until it returns something else than that an SQLite database is
// locked, or until ctx ends. All drivers show that as SQLite does. A transaction goes on
// after it. PostgreSQL never says so.
func whenUnlocked(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || !strings.Contains(err.Error(), "database is locked") {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockedWait):
		}
	}
}

// failure returns the error for the record called name. The cause is the error of ctx if
// that has ended, whatever the driver made of it. It shows no secret.
func failure(ctx context.Context, name, problem string, err error, secrets ...string) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return &auth.StoreError{Name: name, Problem: problem, Err: safeerror.Show(err, secrets...)}
}
