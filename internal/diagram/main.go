// Package main draws the diagrams of the documentation as SVG:
//
//	go run ./internal/diagram
//
// Run it in the root of the repository. It takes the names in the diagrams from the
// packages, and calls the packages to find out what follows on what. The explanations and
// the places of the boxes are its own. A test fails if the files in the repository differ
// from what the program draws.
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
