package jetstream_test

import "fmt"

// journal is what worker processes, one after another, wrote down. It finds what
// must not be.
type journal struct {
	events map[string]position // what is expected, by id

	begun, handled map[position]int // how often
	acknowledged   map[position]bool
	refused        int // how many acknowledgements failed
	// open counts the handlings of each event that have not ended, next the
	// events of each conversation that were begun.
	open map[position]int
	next map[int]int
	// progress is what to do when so many events were handled.
	progress map[int]func()

	again, disordered, unexpected []string
}

// position is where an event stands: which one it is of its conversation.
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
// conversation, and the one before handled; or the last one again, if nobody
// knows that it was acknowledged.
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

// end notes that the process has ended. It returns how many events it had in
// hand.
func (j *journal) end() (inHand int) {
	for _, n := range j.open {
		inHand += n
	}
	clear(j.open)
	return inHand
}

// repeated is how often events were handled again.
func (j *journal) repeated() (times int) {
	for _, n := range j.begun {
		times += n - 1
	}
	return times
}
