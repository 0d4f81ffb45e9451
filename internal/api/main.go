// Package main prints the exported API of the modules in the workspace, one declaration
// on a line:
//
//	go run ./internal/api >internal/api/testdata/v0.1.0.txt
//
// The files in testdata are the API of each release. A test of this package fails if
// the source has not all the lines of the newest one: a program that used one of them
// would no longer compile, or get another value of a constant. A minor version before
// 1.0.0 may do without a line, and the changelog then says what to use.
package main

import (
	"fmt"
	"log"
)

func main() {
	log.SetFlags(0)
	packages, err := load()
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range api(packages) {
		fmt.Println(line)
	}
}
