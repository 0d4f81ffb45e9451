package kafka

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// progress is what a group stores about a partition.
type progress struct {
	// offset is that of the first record that is not settled.
	offset kgo.EpochOffset
	// metadata says which records behind it are settled, and how often the
	// others were delivered. See runs.
	metadata string
}

// runs describes consecutive offsets, for example those behind the first record
// that is not settled. As text, it is the metadata of a commit:
//
//	engage-go/1 1:2 9:s 3:0 20:s
//
// is one record that was delivered twice, 9 settled ones, 3 that were not
// delivered, and 20 settled ones.
type runs []run

// run describes the offsets from the end of the run before it to its own end.
type run struct {
	end int64
	// attempts is how often each record was delivered, or the constant settled.
	attempts int
}

// settled in place of a number of attempts means that the records are settled.
const settled = -1

// metadataPrefix distinguishes the metadata of this package, and its version, from
// that of other programs.
const metadataPrefix = "engage-go/1"

// maxMetadata is the largest size of a commit's metadata that brokers accept,
// unless they are configured otherwise.
const maxMetadata = 4096

// parseRuns returns what the metadata says about the offsets from first on. It
// returns nothing for metadata of other programs, and stops before what it cannot
// read.
func parseRuns(first int64, metadata string) (parsed runs) {
	words := strings.Fields(metadata)
	if len(words) == 0 || words[0] != metadataPrefix {
		return nil
	}
	end := first
	for _, word := range words[1:] {
		length, state, _ := strings.Cut(word, ":")
		n, err := strconv.ParseInt(length, 10, 32)
		if err != nil || n <= 0 || end > math.MaxInt64-n {
			return parsed
		}
		end += n
		attempts := settled
		if state != "s" {
			count, err := strconv.ParseInt(state, 10, 32)
			if err != nil || count < 0 {
				return parsed
			}
			attempts = int(count)
		}
		parsed = append(parsed, run{end, attempts})
	}
	return parsed
}

// attemptsOf returns how often the record at offset was delivered, or the constant
// settled. It returns 0 for an offset that r does not describe. It forgets what r
// knows about offsets before this one.
func (r *runs) attemptsOf(offset int64) int {
	for len(*r) > 0 && (*r)[0].end <= offset {
		*r = (*r)[1:]
	}
	if len(*r) == 0 {
		return 0
	}
	return (*r)[0].attempts
}

// extend describes the offsets up to end, and merges them with the run before.
func (r *runs) extend(end int64, attempts int) {
	if last := len(*r) - 1; last >= 0 && (*r)[last].attempts == attempts {
		(*r)[last].end = end
		return
	}
	*r = append(*r, run{end, attempts})
}

// format returns the metadata for offsets from first on. It leaves out the last
// runs if the text would be longer than limit: their records are delivered again.
func (r runs) format(first int64, limit int) string {
	text := []byte(metadataPrefix)
	known := 0 // the length of the text up to the last run that says something
	for _, run := range r {
		text = append(text, ' ')
		text = strconv.AppendInt(text, run.end-first, 10)
		text = append(text, ':')
		if run.attempts == settled {
			text = append(text, 's')
		} else {
			text = strconv.AppendInt(text, int64(run.attempts), 10)
		}
		if len(text) > limit {
			break
		}
		if run.attempts != 0 {
			known = len(text)
		}
		first = run.end
	}
	return string(text[:known])
}

// progress returns what is to be committed of p, and false if nothing is known yet.
func (p *partition) progress(limit int) (progress, bool) {
	if p.next < 0 {
		return progress{}, false
	}
	at := kgo.EpochOffset{Epoch: p.epoch, Offset: p.next}
	if len(p.records) > 0 {
		at.Offset = p.records[0].kafka.Offset
	}
	var known runs
	end := at.Offset
	for _, r := range p.records {
		if r.kafka.Offset > end {
			known.extend(r.kafka.Offset, settled) // skipped, or not a record at all
		}
		end = r.kafka.Offset + 1
		if r.settled {
			known.extend(end, settled)
		} else {
			known.extend(end, r.attempts)
		}
	}
	if p.next > end {
		known.extend(p.next, settled)
	}
	for _, later := range p.known { // not read again yet
		if later.end > p.next {
			known.extend(later.end, later.attempts)
		}
	}
	return progress{at, known.format(at.Offset, limit)}, true
}

