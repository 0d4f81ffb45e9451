// Package collectortest tests package otelengage against the OTLP receiver of the
// OpenTelemetry Collector. It is a module of its own, outside of the workspace, because the
// collector needs many modules:
//
//	GOWORK=off go -C engage/otelengage/collectortest test ./...
package collectortest
