// Package chaostest has what tests need in which many customers write while requests and
// replies are lost: the faults, the messages, and a check of what the service has in the
// end.
package chaostest
