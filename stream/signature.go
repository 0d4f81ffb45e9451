package stream

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"strings"
	"sync"
)

// SignatureHeader is the HTTP header that holds a payload's signature
// (documented).
const SignatureHeader = "X-Hub-Signature"

// Algorithm is how a payload is signed: an HMAC with one of two hashes. The
// vendor's old configurations sign with SHA-1, which is not supported.
type Algorithm string

// The algorithms (documented). A signature may begin with the name and an equal
// sign; that the vendor writes "sha512=" is assumed.
const (
	SHA256 Algorithm = "sha256"
	SHA512 Algorithm = "sha512"
)

func (a Algorithm) hash() func() hash.Hash {
	switch a {
	case SHA256:
		return sha256.New
	case SHA512:
		return sha512.New
	}
	return nil
}

// ErrSignature says that a payload is not signed as it must be: without a
// signature, with more than one, or with a wrong one. It tells no more.
var ErrSignature = errors.New("stream: the signature is missing or wrong")

// Sign returns the value of the [SignatureHeader] with which the vendor sends a
// payload, such as "sha256=5d41…"; it is there for tests of receivers. It is
// empty for an unknown algorithm.
func Sign(algorithm Algorithm, secret Secret, payload []byte) string {
	newHash := algorithm.hash()
	if newHash == nil {
		return ""
	}
	mac := hmac.New(newHash, []byte(secret.Reveal()))
	mac.Write(payload)
	return string(algorithm) + "=" + hex.EncodeToString(mac.Sum(nil))
}

// Verifier checks signatures. It is immutable and safe for concurrent use. Make
// one with [NewVerifier]: any other one, nil included, accepts nothing.
//
// A signature does not get old: the only time that is signed is that of the event,
// within its payload, and nothing checks it. Whoever captures a request can send
// it again; an inbox takes it for a copy for as long as it remembers the event's
// id, and for a new event afterwards.
type Verifier struct {
	algorithm Algorithm
	size      int
	keys      []*signingKey
	// compacted says that a payload without insignificant white space may be
	// what was signed.
	compacted bool
}

// signingKey is a secret with HMACs that are keyed with it.
type signingKey struct {
	name string
	macs sync.Pool
}

// NewVerifier returns a verifier that takes signatures of one algorithm, made
// with any of secrets. More than one lets the secret be changed without losing
// an event: [Verifier.Verify] tells which one matched. It fails on an unknown
// algorithm, without a secret, and on an empty secret.
func NewVerifier(algorithm Algorithm, secrets ...Secret) (*Verifier, error) {
	newHash := algorithm.hash()
	if newHash == nil {
		return nil, errors.New("stream: the signature algorithm is not known")
	}
	if len(secrets) == 0 {
		return nil, errors.New("stream: there is no secret to verify signatures with")
	}
	v := &Verifier{algorithm: algorithm, size: newHash().Size()}
	for _, secret := range secrets {
		value := []byte(secret.Reveal())
		if len(value) == 0 {
			return nil, errors.New("stream: " + secret.String() + " is empty")
		}
		v.keys = append(v.keys, &signingKey{
			name: secret.Name(),
			macs: sync.Pool{New: func() any { return hmac.New(newHash, value) }},
		})
	}
	return v, nil
}

// Compacted returns a verifier that accepts a signature over the payload
// without its insignificant white space, too. A sample of the vendor's suggests
// that some payloads are signed like that.
func (v *Verifier) Compacted() *Verifier {
	if v == nil {
		return nil
	}
	return &Verifier{v.algorithm, v.size, v.keys, true}
}

// Verify checks the values of the [SignatureHeader] against the payload, and
// returns the name of the secret that matches. There must be one value, the
// whole MAC in hexadecimal digits, with the algorithm's name before it or not.
// Anything else is [ErrSignature]. How long the comparison takes does not
// depend on the MAC.
func (v *Verifier) Verify(values []string, payload []byte) (secret string, err error) {
	var buffer [sha512.Size]byte
	claimed, ok := v.parse(values, &buffer)
	if !ok {
		return "", ErrSignature
	}
	if secret, ok := v.match(claimed, payload); ok {
		return secret, nil
	}
	if v.compacted {
		var compact bytes.Buffer
		if json.Compact(&compact, payload) == nil {
			if secret, ok := v.match(claimed, compact.Bytes()); ok {
				return secret, nil
			}
		}
	}
	return "", ErrSignature
}

// wellFormed reports whether the values could be those of a good signature.
func (v *Verifier) wellFormed(values []string) bool {
	var buffer [sha512.Size]byte
	_, ok := v.parse(values, &buffer)
	return ok
}

// parse reads the MAC that a header claims, into buffer.
func (v *Verifier) parse(values []string, buffer *[sha512.Size]byte) (mac []byte, ok bool) {
	if v == nil || len(values) != 1 {
		return nil, false
	}
	digits := strings.TrimPrefix(values[0], string(v.algorithm)+"=")
	if len(digits) != hex.EncodedLen(v.size) {
		return nil, false
	}
	var text [2 * sha512.Size]byte
	n, err := hex.Decode(buffer[:], text[:copy(text[:], digits)])
	return buffer[:n], err == nil
}

// match returns the name of the first secret with which payload has the MAC.
func (v *Verifier) match(claimed, payload []byte) (secret string, ok bool) {
	for _, key := range v.keys {
		if key.matches(claimed, payload) {
			return key.name, true
		}
	}
	return "", false
}

func (k *signingKey) matches(claimed, payload []byte) bool {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write(payload)
	var sum [sha512.Size]byte
	return hmac.Equal(mac.Sum(sum[:0]), claimed)
}
