package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/outcome"
)

// Config says how a server runs. Only Folder is required.
type Config struct {
	// Folder is where the server stores its files. It is created if it does not
	// exist, for its owner only. One server at a time can use it.
	Folder string
	// Listen is the address for connections of other programs, such as
	// 127.0.0.1:4222. If it is empty, the server does not listen. The server
	// accepts everyone unless Configure sets up authentication.
	Listen string
	// SyncInterval is how often the server flushes its files to the disk, which
	// protects them from a loss of power. Zero means before each write is
	// confirmed: that takes one flush for each entry that is put and each that
	// is settled. Writes survive the end of the program in any case.
	SyncInterval time.Duration
	// Cluster makes the server part of a cluster. The default is a single
	// server.
	Cluster Cluster
	// Configure, if not nil, may change the server's options before it starts,
	// for example to set up authentication.
	Configure func(*server.Options)
	// Logger logs the server's messages. The default is not to log.
	Logger *slog.Logger
}

// Cluster says how a server belongs to a cluster. The zero value means that it
// does not.
type Cluster struct {
	// Name is the name of the cluster.
	Name string
	// Server is the name of this server. It is required if Name is set.
	Server string
	// Listen is the address for connections of the other servers.
	Listen string
	// Routes are the URLs of the other servers, as nats://host:port.
	Routes []string
}

// maxPayload is the size in bytes of the largest message, headers included. It
// is twice what a receiver accepts by default.
const maxPayload = 8 << 20

// Server is a server that runs inside the program. Create one with [Start].
type Server struct {
	server  *server.Server
	options *server.Options
	logger  *slog.Logger
	unlock  func() error
	close   func() error
	done    chan struct{} // closed when the server is to end
	watch   sync.WaitGroup
}

// Start starts a server and waits until it is ready, or until ctx ends. It
// fails if config is invalid, with all violations at once, if the folder cannot
// be written, or if an address is in use. It returns [ErrInUse] if another
// server uses the folder.
func Start(ctx context.Context, config Config) (*Server, error) {
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
	s := &Server{
		options: options,
		logger:  cmp.Or(config.Logger, slog.New(slog.DiscardHandler)),
		unlock:  unlock,
		done:    make(chan struct{}),
	}
	s.close = sync.OnceValue(s.shutDown)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded: %w", err), s.Close())
	}
	s.watch.Go(s.reopenFailedStores)
	return s, nil
}

// start starts the server and waits until it is ready.
func (s *Server) start(ctx context.Context) (err error) {
	if s.server, err = server.NewServer(s.options); err != nil {
		return err
	}
	failed := make(chan error, 1)
	s.server.SetLogger(&serverLog{logger: s.logger, failed: failed}, false, false)
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
			<-started // a server that starts cannot be shut down
			return ctx.Err()
		default:
		}
		if s.server.ReadyForConnections(20 * time.Millisecond) {
			return nil
		}
	}
}

// options returns the server's options, or all violations at once.
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
		faults.Add("Cluster", "has only one of Name and Server")
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

// address splits an address into host and port. It accepts an empty one.
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

// healthInterval is how often a server checks its stores.
const healthInterval = time.Second

// reopenFailedStores reopens JetStream's stores after a write has failed, as
// soon as the disk has room. Until it is restarted, JetStream itself refuses
// every further write.
func (s *Server) reopenFailedStores() {
	ticks := time.NewTicker(healthInterval)
	defer ticks.Stop()
	for failing := false; ; {
		select {
		case <-ticks.C:
		case <-s.done:
			return
		}
		failure := s.storeFailure()
		if failure == "" {
			failing = false
			continue
		}
		if !failing {
			failing = true
			s.logger.Error("embedded: a store failed, and is reopened when the disk has room", "error", failure)
		}
		if s.hasRoom() {
			s.reopenStores()
		}
	}
}

// storeFailure returns why a store cannot be written, or "". A single server
// reports it for each stream. One of a cluster ends JetStream.
func (s *Server) storeFailure() string {
	if s.server.JetStreamConfig() == nil {
		return "JetStream has ended"
	}
	if s.server.JetStreamIsClustered() {
		return ""
	}
	for _, problem := range s.server.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if strings.Contains(problem.Error, "write error") { // a stream that is just created has others
			return problem.Error
		}
	}
	return ""
}

// hasRoom reports whether the folder has room for the largest message.
func (s *Server) hasRoom() bool {
	file, err := os.CreateTemp(s.options.StoreDir, "room-*")
	if err != nil {
		return false
	}
	defer os.Remove(file.Name())
	_, err = file.Write(make([]byte, s.options.MaxPayload))
	return errors.Join(err, file.Close()) == nil
}

// reopenStores ends JetStream and starts it again, which recovers what is
// stored.
func (s *Server) reopenStores() {
	err := s.server.ShutdownJetStream()
	if err == nil {
		err = s.server.EnableJetStream(&server.JetStreamConfig{
			StoreDir:     s.options.StoreDir,
			MaxMemory:    s.options.JetStreamMaxMemory,
			MaxStore:     s.options.JetStreamMaxStore,
			SyncInterval: s.options.SyncInterval,
			SyncAlways:   s.options.SyncAlways,
			Domain:       s.options.JetStreamDomain,
			UniqueTag:    s.options.JetStreamUniqueTag,
			Strict:       !s.options.NoJetStreamStrict,
		})
	}
	if err != nil {
		s.logger.Error("embedded: the stores cannot be reopened yet", "error", err)
		return
	}
	s.logger.Info("embedded: the stores were reopened")
}

// Options returns the options for jetstream.Config that connect to the server
// from inside the program, without a network.
func (s *Server) Options() []nats.Option {
	return []nats.Option{nats.InProcessServer(s.server)}
}

// Close ends the server and unlocks its folder. A second call does nothing.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	close(s.done)
	s.watch.Wait()
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	return s.unlock()
}
