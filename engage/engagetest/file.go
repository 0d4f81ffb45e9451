package engagetest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
)

// The server keeps files up to these sizes: of one file, and of all together.
const (
	maxFileBytes  = 8 << 20
	maxFilesBytes = 64 << 20
)

// filesPath is the path below which the server serves files. It is outside of the API.
const filesPath = "/files/"

// file is a file that the server serves.
type file struct {
	Name     string `json:"name"`
	MIMEType string `json:"mimeType"`
	Content  []byte `json:"content"`
}

// AddFile makes the server serve a file, and returns it as an attachment for a message. The
// server keeps the file until a [Server.Restore]. Everybody who has its URL can read the
// file, without a token, as with the links of the channels. The URL cannot be guessed.
// Requests for files are not recorded.
//
// The file is safe to open in a browser: it gets the media type only if that is
// well-formed, and no script in it runs. AddFile returns an error if the file is larger
// than 8 MiB, or if all files together would be larger than 64 MiB.
func (s *Server) AddFile(name, mimeType string, content []byte) (message.Attachment, error) {
	if len(content) > maxFileBytes {
		return message.Attachment{}, fmt.Errorf("engagetest: AddFile: the file is larger than %d bytes", maxFileBytes)
	}
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.fileBytes+len(content) > maxFilesBytes {
		return message.Attachment{}, fmt.Errorf("engagetest: AddFile: all files together are larger than %d bytes", maxFilesBytes)
	}
	s.state.addFile(id, file{name, mimeType, slices.Clone(content)})
	return message.Attachment{MIMEType: mimeType, FileName: name, URL: s.origin() + filesPath + id}, nil
}

// addFile adds a file, which nobody changes any more.
func (s *state) addFile(id string, f file) {
	s.files[id] = f
	s.fileBytes += len(f.Content)
}

// serveFile serves the file of a request.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f, ok := s.state.files[strings.TrimPrefix(r.URL.Path, filesPath)]
	s.mu.Unlock()
	switch {
	case !ok:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a file can only be read", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", f.contentType())
	header.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name}))
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.Content))
}

// contentType returns the media type of the file. It returns that of unknown bytes if the
// file has none that is well-formed.
func (f file) contentType() string {
	mediaType, parameters, err := mime.ParseMediaType(f.MIMEType)
	if err != nil || !strings.Contains(mediaType, "/") {
		return "application/octet-stream"
	}
	return mime.FormatMediaType(mediaType, parameters)
}
