package stream_test

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

var (
	current  = stream.NewSecret("the-hub-secret").Named("current")
	previous = stream.NewSecret("the-old-secret").Named("previous")
	foreign  = stream.NewSecret("someone-else's").Named("foreign")
)

func TestSignaturesAreThoseOfTheStandard(t *testing.T) {
	// RFC 4231, test case 2.
	key := stream.NewSecret("Jefe")
	data := []byte("what do ya want for nothing?")
	require.Equal(t, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", stream.Sign(stream.SHA256, key, data))
	require.Equal(t, "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		stream.Sign(stream.SHA512, key, data))
	require.Empty(t, stream.Sign("md5", key, data))
}

func TestVerifyReturnsTheNameOfTheSecretThatMatched(t *testing.T) {
	data := []byte(`{"tid": "1"}`)
	for _, algorithm := range []stream.Algorithm{stream.SHA256, stream.SHA512} {
		verifier, err := stream.NewVerifier(algorithm, current, previous)
		require.NoError(t, err)
		for _, secret := range []stream.Secret{current, previous} {
			signature := stream.Sign(algorithm, secret, data)
			for _, spelling := range []string{signature, strings.TrimPrefix(signature, string(algorithm)+"="), strings.ToUpper(bare(signature))} {
				name, err := verifier.Verify([]string{spelling}, data)
				require.NoError(t, err)
				require.Equal(t, secret.Name(), name)
			}
		}
	}
}

// bare returns a signature without the algorithm's name.
func bare(signature string) string {
	_, digits, _ := strings.Cut(signature, "=")
	return digits
}

// badSignatures returns values of the header that no receiver may accept for data. Most
// are made from the good one.
func badSignatures(data []byte) map[string][]string {
	good := stream.Sign(stream.SHA256, current, data)
	legacy := sha1.Sum(data)
	return map[string][]string{
		"missing":                     nil,
		"empty":                       {""},
		"a prefix alone":              {"sha256="},
		"doubled in two headers":      {good, good},
		"doubled in one header":       {good + "," + good},
		"doubled prefix":              {"sha256=" + good},
		"truncated":                   {good[:len(good)-2]},
		"half a byte short":           {good[:len(good)-1]},
		"too long":                    {good + "00"},
		"not hexadecimal":             {good[:len(good)-1] + "g"},
		"of another secret":           {stream.Sign(stream.SHA256, foreign, data)},
		"of other data":               {stream.Sign(stream.SHA256, current, append([]byte(" "), data...))},
		"of another algorithm":        {stream.Sign(stream.SHA512, current, data)},
		"named as another":            {"sha512=" + bare(good)},
		"of another size":             {"sha256=" + bare(stream.Sign(stream.SHA512, current, data))},
		"of the legacy algorithm":     {"sha1=" + hex.EncodeToString(legacy[:])},
		"of an unkeyed size":          {strings.Repeat("0", 64)},
		"in another encoding":         {"sha256=" + strings.Repeat("A", 44)},
		"with space before":           {" " + good},
		"with the prefix in capitals": {strings.Replace(good, "sha", "SHA", 1)},
	}
}

func TestBadSignaturesAreRefused(t *testing.T) {
	data := []byte(`{"tid": "1"}`)
	verifier, err := stream.NewVerifier(stream.SHA256, current)
	require.NoError(t, err)
	for name, values := range badSignatures(data) {
		secret, err := verifier.Verify(values, data)
		require.ErrorIs(t, err, stream.ErrSignature, name)
		require.Empty(t, secret)
		require.NotContains(t, err.Error(), bare(stream.Sign(stream.SHA256, current, data)))
	}
}

func TestALongerSignatureThanThatOfItsAlgorithmIsRefused(t *testing.T) {
	data := []byte(`{"tid": "1"}`)
	for _, algorithm := range []stream.Algorithm{stream.SHA256, stream.SHA512} {
		verifier, err := stream.NewVerifier(algorithm, current)
		require.NoError(t, err)
		good := stream.Sign(algorithm, current, data)
		for _, more := range []string{"0", "00", good, "\n"} {
			_, err = verifier.Verify([]string{good + more}, data)
			require.ErrorIs(t, err, stream.ErrSignature, "%s and %q", algorithm, more)
		}
	}
}

func TestASignatureOverTheCompactedPayloadIsAcceptedIfAskedFor(t *testing.T) {
	spaced := []byte("{\n  \"tid\": \"a  b\",\n  \"n\": [ 1, 2 ]\n}\n")
	signed := []string{stream.Sign(stream.SHA256, previous, []byte(`{"tid":"a  b","n":[1,2]}`))}
	verifier, err := stream.NewVerifier(stream.SHA256, current, previous)
	require.NoError(t, err)
	_, err = verifier.Verify(signed, spaced)
	require.ErrorIs(t, err, stream.ErrSignature)

	compacted := verifier.Compacted()
	secret, err := compacted.Verify(signed, spaced)
	require.NoError(t, err)
	require.Equal(t, "previous", secret)
	_, err = compacted.Verify([]string{stream.Sign(stream.SHA256, current, spaced)}, spaced)
	require.NoError(t, err)
	for _, other := range []string{`{"tid":"ab","n":[1,2]}`, `{"tid": "a b"}`, `{broken`} {
		_, err = compacted.Verify(signed, []byte(other))
		require.ErrorIs(t, err, stream.ErrSignature)
	}
}

func TestAVerifierNeedsASecret(t *testing.T) {
	for _, newVerifier := range []func() (*stream.Verifier, error){
		func() (*stream.Verifier, error) { return stream.NewVerifier(stream.SHA256) },
		func() (*stream.Verifier, error) { return stream.NewVerifier("sha1", current) },
		func() (*stream.Verifier, error) { return stream.NewVerifier(stream.SHA256, stream.Secret{}) },
		func() (*stream.Verifier, error) {
			return stream.NewVerifier(stream.SHA256, current, stream.NewSecret("").Named("next"))
		},
	} {
		verifier, err := newVerifier()
		require.Error(t, err)
		require.Nil(t, verifier)
	}
}

func TestTheZeroVerifierAcceptsNothing(t *testing.T) {
	var verifier stream.Verifier
	for _, verifier := range []*stream.Verifier{&verifier, verifier.Compacted()} {
		for _, values := range [][]string{nil, {""}, {"="}, {stream.Sign(stream.SHA256, current, []byte(typing))}} {
			_, err := verifier.Verify(values, []byte(typing))
			require.ErrorIs(t, err, stream.ErrSignature)
		}
	}
}

func FuzzVerify(f *testing.F) {
	data := []byte(`{"tid": "1"}`)
	for _, values := range badSignatures(data) {
		if len(values) > 0 {
			f.Add(values[0], data)
		}
	}
	f.Add(stream.Sign(stream.SHA256, current, data), data)
	verifier, err := stream.NewVerifier(stream.SHA256, current)
	require.NoError(f, err)
	compacted := verifier.Compacted()
	f.Fuzz(func(t *testing.T, header string, data []byte) {
		good := stream.Sign(stream.SHA256, current, data)
		_, err := verifier.Verify([]string{header}, data)
		matches := strings.EqualFold(strings.TrimPrefix(header, "sha256="), bare(good))
		require.Equal(t, matches, err == nil)
		_, _ = compacted.Verify([]string{header}, data) // anything but a panic
	})
}
