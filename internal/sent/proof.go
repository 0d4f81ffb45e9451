package sent

import (
	"errors"
	"strings"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// refused ends the text of an error after a server refused the stream.
const refused = "; REFUSED_STREAM" + safeerror.PeerSuffix

// proof reports whether err proves that an HTTP/2 server did not get the request, and
// whether another connection would probably take it. It looks for an error of net/http
// in err and in what err wraps.
//
// net/http does not export the types of these errors, so proof compares texts. They
// belong to this Go release. An unknown text means that the request may have arrived.
func proof(err error) (notSent, again bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		text := safeerror.NetHTTP(err)
		switch text {
		case safeerror.ConnUnusable, safeerror.GoAway:
			return true, true
		case safeerror.CannotRewind:
			// Without GetBody, net/http repeats a request with a body only after a
			// connection that was unusable. So nothing was written.
			return true, true
		case safeerror.ConnNotEstablished:
			return true, false
		}
		switch {
		case strings.HasPrefix(text, safeerror.StreamPrefix) && strings.HasSuffix(text, refused):
			return true, true
		case strings.HasPrefix(text, safeerror.GoAwayPrefix):
			return true, false
		}
	}
	return false, false
}
