package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

// newState returns the path of a state file that does not exist yet.
func newState(t *testing.T) stateFile { return stateFile(filepath.Join(t.TempDir(), "state.json")) }

func TestAStateIsSavedAndLoaded(t *testing.T) {
	state := newState(t)
	first := open(t, configuration{state: state})
	for _, ch := range channel.All() {
		first.add(ch, samples.Messages(ch)...)
	}
	report := first.act("/state/save", nil)
	require.Contains(t, report, "Saved to "+string(state))

	second := open(t, configuration{state: state})
	require.Equal(t, first.server.Conversations(), second.server.Conversations())
	second.eventually(func() bool { return second.conversations.tabs("")[0].Count == len(channel.All()) })
	require.Equal(t, first.get("/state"), second.get("/state"))
	entries, err := os.ReadDir(filepath.Dir(string(state)))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left over beside the file")
}

func TestAHugeStateFileIsNotRead(t *testing.T) {
	state := newState(t)
	file, err := os.Create(string(state))
	require.NoError(t, err)
	require.NoError(t, errors.Join(file.Truncate(maxState+1), file.Close())) // It takes no space on most disks.
	_, err = newSimulator(configuration{state: state})
	require.ErrorContains(t, err, "larger than 256 MiB")
}

func TestADamagedOrNewerStateFileIsNotLoadedAndStaysAsItIs(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"damaged":         {`{"engagetest":1,"conversations":[{`, "is not loaded"},
		"another file":    {`{"name":"package.json"}`, "not a snapshot"},
		"newer":           {`{"engagetest":99}`, "version 99"},
		"unknown members": {`{"engagetest":1,"moods":[]}`, "damaged"},
		"empty":           {``, "not a snapshot"},
	} {
		t.Run(name, func(t *testing.T) {
			state := newState(t)
			require.NoError(t, os.WriteFile(string(state), []byte(test.content), 0o600))
			_, err := newSimulator(configuration{state: state})
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, string(state))
			kept, err := os.ReadFile(string(state))
			require.NoError(t, err)
			require.Equal(t, test.content, string(kept))

			b := open(t, configuration{})
			id := b.add(channel.SMS, customerText("hello"))
			status, report := b.upload("/state", nil, "state.json", []byte(test.content))
			require.Equal(t, http.StatusUnprocessableEntity, status)
			require.Contains(t, report, "Not loaded, and nothing has changed")
			require.Len(t, b.server.Messages(id), 1)
		})
	}
}

func TestAStateThatCannotBeSavedIsReported(t *testing.T) {
	b := open(t, configuration{})
	status, report := b.send("/state/save", nil)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, report, "There is no state file.")

	state := newState(t)
	b = open(t, configuration{state: state})
	require.NoError(t, os.RemoveAll(filepath.Dir(string(state))))
	status, report = b.send("/state/save", nil)
	require.Equal(t, http.StatusInternalServerError, status)
	require.Contains(t, report, "Not saved")
}

func TestAnUploadNeedsAFile(t *testing.T) {
	b := open(t, configuration{})
	status, report := b.send("/state", url.Values{"file": {"{}"}})
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, report, "choose a file")
}

func TestAHugeUploadIsRefusedBeforeItIsSent(t *testing.T) {
	b := open(t, configuration{})
	for path, size := range map[string]int64{"/state": maxState + 1, "/faults": maxForm + 1} {
		r := b.request(http.MethodPost, path, io.NopCloser(strings.NewReader("the first bytes")))
		r.ContentLength = size
		r.Header.Set("Simulator-Desk", "1")
		r.Header.Set("Expect", "100-continue")
		reply, report := b.do(r)
		require.Equal(t, http.StatusRequestEntityTooLarge, reply.StatusCode)
		require.Contains(t, report, fmt.Sprintf("it is larger than %d MiB", size>>20))
	}
}

func TestABrowserKeepsNoCopyOfTheState(t *testing.T) {
	b := open(t, configuration{})
	reply, _ := b.do(b.request(http.MethodGet, "/state", nil))
	require.Equal(t, "no-store", reply.Header.Get("Cache-Control"))
}
