package sqlstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/auth/sqlstore"
	"github.com/engagesdk/engage-go/auth/storetest"
)

// kinds are the kinds of databases by the names of their drivers.
var kinds = map[string]kind{
	"sqlite": {
		driver: "sqlite", open: sqlstore.NewSQLite, conformance: storetest.RunSingleLock,
		revealing: []string{`CREATE TRIGGER reveal BEFORE UPDATE ON engage_authorizations
			BEGIN SELECT RAISE(ABORT, 'record: ' || CAST(NEW.record AS text)); END`},
	},
	"pgx": {
		driver: "pgx", open: sqlstore.NewPostgreSQL, conformance: storetest.Run,
		revealing: []string{
			`CREATE FUNCTION reveal() RETURNS trigger LANGUAGE plpgsql AS
				$$ BEGIN RAISE EXCEPTION 'record: %', convert_from(NEW.record, 'UTF8'); END $$`,
			`CREATE TRIGGER reveal BEFORE UPDATE ON engage_authorizations FOR EACH ROW EXECUTE FUNCTION reveal()`,
		},
	},
}

func TestSQLite(t *testing.T) {
	for name, options := range map[string]string{
		"rollback journal":                        "",
		"write-ahead log and a long busy timeout": "?_pragma=journal_mode(wal)&_pragma=busy_timeout(30000)",
	} {
		t.Run(name, func(t *testing.T) {
			kinds["sqlite"].test(t, func(t *testing.T) string {
				return "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "tokens.db")) + options
			})
		})
	}
}

// With a rollback journal, SQLite refuses to commit while anybody reads the file.
func TestSQLiteSaveWaitsForReaders(t *testing.T) {
	address := "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "tokens.db"))
	store, _ := kinds["sqlite"].store(t, address)
	require.NoError(t, store.Create(t.Context()))
	put(t, store, "old")
	_, db := kinds["sqlite"].store(t, address)
	count := "SELECT count(*) FROM engage_authorizations"
	records := 0

	reader, err := db.Begin()
	require.NoError(t, err)
	require.NoError(t, reader.QueryRow(count).Scan(&records))
	done := make(chan error, 1)
	go func() {
		done <- store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) { return auth.NewSecret("new"), nil })
	}()
	// A commit that waits for readers lets no new one in.
	require.Eventually(t, func() bool { return db.QueryRow(count).Scan(&records) != nil }, 30*time.Second, time.Millisecond)
	require.NoError(t, reader.Rollback())
	require.NoError(t, <-done)
	require.Equal(t, "new", get(t, store))
}
