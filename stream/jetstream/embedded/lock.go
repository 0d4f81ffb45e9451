package embedded

import "errors"

// ErrInUse says that another server uses the folder, in this process or another.
var ErrInUse = errors.New("embedded: the folder is in use")

// lockFile is the name of the file that is locked while a server uses the folder.
// The file remains when the server ends.
const lockFile = "lock"
