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

// SignatureHeader is the HTTP header with the signature of a payload (documented).
const SignatureHeader = "X-Hub-Signature"

// Algorithm is how a payload is signed: the hash of an HMAC. Old configurations of the
// vendor sign with SHA-1, which is not supported.
type Algorithm string

// The algorithms (documented). A signature may begin with the algorithm's name and an
// equal sign. That the vendor writes "sha512=" is assumed.
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

// ErrSignature says that a payload has no signature, several, or a wrong one. It does not
// say which of these is the case.
var ErrSignature = errors.New("stream: the signature is missing or wrong")

// Sign returns the vendor's signature of a payload, such as "sha256=5d41…". It is the value
// of [SignatureHeader], for senders and for tests of receivers. For an unknown algorithm Sign
// returns "".
func Sign(algorithm Algorithm, secret Secret, payload []byte) string {
	newHash := algorithm.hash()
	if newHash == nil {
		return ""
	}
	mac := hmac.New(newHash, []byte(secret.Reveal()))
	mac.Write(payload)
	return string(algorithm) + "=" + hex.EncodeToString(mac.Sum(nil))
}

// Verifier checks signatures. It is immutable and safe for concurrent use. Make one with
// [NewVerifier]. The zero Verifier accepts nothing.
//
// A signature never expires: a captured request can be sent again, and its signature is
// valid. An inbox recognizes it as a duplicate while it remembers the event's id.
type Verifier struct {
	algorithm Algorithm
	size      int // of a MAC, in bytes
	keys      []*signingKey
	// compacted reports whether the signature may be over the payload without
	// insignificant white space.
	compacted bool
}

// signingKey is a secret with a pool of its HMACs.
type signingKey struct {
	name string
	macs sync.Pool // of *keyedHash
}

// keyedHash is an HMAC with room for its sum.
type keyedHash struct {
	hash.Hash
	sum [sha512.Size]byte
}

// NewVerifier returns a verifier that accepts signatures of algorithm with any of
// secrets. Two secrets let the sender change from one to the other without losing an
// event. NewVerifier returns an error if the algorithm is unknown, if there is no
// secret, or if a secret is empty. The error names everything that is wrong.
func NewVerifier(algorithm Algorithm, secrets ...Secret) (*Verifier, error) {
	newHash := algorithm.hash()
	var problems []string
	if newHash == nil {
		problems = append(problems, "the algorithm is not known")
	}
	if len(secrets) == 0 {
		problems = append(problems, "there is no secret")
	}
	for _, secret := range secrets {
		if secret.Reveal() == "" {
			problems = append(problems, secret.String()+" is empty")
		}
	}
	if err := invalid("the verifier of signatures", problems...); err != nil {
		return nil, err
	}
	v := &Verifier{algorithm: algorithm, size: newHash().Size()}
	for _, secret := range secrets {
		value := []byte(secret.Reveal())
		v.keys = append(v.keys, &signingKey{
			name: secret.Name(),
			macs: sync.Pool{New: func() any { return &keyedHash{Hash: hmac.New(newHash, value)} }},
		})
	}
	return v, nil
}

// Compacted returns a verifier that also accepts a signature over the payload without
// its insignificant white space. A sample of the vendor suggests that some payloads are
// signed like that.
func (v *Verifier) Compacted() *Verifier {
	return &Verifier{v.algorithm, v.size, v.keys, true}
}

// Verify checks the values of [SignatureHeader] against the payload as it came, and
// returns the name of the secret that matches. There must be exactly one value: the whole
// MAC in hexadecimal digits, with or without the algorithm's name and an equal sign before
// it. Otherwise, and if no secret matches, Verify returns [ErrSignature]. The time of the
// comparison does not depend on the MAC.
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

// wellFormed reports whether values have the form of a signature.
func (v *Verifier) wellFormed(values []string) bool {
	var buffer [sha512.Size]byte
	_, ok := v.parse(values, &buffer)
	return ok
}

// parse decodes the MAC of a signature into buffer.
func (v *Verifier) parse(values []string, buffer *[sha512.Size]byte) (mac []byte, ok bool) {
	if len(values) != 1 {
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

// match returns the name of the first secret that gives payload the MAC.
func (v *Verifier) match(claimed, payload []byte) (secret string, ok bool) {
	for _, key := range v.keys {
		if key.matches(claimed, payload) {
			return key.name, true
		}
	}
	return "", false
}

func (k *signingKey) matches(claimed, payload []byte) bool {
	mac := k.macs.Get().(*keyedHash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write(payload)
	return hmac.Equal(mac.Sum(mac.sum[:0]), claimed)
}