// commitRegularly commits progress at every interval until ctx ends.
func (s *Source) commitRegularly(ctx context.Context) {
	due := time.NewTicker(s.config.CommitInterval)
	defer due.Stop()
	for {
		select {
		case <-due.C:
		case <-ctx.Done():
			return
		}
		if err := s.commit(s.life); err != nil && s.life.Err() == nil {
			s.config.Logger.Warn("kafka: a commit failed, and will be repeated", "error", err)
		}
	}
}

// commit commits the progress of all partitions in which it has changed.
func (s *Source) commit(ctx context.Context) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	for {
		err := s.commitChanges(ctx)
		if !errors.Is(err, kerr.OffsetMetadataTooLarge) || s.metadataLimit == 0 {
			return err
		}
		s.metadataLimit /= 2 // the brokers accept less than usual
	}
}

// errGone reports that a partition has been lost since its progress was read. The
// group or its topic may be another one by now.
var errGone = errors.New("kafka: a partition was lost before its progress was committed")

// commitChanges is a single attempt of commit.
func (s *Source) commitChanges(ctx context.Context) error {
	changed := s.changed()
	offsets := map[string]map[int32]kgo.EpochOffset{}
	metadata := map[partitionID]*string{}
	for p, progress := range changed {
		if offsets[p.id.topic] == nil {
			offsets[p.id.topic] = map[int32]kgo.EpochOffset{}
		}
		offsets[p.id.topic][p.id.number] = progress.offset
		metadata[p.id] = &progress.metadata
	}
	ctx = kgo.PreCommitFnContext(ctx, func(request *kmsg.OffsetCommitRequest) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for p := range changed {
			if p.gone {
				return errGone
			}
		}
		for _, topic := range request.Topics {
			for i := range topic.Partitions {
				partition := &topic.Partitions[i]
				partition.Metadata = metadata[partitionID{topic.Topic, partition.Partition}]
			}
		}
		return nil
	})
	var failed error
	s.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, reply *kmsg.OffsetCommitResponse, err error) {
		failed = err
		if err == nil {
			failed = commitError(reply)
		}
	})
	if failed != nil {
		return failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, progress := range changed {
		p.committed = progress
	}
	return nil
}

// changed returns the progress of the partitions in which it has changed since it
// was committed.
func (s *Source) changed() map[*partition]progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := map[*partition]progress{}
	for _, p := range s.partitions {
		if now, known := p.progress(s.metadataLimit); known && now != p.committed {
			changed[p] = now
		}
	}
	return changed
}

// commitError returns the first error of a reply; nil for none.
func commitError(reply *kmsg.OffsetCommitResponse) error {
	for _, topic := range reply.Topics {
		for _, partition := range topic.Partitions {
			if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// offsetsFetched notes the progress that the group has stored about partitions
// that it assigned to this source.
func (s *Source) offsetsFetched(_ context.Context, _ *kgo.Client, reply *kmsg.OffsetFetchResponse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, group := range reply.Groups {
		for _, topic := range group.Topics {
			for _, fetched := range topic.Partitions {
				p := s.partitions[partitionID{topic.Topic, fetched.Partition}]
				if p == nil || fetched.ErrorCode != 0 || fetched.Offset < 0 {
					continue
				}
				p.next, p.epoch = fetched.Offset, fetched.LeaderEpoch
				p.committed = progress{offset: kgo.EpochOffset{Epoch: p.epoch, Offset: p.next}}
				if fetched.Metadata != nil {
					p.committed.metadata = *fetched.Metadata
					p.known = parseRuns(p.next, *fetched.Metadata)
				}
			}
		}
	}
	return nil
}
