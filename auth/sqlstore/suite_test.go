package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/auth/sqlstore"
)

// kind is a kind of database with its driver.
type kind struct {
	driver string
	open   func(*sql.DB) *sqlstore.Store
	// conformance runs the conformance suite.
	conformance func(*testing.T, func(t *testing.T) (one, other auth.Store))
	// revealing are the statements after which the database fails to change a row, and
	// says what the new record is.
	revealing []string
}

// TestMain lets the test binary be another process, which is killed in mid-update.
func TestMain(m *testing.M) {
	name, address := os.Getenv("SQLSTORE_TEST_DRIVER"), os.Getenv("SQLSTORE_TEST_ADDRESS")
	if name == "" {
		os.Exit(m.Run())
	}
	db, err := sql.Open(name, address)
	if err == nil {
		err = kinds[name].open(db).Update(context.Background(), "a", func(auth.Secret) (auth.Secret, error) {
			fmt.Println("locked")
			select {}
		})
	}
	fmt.Println(err)
	os.Exit(1)
}

// store opens a store of its own at address.
func (k kind) store(t *testing.T, address string) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open(k.driver, address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return k.open(db), db
}

// test runs all tests. Create returns the address of a new database.
func (k kind) test(t *testing.T, create func(t *testing.T) string) {
	pair := func(t *testing.T) (one, other *sqlstore.Store) {
		address := create(t)
		one, _ = k.store(t, address)
		other, _ = k.store(t, address)
		require.NoError(t, one.Create(t.Context()))
		return one, other
	}

	t.Run("the contract is kept", func(t *testing.T) {
		k.conformance(t, func(t *testing.T) (auth.Store, auth.Store) { return pair(t) })
	})

	t.Run("many processes create the table at once", func(t *testing.T) {
		address := create(t)
		var creators sync.WaitGroup
		for range 8 {
			store, _ := k.store(t, address)
			creators.Go(func() {
				if err := store.Create(t.Context()); err != nil {
					t.Errorf("Create: %v", err)
				}
			})
		}
		creators.Wait()
		store, _ := k.store(t, address)
		put(t, store, "record")
		require.NoError(t, store.Create(t.Context()))
		require.Equal(t, "record", get(t, store))
	})

	t.Run("without the table", func(t *testing.T) {
		store, _ := k.store(t, create(t))
		_, err := store.Read(t.Context(), "a")
		requireFailure(t, err, "cannot be read")
		err = store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) {
			t.Error("change was called without a lock")
			return auth.Secret{}, nil
		})
		requireFailure(t, err, "cannot be locked")
	})

	t.Run("a record that cannot be saved is not shown and not saved", func(t *testing.T) {
		store, db := k.store(t, create(t))
		require.NoError(t, store.Create(t.Context()))
		put(t, store, "old")
		for _, statement := range k.revealing {
			_, err := db.Exec(statement)
			require.NoError(t, err)
		}
		_, err := db.Exec("UPDATE engage_authorizations SET name = name")
		require.ErrorContains(t, err, "old", "the database does not reveal the record")

		err = store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) { return auth.NewSecret("new-secret"), nil })
		requireFailure(t, err, "could not be saved")
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			require.NotContains(t, fmt.Sprintf(verb, err), "new-secret")
		}
		require.Equal(t, "old", get(t, store))
		put(t, store, "old") // the lock is free
	})

	t.Run("the time of a record is that of its save", func(t *testing.T) {
		store, db := k.store(t, create(t))
		require.NoError(t, store.Create(t.Context()))
		put(t, store, "old")
		_, err := db.Exec("UPDATE engage_authorizations SET updated_at = '2001-02-03 04:05:06Z'")
		require.NoError(t, err)
		put(t, store, "old") // unchanged
		require.Contains(t, updated(t, db), "2001-02-03")
		put(t, store, "new")
		require.NotContains(t, updated(t, db), "2001-02-03")
	})

	t.Run("a process that is killed in mid-update leaves the old record", func(t *testing.T) {
		address := create(t)
		store, _ := k.store(t, address)
		require.NoError(t, store.Create(t.Context()))
		put(t, store, "old")

		victim := exec.Command(os.Args[0])
		victim.Env = append(os.Environ(), "SQLSTORE_TEST_DRIVER="+k.driver, "SQLSTORE_TEST_ADDRESS="+address)
		output, err := victim.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, victim.Start())
		line := make([]byte, len("locked"))
		_, err = io.ReadFull(output, line)
		require.NoError(t, err)
		require.Equal(t, "locked", string(line))
		require.NoError(t, victim.Process.Kill())
		require.Error(t, victim.Wait())

		require.Equal(t, "old", get(t, store))
		put(t, store, "new")
		require.Equal(t, "new", get(t, store))
	})

	t.Run("a caller whose deadline ends in mid-refresh loses no token", func(t *testing.T) {
		one, other := pair(t)
		server := newTokenServer(t)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		server.beforeReply = func() { <-ctx.Done() }
		authorize(t, server, one)

		source, err := server.refreshing(one).Open()
		require.NoError(t, err)
		_, err = source.Token(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, source.Close(t.Context()))

		require.Equal(t, "access-1", token(t, server, other))
		require.EqualValues(t, 1, server.requests.Load())
	})

	t.Run("an update whose deadline ends in mid-exchange loses no token", func(t *testing.T) {
		one, other := pair(t)
		server := newTokenServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		server.beforeReply = cancel
		err := one.Update(ctx, "a", func(auth.Secret) (auth.Secret, error) {
			grant, err := server.refreshing(one).Integration.Refresh(context.WithoutCancel(ctx), auth.NewSecret("refresh-0"))
			return grant.RefreshToken, err
		})
		require.NoError(t, err)
		require.Error(t, ctx.Err())
		require.Equal(t, "refresh-1", get(t, other))
	})

	t.Run("sources that share a record make one refresh", func(t *testing.T) {
		one, other := pair(t)
		server := newTokenServer(t)
		authorize(t, server, one)
		var callers sync.WaitGroup
		for _, store := range []*sqlstore.Store{one, other, one, other} {
			callers.Go(func() {
				source, err := server.refreshing(store).Open()
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				token, err := source.Token(t.Context())
				if err != nil || token.Reveal() != "access-1" {
					t.Errorf("Token did not return the token of the one refresh; error: %v", err)
				}
			})
		}
		callers.Wait()
		require.EqualValues(t, 1, server.requests.Load())
	})
}

