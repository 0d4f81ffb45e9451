package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/outcome"
)

// Config says how a server runs. Folder is required; the other fields may be
// zero.
type Config struct {
	// Folder is where everything is stored. It is made if it is not there, for
	// its owner only. One server at a time uses it.
	Folder string
	// Listen is the address at which other programs reach the server, such as
	// 127.0.0.1:4222. Empty means that only this program does. The server asks
	// nobody who they are, unless Configure has it do so.
	Listen string
	// SyncInterval is how often what was written is made safe from a loss of
	// power. Zero means always, before the write is confirmed: that costs a
	// flush of the disk for each entry that is put and each that is settled.
	// What was written is safe from the end of the program either way.
	SyncInterval time.Duration
	// Cluster makes the server one of several. The default is a single one.
	Cluster Cluster
	// Configure changes the server's options before it starts, for example to
	// have it ask for passwords. It is called once.
	Configure func(*server.Options)
	// Logger is told what the server has to say. The default is not to log.
	Logger *slog.Logger
}

// Cluster says which servers belong together.
type Cluster struct {
	// Name is the cluster's, Server this server's own in it. They are given
	// together or not at all.
	Name, Server string
	// Listen is the address at which the others reach this server.
	Listen string
	// Routes are the URLs, nats://host:port, at which it reaches the others.
	Routes []string
}

// maxPayload is the size in bytes of the largest entry, headers included: twice
// what a receiver takes by default.
const maxPayload = 8 << 20

// Server is a server that runs inside the program. Make one with [Start]: any
// other one cannot be connected to.
type Server struct {
	server *server.Server
	unlock func() error
	close  func() error
}

// errNoContext says that a context is nil, errNotStarted that a server is none of
// Start's.
var (
	errNoContext  = errors.New("embedded: the context is nil")
	errNotStarted = errors.New("embedded: the server was not started")
)

// Start starts a server and waits until it is ready, or ctx ends. It fails
// without a ctx; on a Config that cannot be obeyed, with every violation at
// once; with [ErrInUse] if another server uses the folder; if the folder cannot
// be written, or the address is taken.
func Start(ctx context.Context, config Config) (*Server, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	options, err := config.options()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	unlock, err := lock(config.Folder)
	if err != nil {
		return nil, err
	}
	s := &Server{unlock: unlock}
	s.close = sync.OnceValue(s.shutDown)
	if err := s.start(ctx, options, config.Logger); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded: %w", err), s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, options *server.Options, logger *slog.Logger) (err error) {
	if s.server, err = server.NewServer(options); err != nil {
		return err
	}
	failed := make(chan error, 1)
	s.server.SetLogger(&serverLog{logger: logger, failed: failed}, false, false)
	started := make(chan struct{})
	go func() {
		defer close(started)
		s.server.Start()
	}()
	for {
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			<-started // it cannot be shut down while it starts
			return ctx.Err()
		default:
		}
		if s.server.ReadyForConnections(20 * time.Millisecond) {
			return nil
		}
	}
}

// options translates the configuration.
func (c Config) options() (*server.Options, error) {
	var faults outcome.Violations
	if c.Folder == "" {
		faults.Add("Folder", "is empty")
	}
	if c.SyncInterval < 0 {
		faults.Add("SyncInterval", "is negative")
	}
	options := &server.Options{
		ServerName:   c.Cluster.Server,
		DontListen:   c.Listen == "",
		JetStream:    true,
		StoreDir:     c.Folder,
		SyncAlways:   c.SyncInterval == 0,
		SyncInterval: c.SyncInterval,
		MaxPayload:   maxPayload,
		NoSigs:       true,
	}
	options.Host, options.Port = address(c.Listen, "Listen", &faults)
	c.cluster(options, &faults)
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	if c.Configure != nil {
		c.Configure(options)
	}
	return options, nil
}

func (c Config) cluster(options *server.Options, faults *outcome.Violations) {
	if (c.Cluster.Name == "") != (c.Cluster.Server == "") {
		faults.Add("Cluster", "has one of the two names, and not the other")
	}
	if c.Cluster.Name == "" {
		return
	}
	options.Cluster.Name = c.Cluster.Name
	options.Cluster.Host, options.Cluster.Port = address(c.Cluster.Listen, "Cluster.Listen", faults)
	for i, route := range c.Cluster.Routes {
		parsed, err := url.Parse(route)
		if err != nil || parsed.Host == "" {
			faults.Add(fmt.Sprintf("Cluster.Routes[%d]", i), "is not a URL")
			continue
		}
		options.Routes = append(options.Routes, parsed)
	}
}

// address splits the address to listen at; an empty one is left to others to
// judge.
func address(listen, field string, faults *outcome.Violations) (host string, port int) {
	if listen == "" {
		return "", 0
	}
	host, number, err := net.SplitHostPort(listen)
	if err == nil {
		port, err = strconv.Atoi(number)
	}
	if err != nil || port < 1 || port > 65535 {
		faults.Add(field, "is not a host and a port")
	}
	return host, port
}

// Options connect to the server from inside the program, without a network:
// for jetstream.Config.
func (s *Server) Options() []nats.Option {
	if !s.started() {
		return []nats.Option{func(*nats.Options) error { return errNotStarted }}
	}
	return []nats.Option{nats.InProcessServer(s.server)}
}

// Close ends the server and gives its folder free. Closing twice is harmless.
func (s *Server) Close() error {
	if !s.started() {
		return nil
	}
	return s.close()
}

// started reports whether Start made the server.
func (s *Server) started() bool { return s != nil && s.close != nil }

func (s *Server) shutDown() error {
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	return s.unlock()
}
