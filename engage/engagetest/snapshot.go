package engagetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
)

// snapshotVersion is the version of the JSON that Snapshot returns.
const snapshotVersion = 2

// snapshot is the JSON of a server's state.
type snapshot struct {
	EngageTest    int                      `json:"engagetest"` // The version.
	Conversations []Conversation           `json:"conversations"`
	IDs           int                      `json:"ids"`    // The last number of a conversation id.
	Tasks         int                      `json:"tasks"`  // The last number of a task.
	TaskOf        map[string]string        `json:"taskOf"` // The task of each resolved conversation.
	Teams         map[string]Team          `json:"teams"`  // By name.
	BusinessHours map[string]BusinessHours `json:"businessHours"`
	Files         map[string]file          `json:"files,omitempty"` // By id. Since version 2.
}

// Snapshot returns the state of the server as JSON, for [Server.Restore]. The state is
// the conversations, the teams, the schedules, the files, and the numbers of the last ids.
// Tokens, faults, recorded requests, callbacks and stream events are not part of it. Snapshot
// returns an error if a seeded time or CapabilityList has no JSON.
func (s *Server) Snapshot() ([]byte, error) {
	s.mu.Lock()
	saved := snapshot{
		EngageTest:    snapshotVersion,
		Conversations: make([]Conversation, len(s.state.all)),
		IDs:           s.state.created,
		Tasks:         s.state.tasks,
		TaskOf:        maps.Clone(s.state.taskOf),
		Teams:         maps.Clone(s.state.teams),
		BusinessHours: maps.Clone(s.state.businessHours),
		Files:         maps.Clone(s.state.files),
	}
	for i, c := range s.state.all {
		saved.Conversations[i] = c.clone()
	}
	s.mu.Unlock()
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // A message then keeps its JSON, except for white space.
	if err := encoder.Encode(saved); err != nil {
		return nil, fmt.Errorf("engagetest: Snapshot: %w", err)
	}
	return encoded.Bytes(), nil
}

// Restore replaces the state of the server with that of a snapshot. It changes nothing if
// it returns an error: data is not a snapshot, is damaged, or has a newer version. What is
// not part of a snapshot, such as tokens and recorded requests, stays as it is. The
// messages keep the URLs of their files, so a server with another address serves the files
// at other URLs.
func (s *Server) Restore(data []byte) error {
	saved, err := readSnapshot(data)
	if err != nil {
		return fmt.Errorf("engagetest: Restore: %w", err)
	}
	restored := newState()
	restored.created, restored.tasks = saved.IDs, saved.Tasks
	for i := range saved.Conversations {
		c := &saved.Conversations[i]
		if c.ID == "" || restored.byID[c.ID] != nil {
			return fmt.Errorf("engagetest: Restore: the id of conversation %d is empty or occurs twice", i+1)
		}
		c.complete(s.now())
		restored.put(c)
	}
	maps.Copy(restored.taskOf, saved.TaskOf)
	maps.Copy(restored.teams, saved.Teams)
	maps.Copy(restored.businessHours, saved.BusinessHours)
	for id, f := range saved.Files {
		restored.addFile(id, f)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.state.all
	restored.behavior, restored.watchers, restored.deliver = s.state.behavior, s.state.watchers, s.state.deliver
	s.state = restored
	for _, c := range before {
		s.state.changed(c.ID)
	}
	for _, c := range s.state.all {
		s.state.changed(c.ID)
	}
	return nil
}

// readSnapshot decodes a snapshot. Members that it does not know are an error, because
// they would be lost.
func readSnapshot(data []byte) (*snapshot, error) {
	var head struct {
		EngageTest int `json:"engagetest"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("the data is not a snapshot: %w", err)
	}
	switch {
	case head.EngageTest < 1:
		return nil, errors.New("the data is not a snapshot")
	case head.EngageTest > snapshotVersion:
		return nil, fmt.Errorf("the snapshot has version %d, and this package reads version %d", head.EngageTest, snapshotVersion)
	}
	var saved snapshot
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&saved); err != nil {
		return nil, fmt.Errorf("the snapshot is damaged: %w", err)
	}
	return &saved, nil
}
