package transport

// NewOver is New with connections that are opened by dial.
var NewOver = newTransport

// Patience is how long a dial waits for its turn.
const Patience = patience
