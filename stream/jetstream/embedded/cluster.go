package embedded

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// Servers is a cluster of three servers in one program.
type Servers struct {
	configs [3]Config
	running [3]*Server
}

// StartCluster starts three servers on this machine's loopback address, each
// with its own folder below folder. It is for tests and demonstrations, since
// the cluster ends with the program. It fails like [Start].
func StartCluster(ctx context.Context, folder string) (*Servers, error) {
	s := &Servers{}
	addresses, err := freeAddresses(2 * len(s.configs))
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	clients, peers := addresses[:len(s.configs)], addresses[len(s.configs):]
	for n := range s.configs {
		name := fmt.Sprintf("server-%d", n+1)
		s.configs[n] = Config{
			Folder:       filepath.Join(folder, name),
			Listen:       clients[n],
			SyncInterval: 2 * time.Minute, // the other servers have a copy
			Cluster:      Cluster{Name: "engage", Server: name, Listen: peers[n]},
		}
		for _, peer := range peers {
			s.configs[n].Cluster.Routes = append(s.configs[n].Cluster.Routes, "nats://"+peer)
		}
	}
	for n := range s.configs {
		if err := s.Start(ctx, n); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// URL returns the addresses of the servers, for jetstream.Config.
func (s *Servers) URL() string {
	urls := make([]string, len(s.configs))
	for n, config := range s.configs {
		urls[n] = "nats://" + config.Listen
	}
	return strings.Join(urls, ",")
}

// Start starts server n, which is 0, 1 or 2, again after Stop. It fails like the
// function [Start].
func (s *Servers) Start(ctx context.Context, n int) (err error) {
	s.running[n], err = Start(ctx, s.configs[n])
	return err
}

// Stop stops server n, which is 0, 1 or 2.
func (s *Servers) Stop(n int) error {
	if s.running[n] == nil {
		return nil
	}
	return s.running[n].Close()
}

// Close stops all servers.
func (s *Servers) Close() error {
	var err error
	for n := range s.running {
		err = errors.Join(err, s.Stop(n))
	}
	return err
}

// freeAddresses returns n free addresses on loopback. Their ports are below
// those that systems give to outgoing connections, which could otherwise take
// the port of a stopped server.
func freeAddresses(n int) ([]string, error) {
	const lowest, ports = 10_000, 20_000
	addresses := make([]string, 0, n)
	for attempts := 1; len(addresses) < n; attempts++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(ports)))
		if err != nil && attempts >= 100*n {
			return nil, err
		}
		if err != nil {
			continue // the port is in use
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}
