package engagetest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"strconv"
)

// oversize is the length of an oversized body.
const oversize = 64 << 20

// reply is an answer as it goes out.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// encode writes JSON. What the server encodes is its own and always can be.
func encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// add adds a header, making the map if there is none yet.
func add(header http.Header, name string, values ...string) http.Header {
	if header == nil {
		header = make(http.Header)
	}
	for _, value := range values {
		header.Add(name, value)
	}
	return header
}

// inNumbers writes status and code of an envelope as numbers. What is no
// envelope stays as it is.
func inNumbers(body []byte, status int) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members["code"] == nil {
		return body
	}
	members["status"] = json.RawMessage(strconv.Itoa(status))
	if code, err := strconv.Atoi(string(bytes.Trim(members["code"], `"`))); err == nil {
		members["code"] = json.RawMessage(strconv.Itoa(code))
	}
	return encode(members)
}

// send answers a request, or does to its connection what the fault says. The
// whole answer has left when it returns.
func (s *Server) send(w http.ResponseWriter, request *Request, r reply, f Fault) {
	switch f.Connection {
	case ConnectionClosed:
		abort()
	case ConnectionReset:
		reset(w)
	}
	s.log.answered(request, r.status)
	header := w.Header()
	header.Set("Content-Type", contentType(r.body))
	header.Set("trxid", request.TransactionID)
	header.Set("TrackingId", request.TransactionID)
	maps.Copy(header, r.header)
	if f.Shape == Oversized && f.Body == "" {
		w.WriteHeader(r.status)
		writeOversized(w)
		return
	}
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	part := r.body
	if f.Connection == ConnectionCutShort {
		part = part[:len(part)/2]
	}
	// An error means that nobody is there any more to be told.
	_, _ = w.Write(part)
	_ = http.NewResponseController(w).Flush()
	if f.Connection == ConnectionCutShort {
		abort()
	}
}

func contentType(body []byte) string {
	if bytes.HasPrefix(body, []byte("<")) {
		return "text/html; charset=utf-8"
	}
	return "application/json"
}

// writeOversized writes more JSON than anybody should read, until the client
// has had enough.
func writeOversized(w http.ResponseWriter) {
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	_, err := w.Write([]byte(`{"status":"success","value":{"padding":"`))
	for sent := 0; sent < oversize && err == nil; sent += len(chunk) {
		_, err = w.Write(chunk)
	}
	if err == nil {
		_, _ = w.Write([]byte(`"}}`))
	}
}

// abort ends a request without an answer, or in the middle of one. It is
// net/http's way to do so.
func abort() { panic(http.ErrAbortHandler) }

// reset ends a request by resetting its connection, where there is one of its
// own.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
	abort()
}
