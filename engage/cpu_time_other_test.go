//go:build !unix

package engage_test

import (
	"testing"
	"time"
)

// cpuTime returns 0: this system does not report it.
func cpuTime(testing.TB) time.Duration { return 0 }
