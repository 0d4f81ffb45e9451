package sqlstore_test

import (
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

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
