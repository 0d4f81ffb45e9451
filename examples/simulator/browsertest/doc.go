// Package browsertest tests the desk of the simulator in a browser.
//
// Its tests build the simulator, start it, and drive its pages with Chromium. They have
// the build tag browser, because they need Chromium, Node and npm:
//
//	go test -tags browser ./examples/simulator/browsertest
//
// They write pictures of all pages to the folder screenshots. With -update they also
// write the picture that the README shows.
package browsertest