// requireFailure requires an [auth.StoreError] for the record called a.
func requireFailure(t *testing.T, err error, problem string) {
	t.Helper()
	failure, ok := errors.AsType[*auth.StoreError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "a", failure.Name)
	require.Equal(t, problem, failure.Problem)
	require.Error(t, failure.Err)
}

// put saves text as the record called a.
func put(t *testing.T, store auth.Store, text string) {
	t.Helper()
	require.NoError(t, store.Update(t.Context(), "a", func(auth.Secret) (auth.Secret, error) { return auth.NewSecret(text), nil }))
}

// get returns the record called a.
func get(t *testing.T, store auth.Store) string {
	t.Helper()
	record, err := store.Read(t.Context(), "a")
	require.NoError(t, err)
	return record.Reveal()
}

// updated returns the time of the only record.
func updated(t *testing.T, db *sql.DB) (at string) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT CAST(updated_at AS text) FROM engage_authorizations").Scan(&at))
	return at
}

// tokenServer is a token endpoint that accepts each refresh token once. They are
// refresh-0, refresh-1 and so on.
type tokenServer struct {
	*httptest.Server
	requests    atomic.Int64
	beforeReply func()
}

func newTokenServer(t *testing.T) *tokenServer {
	s := &tokenServer{beforeReply: func() {}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := s.requests.Add(1)
		if r.PostFormValue("refresh_token") != "refresh-"+strconv.FormatInt(number-1, 10) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		s.beforeReply()
		_, _ = fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh-%d","expires_in":3600}`, number, number)
	}))
	t.Cleanup(s.Close)
	return s
}

// refreshing is the configuration of a source at this server.
func (s *tokenServer) refreshing(store auth.Store) auth.Refreshing {
	return auth.Refreshing{
		Name: "a", Store: store,
		Integration: auth.Integration{ClientID: "id", ClientSecret: auth.NewSecret("client-secret"), TokenURL: s.URL},
	}
}

// authorize saves the first refresh token.
func authorize(t *testing.T, server *tokenServer, store auth.Store) {
	t.Helper()
	grant := auth.Grant{RefreshToken: auth.NewSecret("refresh-0")}
	require.NoError(t, server.refreshing(store).Authorize(t.Context(), grant))
	record, err := store.Read(t.Context(), "a")
	require.NoError(t, err)
	require.Contains(t, record.Reveal(), "refresh-0")
}

// token returns the access token of a new source.
func token(t *testing.T, server *tokenServer, store auth.Store) string {
	t.Helper()
	source, err := server.refreshing(store).Open()
	require.NoError(t, err)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	return token.Reveal()
}
