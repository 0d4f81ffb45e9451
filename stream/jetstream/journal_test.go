package jetstream_test

import "fmt"

// journal is what worker processes reported, one after another. It finds what
// breaks an inbox's promises.
type journal struct {
	events map[string]position // what is expected, by id

	begun, handled map[position]int // how often
	acknowledged   map[position]bool
	refused        int              // failed acknowledgements
	open           map[position]int // calls of a handler that have not ended, by event
	next           map[int]int      // events that were begun, by conversation
	progress       map[int]func()   // what to do after a number of events

	again, disordered, unexpected []string
}

// position says which event of which conversation it is.
type position struct{ conversation, number int }

func newJournal(events map[string]position) *journal {
	return &journal{
		events: events, begun: map[position]int{}, handled: map[position]int{}, acknowledged: map[position]bool{},
		open: map[position]int{}, next: map[int]int{}, progress: map[int]func(){},
	}
}

// note notes what a process did with an event.
func (j *journal) note(what, id string) {
	event, known := j.events[id]
	switch {
	case !known:
		j.unexpected = append(j.unexpected, what+" "+id)
	case what == begun:
		j.begin(event)
	case what == handled:
		j.handled[event]++
	case what == acknowledged && !j.acknowledged[event]:
		j.acknowledged[event] = true
		j.open[event]--
	case what == refused:
		j.refused++
		j.open[event]--
	default:
		j.unexpected = append(j.unexpected, fmt.Sprint(what, " ", event))
	}
}

// follow notes what a process does until it stops, or ends.
func (j *journal) follow(p *process) (stops bool) {
	for {
		what, id, ok := p.next()
		if !ok || what == stopped {
			return ok
		}
		j.note(what, id)
		if do := j.progress[len(j.handled)]; do != nil {
			delete(j.progress, len(j.handled))
			do()
		}
	}
}

// begin notes that a handler was called. The event must be the next one of its
// conversation, after the one before was handled. It may also be the last one
// again, unless that was acknowledged.
func (j *journal) begin(event position) {
	next := j.next[event.conversation]
	before := position{event.conversation, next - 1}
	switch {
	case j.acknowledged[event]:
		j.again = append(j.again, fmt.Sprint(event))
	case event.number == next && (next == 0 || j.handled[before] > 0):
		j.next[event.conversation]++
	case event != before:
		j.disordered = append(j.disordered, fmt.Sprintf("%v after %v", event, before))
	}
	j.begun[event]++
	j.open[event]++
}

// end notes that the process has ended, and returns how many events it had not
// finished.
func (j *journal) end() (inHand int) {
	for _, n := range j.open {
		inHand += n
	}
	clear(j.open)
	return inHand
}

// repeated returns how often events were handled again.
func (j *journal) repeated() (times int) {
	for _, n := range j.begun {
		times += n - 1
	}
	return times
}
