package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// none is the state before there is a conversation.
const none engagetest.Status = ""

// move is a change of the state of a conversation.
type move struct{ from, to engagetest.Status }

// observeMoves calls each write in each state. It returns the moves with the writes that
// make them, and the writes that never change the state.
func observeMoves() (map[move][]outcome.Operation, []outcome.Operation, error) {
	operations, err := writeOperations()
	if err != nil {
		return nil, nil, err
	}
	moves := map[move][]outcome.Operation{}
	var still []outcome.Operation
	for _, operation := range operations {
		moved := false
		for _, from := range []engagetest.Status{none, engagetest.Queued, engagetest.Active, engagetest.OnHold, engagetest.Closed} {
			to, err := after(operation, from)
			if err != nil {
				return nil, nil, err
			}
			if to != from {
				moved = true
				moves[move{from, to}] = append(moves[move{from, to}], operation)
			}
		}
		if !moved {
			still = append(still, operation)
		}
	}
	return moves, still, nil
}

// after returns the state of a conversation after a call that found it in a state. The call
// may be refused, and so change nothing.
func after(operation outcome.Operation, state engagetest.Status) (engagetest.Status, error) {
	server := engagetest.NewServer(engagetest.WithoutNetwork())
	defer server.Close()
	id := "unknown"
	if state != none {
		id = seed(server, state)
	}
	client, err := server.Client()
	if err != nil {
		return "", err
	}
	_ = writes[operation](context.Background(), client, id) // The state says what became of it.
	conversations := server.Conversations()
	if len(conversations) == 0 {
		return none, nil
	}
	if state == none {
		return conversations[0].Status, nil
	}
	return conversations[slices.IndexFunc(conversations, func(c engagetest.Conversation) bool { return c.ID == id })].Status, nil
}

// boxes are the places of the states.
var boxes = []struct {
	status engagetest.Status
	name   string
	at     point
}{
	{none, "none", point{20, 60}},
	{engagetest.Queued, "in queue", point{20, 200}},
	{engagetest.Active, "active", point{320, 200}},
	{engagetest.OnHold, "on hold", point{320, 366}},
	{engagetest.Closed, "closed", point{170, 496}},
}

// route is the way of the arrow of a move, and where the names of its operations begin.
type route struct {
	move
	points []point
	label  point
}

// routes are the arrows of all moves.
var routes = []route{
	{move{none, engagetest.Queued}, []point{{90, 112}, {90, 200}}, point{100, 150}},
	{move{engagetest.Queued, engagetest.Active}, []point{{160, 213}, {320, 213}}, point{186, 206}},
	{move{engagetest.Active, engagetest.Queued}, []point{{320, 238}, {160, 238}}, point{170, 255}},
	{move{engagetest.Active, engagetest.OnHold}, []point{{344, 252}, {344, 366}}, point{350, 334}},
	{move{engagetest.OnHold, engagetest.Active}, []point{{330, 366}, {330, 252}}, point{222, 308}},
	{move{engagetest.OnHold, engagetest.Queued}, []point{{320, 384}, {130, 384}, {130, 252}}, point{140, 361}},
	{move{engagetest.Queued, engagetest.OnHold}, []point{{100, 252}, {100, 404}, {320, 404}}, point{140, 421}},
	{move{engagetest.Closed, engagetest.Queued}, []point{{170, 510}, {70, 510}, {70, 252}}, point{78, 456}},
	{move{engagetest.Queued, engagetest.Closed}, []point{{40, 252}, {40, 534}, {170, 534}}, point{46, 552}},
	{move{engagetest.Active, engagetest.Closed}, []point{{460, 226}, {470, 226}, {470, 534}, {310, 534}}, point{340, 552}},
	{move{engagetest.OnHold, engagetest.Closed}, []point{{390, 418}, {390, 510}, {310, 510}}, point{262, 470}},
}

// drawConversation draws the states of a conversation and the writes between them.
func drawConversation() ([]byte, error) {
	moves, still, err := observeMoves()
	if err != nil {
		return nil, err
	}
	var p picture
	const boxWidth, boxHeight = 140, 52
	for _, b := range boxes {
		edge, err := edgeOf(b.status)
		if err != nil {
			return nil, err
		}
		p.box("box", b.at, boxWidth, boxHeight)
		p.textMiddle(nameFont, "", point{b.at.x + boxWidth/2, b.at.y + 23}, boxWidth, b.name)
		p.textMiddle(labelFont, "quiet", point{b.at.x + boxWidth/2, b.at.y + 42}, boxWidth, string(edge))
	}
	for _, r := range routes {
		if len(moves[r.move]) == 0 {
			return nil, fmt.Errorf("no write moves a conversation from %q to %q", r.from, r.to)
		}
		p.arrow(r.points...)
		for i, operation := range moves[r.move] {
			p.text(labelFont, "", point{r.label.x, r.label.y + i*15}, width-margin-r.label.x, string(operation))
		}
	}
	if len(moves) != len(routes) {
		return nil, errors.New("a move of a conversation has no route")
	}
	y := 590
	for _, note := range []string{
		"No change of the state: " + names(still) + ".",
		"The name under each state is the edge on which SearchConversation ends.",
		"The vendor documents the edges. The arrows are those of package engagetest, and assumed in part.",
	} {
		for _, line := range smallFont.wrap(note, width-2*margin) {
			p.text(smallFont, "quiet", point{margin, y}, width-2*margin, line)
			y += leading
		}
	}
	return p.svg("The states of a conversation",
		"The states of a conversation, and the operations that move it from one to another.", y)
}

// edgeOf returns the edge of a search for a conversation in a state.
func edgeOf(state engagetest.Status) (outcome.Edge, error) {
	server := engagetest.NewServer(engagetest.WithoutNetwork())
	defer server.Close()
	if state != none {
		seed(server, state)
	}
	client, err := server.Client()
	if err != nil {
		return "", err
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{Address: address})
	return outcome.Of(found, err), err
}
