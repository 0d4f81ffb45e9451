package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The speeds at which a scenario can run. One is the natural speed.
const (
	slowest = 0.1
	fastest = 1000
)

// checkSpeed returns an error if no scenario can run at a speed. NaN is no speed.
func checkSpeed(speed float64) error {
	if !(speed >= slowest && speed <= fastest) {
		return fmt.Errorf("the speed is not between %v and %v", slowest, fastest)
	}
	return nil
}

// playing describes the scenario that runs, or the last one.
type playing struct {
	Title   string // Empty if none has run yet.
	Caption string // What happens now.
	Running bool
}

// play knows the scenario that runs, of which there is at most one. The zero value has none.
type play struct {
	mu      sync.Mutex
	current playing
	cancel  context.CancelFunc // Nil if none has run yet.
}

// now returns what runs now.
func (p *play) now() playing {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// begin notes that a scenario starts. It returns an error if another one runs.
func (p *play) begin(title string, cancel context.CancelFunc) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current.Running {
		return fmt.Errorf("%q still runs", p.current.Title)
	}
	p.current, p.cancel = playing{Title: title, Caption: "It begins.", Running: true}, cancel
	return nil
}

// say changes the caption, and whether the scenario still runs.
func (p *play) say(caption string, running bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current.Caption, p.current.Running = caption, running
}

// stop makes the scenario end, if one runs.
func (p *play) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}

// start starts a scenario in the background, until it ends or the simulator does. It returns
// an error if there is no such scenario or speed, or if a scenario runs already.
func (s *simulator) start(name string, speed float64) error {
	i := slices.IndexFunc(scenarios, func(sc scenario) bool { return sc.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no scenario %q", cut(name, 40))
	}
	if err := checkSpeed(speed); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	if err := s.play.begin(scenarios[i].Title, cancel); err != nil {
		cancel()
		return err
	}
	s.changed.ring()
	s.running.Go(func() {
		defer cancel()
		caption := "It has ended."
		switch err := scenarios[i].run(&stage{s, ctx, speed}); {
		case ctx.Err() != nil:
			caption = "It was stopped."
		case err != nil:
			caption = fmt.Sprint("It failed: ", err)
		}
		s.play.say(caption, false)
		s.changed.ring()
	})
	return nil
}

// stage is where a scenario runs.
type stage struct {
	*simulator
	ctx   context.Context
	speed float64
}

// pause waits for a time at the natural speed. It returns an error if the scenario was
// stopped.
func (st *stage) pause(wait time.Duration) error {
	if !sleep(st.ctx, time.Duration(float64(wait)/st.speed)) {
		return st.ctx.Err()
	}
	return nil
}

// say shows people what happens, and gives them time to read it. It returns an error if the
// scenario was stopped.
func (st *stage) say(caption string) error {
	st.play.say(caption, true)
	st.changed.ring()
	return st.pause(2 * time.Second)
}

func (s *simulator) startScenario(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	speed, err := strconv.ParseFloat(r.PostFormValue("speed"), 64)
	if err != nil {
		speed = s.speed
	}
	if err := s.start(r.PostFormValue("scenario"), speed); err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not started: ", err, "."))
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: "The scenario has started."})
}

func (s *simulator) stopScenario(w http.ResponseWriter, _ *http.Request) {
	s.play.stop()
	s.show(w, http.StatusOK, "report", report{Title: "The scenario has been stopped."})
}

// scenariosView is the page of the scenarios and the state.
type scenariosView struct {
	Scenarios []scenario
	Speed     float64
	Playing   playing
	File      stateFile
}

func (s *simulator) scenariosPage(w http.ResponseWriter, _ *http.Request) {
	shown := s.shown()
	s.show(w, http.StatusOK, "scenarios.html", page{
		Title: "Scenarios", View: "scenarios", Since: shown.String(),
		Body: scenariosView{scenarios, s.speed, s.play.now(), s.state},
	})
}
