// Package main draws the diagrams of the documentation as SVG:
//
//	go run ./internal/diagram
//
// The diagrams show what the packages do: the program calls them and draws what it
// observes. The places of the boxes are its own. A test fails if the files in the
// repository differ from what the program draws.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// folder is where the diagrams are, from the root of the repository.
const folder = ".github/diagrams"

// diagrams are the functions that draw, by the names of the files.
var diagrams = map[string]func() ([]byte, error){
	"write.svg":        drawWrite,
	"event.svg":        drawEvent,
	"conversation.svg": drawConversation,
}

func main() {
	for name, draw := range diagrams {
		svg, err := draw()
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), svg, 0o644)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "diagram: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}
