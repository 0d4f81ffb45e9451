// Package contract checks engage/openapi.yaml, the description of the wire that the SDK
// speaks. It compares the file with the tables of the SDK, and the traffic of the SDK
// with the file: requests, replies, callbacks and events of the stream.
//
// Each check returns findings, which are sentences for people. No finding means that
// both sides agree.
package contract
