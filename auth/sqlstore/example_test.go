package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/auth/sqlstore"
)

// Programs on several machines share an authorization. This example has no output,
// because it needs a PostgreSQL server.
func ExampleNewPostgreSQL() {
	ctx := context.Background()
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store := sqlstore.NewPostgreSQL(db)
	if err := store.Create(ctx); err != nil {
		log.Fatal(err)
	}

	source, err := auth.Refreshing{
		Integration: auth.Integration{ClientID: "C1234", ClientSecret: auth.NewSecret(os.Getenv("WEBEX_CLIENT_SECRET"))},
		Name:        "desk",
		Store:       store,
	}.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close(ctx)
}

// Programs on one machine share a file. The refresh of one gives the others their token.
func ExampleStore() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("refresh with", r.FormValue("refresh_token"))
		_, _ = io.WriteString(w, `{"access_token":"abc","expires_in":3600,"refresh_token":"second"}`)
	}))
	defer service.Close()
	folder, err := os.MkdirTemp("", "tokens")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(folder, "tokens.db")))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	store := sqlstore.NewSQLite(db)
	if err := store.Create(ctx); err != nil {
		log.Fatal(err)
	}

	refreshing := auth.Refreshing{
		Integration: auth.Integration{ClientID: "C1234", ClientSecret: auth.NewSecret("secret"), TokenURL: service.URL},
		Name:        "desk",
		Store:       store,
	}
	if err := refreshing.Authorize(ctx, auth.Grant{RefreshToken: auth.NewSecret("first")}); err != nil {
		log.Fatal(err)
	}
	for range 2 { // two programs
		source, err := refreshing.Open()
		if err != nil {
			log.Fatal(err)
		}
		token, err := source.Token(ctx)
		fmt.Println(token.Reveal(), err, source.Close(ctx))
	}
	// Output:
	// refresh with first
	// abc <nil> <nil>
	// abc <nil> <nil>
}
