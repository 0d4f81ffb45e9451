package engagetest

import (
	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
)

// Client returns a client of this server, with its credentials. Options come
// after the server's own, so that they win. It returns the errors of
// engage.New.
func (s *Server) Client(options ...engage.Option) (*engage.Client, error) {
	var own []engage.Option
	if s.http.TLS != nil {
		own = append(own, engage.WithTransport(s.http.Client().Transport))
	}
	return engage.New(engage.Endpoint(s.URL()), s.Credentials(), append(own, options...)...)
}

// Credentials returns the token source of a client of this server.
func (s *Server) Credentials() auth.ClientCredentials {
	return auth.ClientCredentials{
		ClientID:     s.ClientID(),
		ClientSecret: auth.NewSecret(s.ClientSecret()),
	}
}
