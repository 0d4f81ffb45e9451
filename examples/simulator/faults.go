package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// namedFault is a fault that the desk can switch on.
type namedFault struct {
	Name  string
	Title string
	fault engagetest.Fault
}

// namedFaults has the faults in the order in which the desk shows them.
var namedFaults = []namedFault{
	{"lost-reply", "Apply it and lose the reply", engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}},
	{"cut-short", "Apply it and cut the reply short", engagetest.Fault{Applied: true, Connection: engagetest.ConnectionCutShort}},
	{"reset", "Reset the connection, apply nothing", engagetest.Fault{Connection: engagetest.ConnectionReset}},
	{"silent", "Send no reply, apply nothing", engagetest.Fault{Connection: engagetest.ConnectionSilent}},
	{"slow", "Apply it and reply after 3 seconds", engagetest.Fault{Applied: true, Delay: 3 * time.Second}},
	{"later", "Acknowledge it and apply it 3 seconds later", engagetest.Fault{ApplyDelay: 3 * time.Second}},
	{"repeated", "Apply it twice, as a gateway may", engagetest.Fault{Repeated: true}},
	{"busy", "429: too many requests, wait a second", engagetest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}}},
	{"unavailable", "503: unavailable, wait a second", engagetest.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1"}}}},
	{"proxy-503", "Apply it, then 503 of a proxy", engagetest.Fault{Applied: true, Status: http.StatusServiceUnavailable, Shape: engagetest.PlainText}},
	{"proxy-502", "502: the HTML page of a proxy", engagetest.Fault{Status: http.StatusBadGateway, Shape: engagetest.HTML}},
	{"error", "500: an error of the service", engagetest.Fault{Status: http.StatusInternalServerError}},
	{"unauthorized", "401: the token is refused", engagetest.Fault{Status: http.StatusUnauthorized}},
	{"not-found", "404: there is no such path", engagetest.Fault{Status: http.StatusNotFound}},
	{"redirect", "307: redirect it, apply nothing", engagetest.Fault{Status: http.StatusTemporaryRedirect}},
	{"no-content", "Apply it, then 204 without a body", engagetest.Fault{Applied: true, Status: http.StatusNoContent}},
	{"html", "Apply it, then 200 with an HTML page", engagetest.Fault{Applied: true, Shape: engagetest.HTML}},
	{"gzip", "Apply it and compress the reply", engagetest.Fault{Applied: true, Shape: engagetest.Gzip}},
	{"byte-order-mark", "Apply it, with a byte order mark", engagetest.Fault{Applied: true, Shape: engagetest.ByteOrderMark}},
	{"truncated", "Apply it and send half of the reply", engagetest.Fault{Applied: true, Shape: engagetest.Truncated}},
	{"callback-lost", "Apply it, no callback", engagetest.Fault{Callback: engagetest.CallbackLost}},
	{"callback-doubled", "Apply it, the callback twice", engagetest.Fault{Callback: engagetest.CallbackDoubled}},
	{"callback-early", "Apply it, the callback before the reply", engagetest.Fault{Callback: engagetest.CallbackEarly}},
}

// operations returns the operations that a fault can affect.
func operations() []outcome.Operation {
	var names []outcome.Operation
	for _, o := range engage.Operations() {
		names = append(names, o.Name)
	}
	return append(names, engagetest.Token)
}

// activeFault is a fault that is on.
type activeFault struct {
	Number    int
	Operation outcome.Operation // Empty for all operations but requests for a token.
	Left      int               // How many requests it still affects, or [engagetest.Always].
	namedFault
}

// affects reports whether the fault affects the requests of an operation.
func (a activeFault) affects(operation outcome.Operation) bool {
	return a.Operation == operation || a.Operation == "" && operation != engagetest.Token
}

// faults holds the faults that are on.
type faults struct {
	mu      sync.Mutex
	active  []activeFault
	numbers int
	changed *bell
}

// on switches a fault on for a number of requests of an operation, or for all of them if
// times is [engagetest.Always]. It returns an error if there is no such fault or operation.
func (f *faults) on(name string, operation outcome.Operation, times int) error {
	i := slices.IndexFunc(namedFaults, func(n namedFault) bool { return n.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no fault %q", cut(name, 40))
	}
	if operation != "" && !slices.Contains(operations(), operation) {
		return fmt.Errorf("there is no operation %q", cut(string(operation), 40))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.numbers++
	f.active = append(f.active, activeFault{f.numbers, operation, times, namedFaults[i]})
	f.changed.ring()
	return nil
}

// off switches a fault off. It does nothing if the fault is off already.
func (f *faults) off(number int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = slices.DeleteFunc(f.active, func(a activeFault) bool { return a.Number == number })
	f.changed.ring()
}

// all returns the faults that are on, the oldest first.
func (f *faults) all() []activeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.active)
}

// choose returns the fault of a request, which is the oldest that affects it, and counts it.
// It is the [engagetest.FaultFunc] of the simulator.
func (f *faults) choose(r engagetest.Request) engagetest.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.active, func(a activeFault) bool { return a.affects(r.Operation) })
	if i < 0 {
		return engagetest.Fault{}
	}
	chosen := f.active[i].fault
	if f.active[i].Left != engagetest.Always {
		f.active[i].Left--
	}
	if f.active[i].Left == 0 {
		f.active = slices.Delete(f.active, i, i+1)
	}
	f.changed.ring()
	return chosen
}

func (s *simulator) faultOn(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	times := 1
	if r.PostFormValue("times") == "always" {
		times = engagetest.Always
	}
	if err := s.faults.on(r.PostFormValue("fault"), outcome.Operation(r.PostFormValue("operation")), times); err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not switched on: ", err, "."))
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: "The fault is on."})
}

func (s *simulator) faultOff(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	number, _ := strconv.Atoi(r.PostFormValue("number"))
	s.faults.off(number)
	s.show(w, http.StatusOK, "report", report{Title: "The fault is off."})
}

// faultsView is the page of the faults.
type faultsView struct {
	Faults     []namedFault
	Operations []outcome.Operation
	Active     []activeFault
}

func (s *simulator) faultsPage(w http.ResponseWriter, _ *http.Request) {
	shown := s.shown()
	view := faultsView{Faults: namedFaults, Operations: operations(), Active: s.faults.all()}
	s.show(w, http.StatusOK, "faults.html", page{Title: "Faults", View: "faults", Since: shown.String(), Body: view})
}
