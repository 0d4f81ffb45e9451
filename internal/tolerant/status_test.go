package tolerant_test

import (
	"testing"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/stretchr/testify/require"
)

func TestAStatusMeansASuccessOrAFailureOrNeither(t *testing.T) {
	type meaning struct {
		success, failure bool
		httpStatus       int // of a failure
	}
	success, neither := meaning{success: true}, meaning{}
	for status, want := range map[string]meaning{
		"success": success, " Success ": success, "successful": success, "SUCCEEDED": success, "ok": success,
		"200": success, "202": success, "2.01e2": success, " 204\n": success,
		"failure": {failure: true, httpStatus: 409}, "FAILED": {failure: true, httpStatus: 409}, "Not_Found": {failure: true, httpStatus: 409},
		"not allowed here": {failure: true, httpStatus: 409}, "un-successful": {failure: true, httpStatus: 409}, "false": {failure: true, httpStatus: 409},
		"404": {failure: true, httpStatus: 404}, " 503 ": {failure: true, httpStatus: 503}, "5e2": {failure: true, httpStatus: 500},
		"": neither, " ": neither, "queued": neither, "not_started": neither, "not processed yet": neither, "under maintenance": neither,
		"302": neither, "2nd": neither, "99": neither, "600": neither, "NaN": neither, "+Inf": neither, "0x190": neither, "0x190p0": neither, "-404": neither, "1e999": neither,
	} {
		httpStatus, failed := tolerant.Failed(status)
		require.Equal(t, want.failure, failed, "%q", status)
		require.Equal(t, want.success, tolerant.Succeeded(status), "%q", status)
		if failed {
			require.Equal(t, want.httpStatus, httpStatus, "%q", status)
		}
	}
}
