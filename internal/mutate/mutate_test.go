package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyMutantsThatNoTestNoticesArePrinted(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, source := range map[string]string{
		"go.mod": "module sample\n\ngo 1.26\n",
		"sample.go": `package sample

import "time"

type limits struct{ wait time.Duration }

func larger(a, b int, calls *int) limits {
	*calls++
	if a > b {
		return limits{wait: time.Duration(a)}
	}
	return limits{wait: time.Duration(b)}
}
`,
		"sample_test.go": `package sample

import "testing"

func TestLarger(t *testing.T) {
	if larger(2, 1, new(int)).wait != 2 || larger(3, 4, new(int)).wait != 4 {
		t.Fail()
	}
}
`,
	} {
		require.NoError(t, os.WriteFile(name, []byte(source), 0o600))
	}
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out, []string{"."}, "", "", time.Minute))
	require.Equal(t, `sample.go:8: left out: *calls++
sample.go:9: > is >= in a > b
noticed 3 of 5 mutants (60.0 %)
`, out.String())
}

func TestAMutantWhoseTestsAreInterruptedIsNotCounted(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, source := range map[string]string{
		"go.mod": "module sample\n\ngo 1.26\n",
		"sample.go": `package sample

func one() int { return 2 - 1 }
`,
		"sample_test.go": `package sample

import (
	"os"
	"testing"
)

func TestOne(t *testing.T) {
	if one() != 1 {
		os.WriteFile("running", nil, 0o600)
		select {}
	}
}
`,
	} {
		require.NoError(t, os.WriteFile(name, []byte(source), 0o600))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, &out, []string{"."}, "", "", time.Minute) }()
	require.Eventually(t, func() bool {
		_, err := os.Stat("running")
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Empty(t, out.String())
}
