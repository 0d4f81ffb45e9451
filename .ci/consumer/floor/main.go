// Command floor searches for a conversation with the standard library alone.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	body, err := json.Marshal(map[string]string{"channel": "sms", "from": "+15550199", "to": "+15550100"})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := http.Post(os.Getenv("ENGAGE_BASE_URL"), "application/json", bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	defer reply.Body.Close()
	var found map[string]any
	if err := json.NewDecoder(reply.Body).Decode(&found); err != nil {
		log.Fatal(err)
	}
	fmt.Println(found)
}
