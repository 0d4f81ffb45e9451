package pglock_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/engage/pglock"
)

// Programs on several machines deliver the messages of one customer in turn. This
// example has no output, because it needs a PostgreSQL server and a tenant.
func ExampleLocker() {
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	client, err := engage.New(engage.US, auth.Static(os.Getenv("ENGAGE_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	deliverer := &engage.Deliverer{Client: client, Locker: pglock.New(db)}

	delivery, err := deliverer.Deliver(context.Background(), engage.Inbound{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Message: message.Text{Direction: message.Inbound, Text: "Where is my order?", Envelope: message.Envelope{AliasID: "event-42"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(delivery.Steps)
}
