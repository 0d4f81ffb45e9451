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

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// DeviceLogin signs a person in on another device: a screen shows an address
// and a short code, the person enters the code there (OAuth 2 device grant,
// RFC 8628). It needs no browser and no port on this machine. Webex wants the
// integration to have its helper redirect URLs registered (documented).
type DeviceLogin struct {
	// Integration is the client to sign in to.
	Integration Integration
	// Show shows the person what to do. Required.
	Show func(DeviceCode)
}

// DeviceCode is what a person needs to sign in on another device. None of it is
// secret.
type DeviceCode struct {
	// UserCode is the code to enter at VerificationURL.
	UserCode        string
	VerificationURL string
	// CompleteURL holds the code already, to be shown as a QR code; empty if the
	// service offers none.
	CompleteURL string
	// Expiry is when the code ends.
	Expiry time.Time
}

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	// The defaults of RFC 8628 and, for the lifetime it leaves open, of Webex.
	usualInterval = 5 * time.Second
	usualLife     = 5 * time.Minute
	slowDown      = 5 * time.Second
)

// Run waits until somebody has signed in, and returns the grant. It asks at the
// interval the service wants, and less often when told to slow down. The error
// is an [*outcome.Error] that names every fault of the integration, a
// [*ReauthorizationRequiredError] if the person declines or the service does not
// accept the client, or one that wraps [context.DeadlineExceeded] or that of ctx
// when nobody came. Else it is a [*TokenEndpointError]: any failure of the request
// for a code, which is sent once, but of those for the grant only one that is not
// temporary. If the reply holds a refresh token, but no access token of any use, the
// error comes with a grant that holds the refresh token alone.
func (d DeviceLogin) Run(ctx context.Context) (Grant, error) {
	if ctx == nil {
		return Grant{}, errNoContext
	}
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

// device is a device code and how often it may be asked about.
type device struct {
	shown    DeviceCode
	code     Secret
	interval time.Duration
}

func (d DeviceLogin) begin(ctx context.Context) (device, error) {
	form := url.Values{"client_id": {d.Integration.ClientID}, "scope": {strings.Join(d.Integration.Scopes, " ")}}
	target := cmp.Or(d.Integration.DeviceURL, WebexDeviceURL)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return device{}, safeerror.Exchange(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, object, err := send(orDefault(d.Integration.Transport), request)
	if err != nil {
		return device{}, err
	}
	interval, ok := object.seconds("interval")
	if !ok || interval == 0 {
		interval = int64(usualInterval / time.Second)
	}
	life, ok := object.seconds("expires_in")
	if !ok || life == 0 {
		life = int64(usualLife / time.Second)
	}
	started := device{
		shown: DeviceCode{
			UserCode:        object.text("user_code"),
			VerificationURL: cmp.Or(object.text("verification_uri"), object.text("verification_url")),
			CompleteURL:     object.text("verification_uri_complete"),
			Expiry:          time.Now().Add(time.Duration(life) * time.Second),
		},
		code:     NewSecret(object.text("device_code")),
		interval: time.Duration(interval) * time.Second,
	}
	if started.code.IsZero() || started.shown.UserCode == "" || started.shown.VerificationURL == "" {
		return device{}, unreadable(response, object, "the reply holds no device code, user code or address")
	}
	return started, nil
}

// poll asks for the grant until it is there.
func (d DeviceLogin) poll(ctx context.Context, device device) (Grant, error) {
	endpoint := d.Integration.endpoint()
	endpoint.url = cmp.Or(d.Integration.DeviceTokenURL, WebexDeviceTokenURL)
	endpoint.style = oauth2.AuthStyleInHeader // documented as required
	form := url.Values{"grant_type": {deviceGrant}, "device_code": {device.code.Reveal()}}
	wait := device.interval
	valid, cancel := context.WithDeadline(ctx, device.shown.Expiry)
	defer cancel()
	for {
		if err := sleep(valid, wait); err != nil {
			return Grant{}, fmt.Errorf("auth: nobody has signed in: %w", err)
		}
		// The code may end while the grant is on its way.
		answer, err := endpoint.ask(ctx, form)
		if err == nil {
			return grantOf(answer), nil
		}
		if refresh := rotated(err); !refresh.IsZero() {
			return Grant{RefreshToken: refresh}, declined(err) // the code has been taken
		}
		var again bool
		if wait, again = device.next(err); !again {
			return Grant{}, declined(err)
		}
	}
}

// next is how long to wait after err, and whether to ask again.
func (d *device) next(err error) (wait time.Duration, again bool) {
	failure, ok := errors.AsType[*TokenEndpointError](err)
	switch {
	case !ok:
		return 0, false
	case failure.Code == "slow_down":
		d.interval += slowDown
	// Webex answers 428 while nobody has signed in; whether with the standard's
	// code is not documented.
	case failure.Code == "authorization_pending", failure.Status == http.StatusPreconditionRequired:
	case !failure.Temporary():
		return 0, false
	}
	return max(d.interval, failure.RetryAfter), true
}

// declined tells that the person has declined, or came too late.
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
