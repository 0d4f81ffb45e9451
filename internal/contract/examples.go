package contract

import (
	"maps"
	"slices"

	"github.com/engagesdk/engage-go/outcome"
)

// Example is an example of a reply.
type Example struct {
	// Status is the HTTP status of the reply, and Name the name of the example.
	Status, Name string
	// Edge is the edge on which a call ends that gets the reply.
	Edge outcome.Edge
}

// Examples returns the examples of the replies in JSON to an operation. It leaves out
// those of the default reply, which has no status.
func (d *Document) Examples(name outcome.Operation) []Example {
	o := d.operations()[string(name)]
	var all []Example
	for _, status := range slices.Sorted(maps.Keys(o.at("responses"))) {
		response := d.resolve(o.at("responses", status))
		examples := response.at("content", "application/json", "examples")
		for _, example := range slices.Sorted(maps.Keys(examples)) {
			if status != "default" {
				all = append(all, Example{status, example, o.edge(status, response, examples.at(example))})
			}
		}
	}
	return all
}

// edge returns the edge on which a call ends that gets an example of a response.
func (o operation) edge(status string, response, example node) outcome.Edge {
	for _, marked := range []node{example, response} {
		if edge := marked.text("x-edge"); edge != "" {
			return outcome.Edge(edge)
		}
	}
	edges := o.at("x-edges").list("failures")
	if status[0] == '2' {
		edges = o.at("x-edges").list("successes")
	}
	if len(edges) == 0 {
		return outcome.OnError
	}
	return outcome.Edge(edges[0].text("edge"))
}
