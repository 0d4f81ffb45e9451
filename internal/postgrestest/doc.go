// Package postgrestest starts PostgreSQL for a test. It needs Debian's package
// postgresql and the build tag postgres.
package postgrestest
