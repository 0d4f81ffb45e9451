package callback_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// The callback of a write may reach another process than the one that sent it. Processes
// that share a secret and a table of pending writes serve each other.
func ExampleWithPending() {
	table := callback.NewPending() // in production, one that the processes share
	secret := auth.NewSecret("at least sixteen bytes")

	receiving := httptest.NewUnstartedServer(nil)
	publicURL := "http://" + receiving.Listener.Addr().String() + "/engage/callbacks"
	handler := func() *callback.Handler {
		h, err := callback.New(publicURL, callback.WithPending(table), callback.WithSecret(secret))
		if err != nil {
			log.Fatal(err)
		}
		return h
	}
	receiving.Config.Handler = handler() // the process behind the load balancer
	receiving.Start()
	defer receiving.Close()

	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client(engage.WithCallbacks(handler())) // the process that writes
	if err != nil {
		log.Fatal(err)
	}
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	closed, err := client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(closed.Outcome, "-", closed.Proof)
	// Output: onConversationClosed - confirmed
}

// The callbacks of a tenant have a format of their own.
func ExampleWithDecoder() {
	handler, err := callback.New("https://flows.example.com/engage/callbacks",
		callback.WithDecoder(func(body []byte) (callback.Report, error) {
			var event struct {
				Transaction string
				Done        bool
			}
			if err := json.Unmarshal(body, &event); err != nil {
				return callback.Report{}, err
			}
			report := callback.Report{TransactionID: event.Transaction, Status: callback.Failure}
			if event.Done {
				report.Status = callback.Success
			}
			return report, nil
		}),
		callback.WithLimit(16<<10),
		callback.WithTimeout(time.Minute),
		callback.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	if err != nil {
		log.Fatal(err)
	}
	awaited, err := handler.Expect(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer awaited.Forget()

	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, awaited.URL(), strings.NewReader(`{"transaction":"T-1","done":true}`)))
	settled, err := awaited.Outcome(context.Background(), "T-1", nil)
	fmt.Println(answer.Code, settled.Effect, err)
	// Output: 200 applied <nil>
}

// A program awaits the callback of a request that it sends itself.
func ExampleAwaited() {
	handler, err := callback.New("https://flows.example.com/engage/callbacks")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	awaited, err := handler.Expect(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer awaited.Forget()
	// Send the request with awaited.URL(). The service acknowledges it as T-1, and posts this:
	report := strings.NewReader(`{"tid":"T-1","status":"failure","code":"4711","description":"the conversation is closed"}`)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, awaited.URL(), report))

	settled, err := awaited.Outcome(ctx, "T-1", nil)
	fmt.Println(settled.Effect, settled.Report.Code, settled.Report.Description, err)
	// Output: refused 4711 the conversation is closed <nil>
}

// A callback reports what the service did with a message that it resolved.
func ExampleDecodeReport() {
	report, err := callback.DecodeReport([]byte(`{"tid":"T-1","status":"success","conversationOperation":"created","taskId":"task-17"}`))
	fmt.Println(report.Status, report.ConversationOperation, report.TaskID, err)
	// Output: success created task-17 <nil>
}
