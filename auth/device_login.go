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

// DeviceLogin signs a person in on another device: a screen shows an address
// and a short code, and the person enters the code there (OAuth 2 device grant,
// RFC 8628). It needs no browser and no port on this machine. Webex wants the
// integration to have its helper redirect URLs registered (documented).
type DeviceLogin struct {
	// Integration is the client to sign in to.
	Integration Integration
	// Show shows the code to the person. Required.
	Show func(DeviceCode)
}

// DeviceCode is what a person needs to sign in on another device. None of it is
// secret.
type DeviceCode struct {
	// UserCode is the code to enter at VerificationURL.
	UserCode        string
	VerificationURL string
	// CompleteURL contains the code, for a QR code; empty if the service offers
	// none.
	CompleteURL string
	// Expiry is when the code expires.
	Expiry time.Time
}

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	// The defaults of RFC 8628 and, for the lifetime it leaves open, of Webex.
	usualInterval = 5 * time.Second
	usualLife     = 5 * time.Minute
	slowDown      = 5 * time.Second
)

// Run waits until somebody has signed in, and returns the grant. It polls at the
// interval that the service wants, and less often when the service asks it to slow
// down. It sends the request for the code once.
//
// The error is one of these:
//   - an [*outcome.Error] that names every fault of the integration;
//   - a [*ReauthorizationRequiredError] if the person declined, or the service refuses
//     the client;
//   - one that wraps [context.DeadlineExceeded] or the error of ctx if nobody signed in;
//   - a [*TokenEndpointError] for any failure of the request for the code, and for one of
//     a poll that is not temporary.
//
// If the reply holds a refresh token but no usable access token, Run returns an error
// and a grant that holds the refresh token alone.
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

// device is a device code and the interval to poll at.
type device struct {
	shown    DeviceCode
	code     Secret
	interval time.Duration
}

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

// poll requests the grant until it is there.
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
		// The code may expire while the grant is on its way.
		_, answer, err := endpoint.attempt(ctx, form)
		if err == nil {
			return answer.grant(), nil
		}
		if grant := unusable(err); !grant.RefreshToken.IsZero() {
			return grant, declined(err) // the service has taken the code
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
	// The reply of Webex is 428 while nobody has signed in. Whether it has the
	// standard's code is not documented.
	case failure.Code == "authorization_pending", failure.Status == http.StatusPreconditionRequired:
	case !failure.Temporary():
		return 0, false
	}
	return max(d.interval, failure.RetryAfter), true
}

// declined returns the error for a person who has declined or came too late; else
// that of the client.
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
