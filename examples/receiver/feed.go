package main

import (
	"context"
	"embed"
	"io/fs"

	"github.com/engagesdk/engage-go/stream"
)

// events holds payloads in the vendor's shapes, one in each file.
//
//go:embed events
var events embed.FS

// feed signs the events and posts them to url, each of them twice: a sender repeats an event
// when the answer is late. First it asks whether the receiver is there.
func feed(ctx context.Context, url string, secret stream.Secret) error {
	sender, err := stream.NewSender(url, stream.WithSigning(stream.SHA256, secret))
	if err != nil {
		return err
	}
	if err := sender.Probe(ctx); err != nil {
		return err
	}
	return fs.WalkDir(events, "events", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		payload, err := events.ReadFile(path)
		if err != nil {
			return err
		}
		for range 2 {
			if _, err := sender.Send(ctx, payload); err != nil {
				return err
			}
		}
		return nil
	})
}
