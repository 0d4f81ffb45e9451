package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/engagesdk/engage-go/engage/engagetest"
)

// maxState is the largest size in bytes of a saved state. It has room for all files that
// the server keeps.
const maxState = 256 << 20

// stateFile is the path of a file with the state of the simulator: the snapshot of
// its server.
type stateFile string

// load restores the state from the file. It does nothing if there is no file. If the file
// is damaged, too large or of a newer version, load returns an error and changes nothing.
func (path stateFile) load(server *engagetest.Server) error {
	file, err := os.Open(string(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := restore(server, file, info.Size()); err != nil {
		return fmt.Errorf("%s is not loaded: %w", path, err)
	}
	return nil
}

// restore replaces the state of the server with that in a snapshot of a size in bytes. It
// changes nothing if it returns an error.
func restore(server *engagetest.Server, snapshot io.Reader, size int64) error {
	if size > maxState {
		return fmt.Errorf("it is larger than %d MiB", maxState>>20)
	}
	data, err := io.ReadAll(io.LimitReader(snapshot, size))
	if err != nil {
		return err
	}
	return server.Restore(data)
}

// save writes the state to the file. The file has either its old content or all of the
// new one, whatever happens. save refuses a state that load would refuse.
func (path stateFile) save(server *engagetest.Server) (err error) {
	data, err := server.Snapshot()
	if err != nil {
		return err
	}
	if len(data) > maxState {
		return fmt.Errorf("%s is not saved: the state is larger than %d MiB", path, maxState>>20)
	}
	file, err := os.CreateTemp(filepath.Dir(string(path)), filepath.Base(string(path))+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), string(path))
}

// downloadState writes the state as a file for the browser to save.
func (s *simulator) downloadState(w http.ResponseWriter, _ *http.Request) {
	snapshot, err := s.server.Snapshot()
	if err != nil {
		s.fail(w, http.StatusInternalServerError, fmt.Sprint("The state cannot be saved: ", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", `attachment; filename="simulator.json"`)
	_, _ = w.Write(snapshot)
}

func (s *simulator) saveState(w http.ResponseWriter, _ *http.Request) {
	if s.state == "" {
		s.fail(w, http.StatusConflict, "There is no state file. Start the program with -state, or download the state.")
		return
	}
	if err := s.state.save(s.server); err != nil {
		s.fail(w, http.StatusInternalServerError, fmt.Sprint("Not saved: ", err, "."))
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: fmt.Sprintf("Saved to %s.", s.state)})
}

// uploadState replaces the state with an uploaded one. Faults, requests and the scenario that
// runs stay.
func (s *simulator) uploadState(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		s.fail(w, http.StatusBadRequest, "Not loaded: choose a file.")
		return
	}
	defer file.Close()
	if err := restore(s.server, file, header.Size); err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not loaded, and nothing has changed: ", err, "."))
		return
	}
	s.instance.Store(rand.Text()) // All pages then load again.
	s.changed.ring()
	s.show(w, http.StatusOK, "report", report{Title: "The state is loaded."})
}
