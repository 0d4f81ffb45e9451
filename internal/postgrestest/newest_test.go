package postgrestest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheNewestVersionIsThatOfTheLargestNumber(t *testing.T) {
	path := func(version string) string { return "/usr/lib/postgresql/" + version + "/bin/initdb" }
	require.Equal(t, path("15"), newest([]string{path("10"), path("15"), path("9.6")}))
	require.Equal(t, path("9.6"), newest([]string{path("9.6")}))
	require.Equal(t, path("10"), newest([]string{path("10"), path("9")}))
}
