package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiagramsAreCurrent(t *testing.T) {
	files, err := os.ReadDir(filepath.Join("..", "..", folder))
	require.NoError(t, err)
	require.Len(t, files, len(diagrams), "a file that the program does not draw")
	for name, draw := range diagrams {
		t.Run(name, func(t *testing.T) {
			drawn, err := draw()
			require.NoError(t, err)
			stored, err := os.ReadFile(filepath.Join("..", "..", folder, name))
			require.NoError(t, err)
			require.Equal(t, string(drawn), string(stored), "draw the diagrams again: go run ./internal/diagram")
		})
	}
}

func TestDiagramsAreXML(t *testing.T) {
	for name, draw := range diagrams {
		t.Run(name, func(t *testing.T) {
			drawn, err := draw()
			require.NoError(t, err)
			decoder := xml.NewDecoder(strings.NewReader(string(drawn)))
			for err == nil {
				_, err = decoder.Token()
			}
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestTextWithoutRoomIsAnError(t *testing.T) {
	stages := []stage{{name: "attempt", ways: []way{{name: "refused", next: strings.Repeat("again ", 10), back: -1}}}}
	_, err := drawLife("A title", "", stages)
	require.ErrorContains(t, err, "refused")

	_, err = drawLife(strings.Repeat("A title ", 10), "", nil)
	require.ErrorContains(t, err, "A title")
}

func TestTextIsEscaped(t *testing.T) {
	drawn, err := drawLife("A & B", "<none>", nil)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(drawn, new(struct{})))
	require.Contains(t, string(drawn), "A &amp; B")
}
