package embedded

import "errors"

// ErrInUse says that another server uses the folder, in this process or in
// another one.
var ErrInUse = errors.New("embedded: the folder is in use")

// lockFile is the file in the folder that is locked while a server runs. It
// stays when the server ends.
const lockFile = "lock"
