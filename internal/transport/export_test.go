package transport

// NewOver is New with connections that dial opens.
var NewOver = newTransport

// Patience is how long a dial waits for a slot.
const Patience = patience
