// Console searches for conversations of an Engage tenant, shows their messages, appends
// to them and closes them. It also checks how the tenant differs from what the SDK
// assumes. It calls the tenant of ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and
// ENGAGE_CLIENT_SECRET.
//
//	console search -channel sms -business +15550100 -customer +15550199
//	console transcript CSR0000000000001
//	console append -channel sms -direction outbound CSR0000000000001 < answer.txt
//	console close CSR0000000000001
//	console conformance -channel sms -business +15550100 -customer +15550199
//
// console -h lists the exit statuses, and a command with -h its flags. With -json a
// command prints JSON, one object on a line. The last line is the result, or the error.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

const help = `usage: console command [flags] [conversation]

The commands:
  search       find the conversation of a customer
  transcript   show the messages of a conversation
  append       append a text to a conversation
  close        close a conversation
  conformance  check what the tenant does, without a change to it

A command with -h lists its flags.

The environment names the tenant:
  ENGAGE_BASE_URL       the base URL of the API, or the name of a region
  ENGAGE_CLIENT_ID      the id of the client
  ENGAGE_CLIENT_SECRET  its secret; -secret-file reads it from a file

The exit status:
   0  a success edge, such as noConversationFound
   1  a failure that has no edge, such as a tenant that is not set
   2  an unknown command, flag or argument
   3  onError
   4  onInvalidData
   5  onInvalidChoice
   6  onTimeout
   7  onAuthorizationFailure
   8  a failure edge of the operation, such as onAppendMessageFailure
   9  any failure of a write that may have been applied
  10  any failure after a write that was applied
`

// The exit statuses that belong to no standard edge.
const (
	statusFailed       = 1
	statusMisused      = 2
	statusOwnFailure   = 8
	statusMaybeApplied = 9
	statusApplied      = 10
)

// standardStatuses are the exit statuses of the standard edges.
var standardStatuses = map[outcome.Edge]int{
	outcome.OnError:                3,
	outcome.OnInvalidData:          4,
	outcome.OnInvalidChoice:        5,
	outcome.OnTimeout:              6,
	outcome.OnAuthorizationFailure: 7,
}

// statusOf returns the exit status of a command that ended with err.
func statusOf(err error) int {
	failure, ok := errors.AsType[*outcome.Error](err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, program.ErrMisuse):
		return statusMisused
	case !ok:
		return statusFailed
	case failure.Effect == outcome.MaybeApplied:
		return statusMaybeApplied
	case failure.Effect == outcome.Applied:
		return statusApplied
	}
	return cmp.Or(standardStatuses[failure.Edge], statusOwnFailure)
}

func main() {
	program.Main("console", func(ctx context.Context, args []string) error {
		os.Exit(run(ctx, args, os.Getenv, os.Stdin, os.Stdout, os.Stderr))
		return nil
	})
}

// run runs the command that args name. It prints the error and returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out, errOut io.Writer) int {
	c := &console{in: in, out: out, errOut: errOut}
	err := c.run(ctx, args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	c.printError(err)
	return statusOf(err)
}

// console is what the commands share.
type console struct {
	in          io.Reader
	out, errOut io.Writer

	// The flags of every command.
	json       bool
	timeout    time.Duration
	attempts   int
	secretFile string

	// tenant is connected when a command is called.
	tenant *tenant.Tenant
	// written is true once a write has succeeded.
	written bool
}

// command is a command with its flags.
type command interface {
	// define defines the flags.
	define(flags *flag.FlagSet)
	// check returns everything that is wrong with the flags and the operand.
	check(ctx context.Context, c *console, flags *flag.FlagSet) (outcome.Violations, error)
	// call does what the command is for. It returns what to print, with an error, too.
	call(ctx context.Context, c *console) (result, error)
}

// newCommand returns the command with a name, and the operands that it takes. It returns
// nil if there is none.
func newCommand(name string) (cmd command, operands []string) {
	switch name {
	case "search":
		return new(search), nil
	case "transcript":
		return new(transcript), []string{"conversation"}
	case "append":
		return new(appendText), []string{"conversation"}
	case "close":
		return new(closeConversation), []string{"conversation"}
	case "conformance":
		return new(conform), nil
	}
	return nil, nil
}

// run runs the command that args name, and prints its result.
func (c *console) run(ctx context.Context, args []string, getenv func(string) string) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: name a command", program.ErrMisuse)
	}
	if slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
		fmt.Fprint(c.out, help)
		return flag.ErrHelp
	}
	cmd, operands := newCommand(args[0])
	if cmd == nil {
		return fmt.Errorf("%w: unknown command %q", program.ErrMisuse, args[0])
	}
	flags := flag.NewFlagSet("console "+args[0], flag.ContinueOnError)
	cmd.define(flags)
	c.define(flags)
	if err := program.Parse(flags, args[1:], c.out, operands...); err != nil {
		return err
	}
	return c.end(c.perform(ctx, cmd, flags, getenv))
}

// define defines the flags that every command has.
func (c *console) define(flags *flag.FlagSet) {
	flags.BoolVar(&c.json, "json", false, "print JSON, one object on a line")
	flags.DurationVar(&c.timeout, "timeout", time.Minute, "how long the calls may take")
	flags.IntVar(&c.attempts, "attempts", 4, "how often a call that fails is attempted")
	flags.StringVar(&c.secretFile, "secret-file", "", "a `file` with the secret, in place of "+tenant.ClientSecret)
}

// perform checks a command and calls it. If a flag, the operand or the tenant is wrong, it
// calls nothing and returns all that is wrong. Input that cannot be read is an error by
// itself.
func (c *console) perform(ctx context.Context, cmd command, flags *flag.FlagSet, getenv func(string) string) (result, error) {
	violations, err := cmd.check(ctx, c, flags)
	if err != nil {
		return nil, err
	}
	if c.timeout <= 0 {
		violations.Add("-timeout", "must be positive")
	}
	if c.attempts <= 0 {
		violations.Add("-attempts", "must be positive")
	}
	connected, err := c.connect(getenv)
	if failure, ok := errors.AsType[*outcome.Error](violations.Err("", "")); ok {
		failure.Err = err
		return nil, failure
	}
	if err != nil {
		return nil, err
	}
	defer connected.Close()
	c.tenant = connected
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return cmd.call(ctx, c)
}

// connect returns the tenant of the environment.
func (c *console) connect(getenv func(string) string) (*tenant.Tenant, error) {
	if c.secretFile == "" {
		return tenant.Connect(getenv)
	}
	secret, err := readSecret(c.secretFile)
	if err != nil {
		return nil, err
	}
	return tenant.Connect(func(name string) string {
		if name == tenant.ClientSecret {
			return secret
		}
		return getenv(name)
	})
}

// retry returns the option of every call, which limits its attempts.
func (c *console) retry() engage.CallOption {
	return engage.WithRetry(engage.Retry{Attempts: c.attempts})
}
