package kafka

import (
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// Mechanism is a SASL mechanism, as Kafka spells it.
type Mechanism string

// The mechanisms of [SASL]. Others, such as OAUTHBEARER, go through
// Config.Options.
const (
	Plain       Mechanism = "PLAIN"
	SCRAMSHA256 Mechanism = "SCRAM-SHA-256"
	SCRAMSHA512 Mechanism = "SCRAM-SHA-512"
)

// SASL is how a source says who it is. The zero value is nobody.
type SASL struct {
	// Mechanism is required with the others. [Plain] sends the password as it
	// is, and is refused without TLS.
	Mechanism Mechanism
	// User and Password are required.
	User     string
	Password stream.Secret
}

func (s SASL) validate(faults *outcome.Violations, encrypted bool) {
	if s == (SASL{}) {
		return
	}
	switch s.Mechanism {
	case SCRAMSHA256, SCRAMSHA512:
	case Plain:
		if !encrypted {
			faults.Add("SASL.Mechanism", "is PLAIN without TLS: the password could be read on the way")
		}
	default:
		faults.Add("SASL.Mechanism", "is none of this package's mechanisms")
	}
	if s.User == "" {
		faults.Add("SASL.User", "is empty")
	}
	if s.Password.Reveal() == "" {
		faults.Add("SASL.Password", "is empty")
	}
}

// mechanism returns the client's mechanism for s, which is valid.
func (s SASL) mechanism() sasl.Mechanism {
	switch s.Mechanism {
	case SCRAMSHA256:
		return scram.Auth{User: s.User, Pass: s.Password.Reveal()}.AsSha256Mechanism()
	case SCRAMSHA512:
		return scram.Auth{User: s.User, Pass: s.Password.Reveal()}.AsSha512Mechanism()
	}
	return plain.Auth{User: s.User, Pass: s.Password.Reveal()}.AsMechanism()
}
