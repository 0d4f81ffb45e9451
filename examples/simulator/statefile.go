package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// restore replaces the state of the server with that in a snapshot of a size in bytes.
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
