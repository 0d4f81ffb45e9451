// Package sqlstore keeps the records of authorizations in a database, for processes on
// several machines. It is a module of its own. It uses database/sql and imports no driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	…
//	store := sqlstore.NewPostgreSQL(db)
//	err = store.Create(ctx)
//	…
//	source, err := auth.Refreshing{Integration: integration, Name: "desk", Store: store}.Open()
//
// The records contain refresh tokens, and the store does not encrypt them. Let only the
// programs that use the tokens read the table, the database file and their backups.
//
// # The table
//
// [Store.Create] makes the table if it does not exist. A program without the right to do
// that leaves it to a migration with [PostgreSQLTable] or [SQLiteTable]. It then needs the
// rights to select, insert and update. A record that was removed leaves an empty row.
//
// # Locks and connections
//
// [Store.Update] holds a lock in the database during the exchange with the token endpoint,
// which takes up to 30 seconds. The lock goes with the connection. If the process ends,
// the database keeps the old record, and the next process gets the lock.
//
// Each Update takes one connection out of the pool until it returns, also while it waits
// for the lock. A Read takes another for a moment. So the pool needs one more connection
// than there are updates at once, and at least two.
//
// The context of an Update ends its wait for a connection and for the lock. Once the
// exchange has begun, that context no longer counts. The store then saves the record
// within a minute of its own, because the service may have replaced the refresh token.
//
// A power cut can lose a refresh token if the database acknowledges a commit before it is
// on disk, as PostgreSQL does with synchronous_commit = off.
package sqlstore
