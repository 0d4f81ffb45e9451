package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// DeviceLogin signs a person in on another device (the OAuth 2 device grant, RFC 8628). It
// shows an address and a short code, and the person enters the code at that address. This
// machine needs no browser and no port. Webex requires that its helper redirect URLs are
// registered for the integration (documented).
type DeviceLogin struct {
	// Integration is the client to sign in to.
	Integration Integration
	// Show shows the code to the person. Run calls it once. Required.
	Show func(DeviceCode)
}

// DeviceCode is what a person needs to sign in on another device. It holds no secret.
type DeviceCode struct {
	// UserCode is the code to enter at VerificationURL.
	UserCode        string
	VerificationURL string
	// CompleteURL is VerificationURL with the code in it, for a QR code. It is empty if
	// the service sends none.
	CompleteURL string
	// Expiry is when the code expires.
	Expiry time.Time
}

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	// The defaults for the interval (RFC 8628) and for the lifetime of a code (Webex).
	usualInterval = 5 * time.Second
	usualLife     = 5 * time.Minute
	slowDown      = 5 * time.Second
)

// Run requests a code, shows it, and waits until the person has signed in. It returns the
// grant. It polls in the interval that the service sends, and less often if the service
// asks it to slow down. It requests the code once, and continues to poll after a temporary
// failure.
//
// The errors are:
//   - an [*outcome.Error] that names every invalid field;
//   - a [*ReauthorizationRequiredError] if the person declined, or the service refuses the
//     client;
//   - an error that wraps that of ctx, or [context.DeadlineExceeded] once the code has
//     expired, if nobody signed in;
//   - a [*TokenEndpointError] for any other failure of an endpoint;
//   - an error that wraps that of FetchSecret.
//
// If the reply contains a refresh token but no usable access token, Run returns an error
// and a grant that holds only the refresh token.
func (d DeviceLogin) Run(ctx context.Context) (Grant, error) {
	faults := d.Integration.faults()
	if d.Show == nil {
		faults.Add("Show", "is nil")
	}
	if err := faults.Err("", ""); err != nil {
		return Grant{}, err
	}
	device, err := d.begin(ctx)
	if err != nil {
		return Grant{}, refusedClient(err)
	}
	d.Show(device.shown)
	return d.poll(ctx, device)
}

// device is a device code and the interval in which to poll.
type device struct {
	shown    DeviceCode
	code     Secret
	interval time.Duration
}

// begin requests a device code.
func (d DeviceLogin) begin(ctx context.Context) (device, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	form := url.Values{"client_id": {d.Integration.ClientID}, "scope": {strings.Join(d.Integration.Scopes, " ")}}
	target := cmp.Or(d.Integration.DeviceURL, WebexDeviceURL)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return device{}, safeerror.Exchange(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	x := exchange{sender: sender(d.Integration.Transport)}
	if err := x.send(request, []byte(form.Encode())); err != nil {
		return device{}, err
	}
	object := x.object
	interval, ok := object.duration("interval")
	if !ok || interval == 0 {
		interval = usualInterval
	}
	life, ok := object.duration("expires_in")
	if !ok || life == 0 {
		life = usualLife
	}
	started := device{
		shown: DeviceCode{
			UserCode:        object.text("user_code"),
			VerificationURL: cmp.Or(object.text("verification_uri"), object.text("verification_url")),
			CompleteURL:     object.text("verification_uri_complete"),
			Expiry:          time.Now().Add(life),
		},
		code:     NewSecret(object.text("device_code")),
		interval: interval,
	}
	if started.code.IsZero() || started.shown.UserCode == "" || started.shown.VerificationURL == "" {
		return device{}, x.failure("the reply contains no device code, user code or address")
	}
	return started, nil
}

// poll requests the grant until the person has signed in or the code has expired.
func (d DeviceLogin) poll(ctx context.Context, device device) (Grant, error) {
	endpoint := d.Integration.endpoint()
	endpoint.url = cmp.Or(d.Integration.DeviceTokenURL, WebexDeviceTokenURL)
	endpoint.basicAuth = true // documented as required
	form := url.Values{"grant_type": {deviceGrant}, "device_code": {device.code.Reveal()}}
	wait := device.interval
	valid, cancel := context.WithDeadline(ctx, device.shown.Expiry)
	defer cancel()
	for {
		if err := sleep(valid, wait); err != nil {
			return Grant{}, fmt.Errorf("auth: nobody has signed in: %w", err)
		}
		// With ctx and not valid: the code may expire while the reply is on its way.
		_, answer, err := endpoint.attempt(ctx, form)
		if err == nil {
			return answer.grant(), nil
		}
		if grant := grantOf(err); !grant.RefreshToken.IsZero() {
			return grant, declined(err) // the service has accepted the code
		}
		var again bool
		if wait, again = device.next(err); !again {
			return Grant{}, declined(err)
		}
	}
}

// next returns how long to wait after err, and whether to poll again.
func (d *device) next(err error) (wait time.Duration, again bool) {
	failure, ok := errors.AsType[*TokenEndpointError](err)
	switch {
	case !ok:
		return 0, false
	case failure.Code == "slow_down":
		d.interval += slowDown
	// Webex replies 428 while nobody has signed in. Whether the reply contains the code
	// of RFC 8628 is not documented.
	case failure.Code == "authorization_pending", failure.Status == http.StatusPreconditionRequired:
	case !failure.Temporary():
		return 0, false
	}
	return max(d.interval, failure.RetryAfter), true
}

// declined returns the error of Run for the failure of a poll: the person declined, the code
// expired, the service refuses the client, or err.
func declined(err error) error {
	failure, ok := errors.AsType[*TokenEndpointError](err)
	if !ok {
		return err
	}
	switch failure.Code {
	case "access_denied", "authorization_declined":
		return &ReauthorizationRequiredError{Reason: ConsentRequired, Err: failure}
	case "expired_token":
		return fmt.Errorf("auth: nobody has signed in: %w: %w", context.DeadlineExceeded, failure)
	}
	return refusedClient(err)
}
