package sqlstore

// PostgreSQLTable is the statement that makes the table in PostgreSQL. The connection's
// search_path decides in which schema it is.
const PostgreSQLTable = `CREATE TABLE IF NOT EXISTS engage_authorizations (
	name       text PRIMARY KEY,
	record     bytea NOT NULL,
	updated_at timestamptz NOT NULL
)`

// SQLiteTable is the statement that makes the table in SQLite. The time is in UTC.
const SQLiteTable = `CREATE TABLE IF NOT EXISTS engage_authorizations (
	name       TEXT PRIMARY KEY NOT NULL,
	record     BLOB NOT NULL,
	updated_at TEXT NOT NULL
)`

// dialect holds the statements for one kind of database.
type dialect struct {
	create string
	read   string   // of the record called $1, without a lock
	begin  []string // a transaction
	insert string   // an empty record called $1, unless there is one
	lock   string   // read the record called $1, with its lock
	save   string   // the record $2 called $1
}

// A FOR UPDATE needs a row to lock, so an empty one is inserted first. Above read
// committed, a transaction that waited for a lock would fail. The server ends a
// transaction whose process has gone silent, and never one in the middle of an exchange.
var postgreSQL = dialect{
	create: PostgreSQLTable,
	read:   `SELECT record FROM engage_authorizations WHERE name = $1`,
	begin: []string{
		`BEGIN ISOLATION LEVEL READ COMMITTED`,
		`SET LOCAL idle_in_transaction_session_timeout = '2min'`,
	},
	insert: `INSERT INTO engage_authorizations (name, record, updated_at) VALUES ($1, '', clock_timestamp()) ON CONFLICT DO NOTHING`,
	lock:   `SELECT record FROM engage_authorizations WHERE name = $1 FOR UPDATE`,
	save:   `UPDATE engage_authorizations SET record = $2, updated_at = clock_timestamp() WHERE name = $1`,
}

// IMMEDIATE takes the lock of the whole database at once.
var sqlite = dialect{
	create: SQLiteTable,
	read:   `SELECT record FROM engage_authorizations WHERE name = ?1`,
	begin:  []string{`BEGIN IMMEDIATE`},
	insert: `INSERT INTO engage_authorizations (name, record, updated_at) VALUES (?1, x'', CURRENT_TIMESTAMP) ON CONFLICT DO NOTHING`,
	lock:   `SELECT record FROM engage_authorizations WHERE name = ?1`,
	save:   `UPDATE engage_authorizations SET record = ?2, updated_at = CURRENT_TIMESTAMP WHERE name = ?1`,
}
