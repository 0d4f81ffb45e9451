package main

import (
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// templateFiles holds the templates of the pages and of their parts.
//
//go:embed templates
var templateFiles embed.FS

// templates draws the pages. html/template escapes everything that they show.
var templates = template.Must(template.New("desk").Funcs(template.FuncMap{
	"link": link, "hosted": hosted, "isImage": isImage,
	"channel": channelName, "label": label, "clock": clock, "slot": slot, "styled": styled, "values": values,
}).ParseFS(templateFiles, "templates/*.html"))

// link returns a URL if a page may link to it, and "" otherwise. Only links to the web are
// allowed.
func link(address string) string {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return address
}

// clock returns a time of day for people.
func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// label returns a status for people.
func label(status engagetest.Status) string {
	if status == engagetest.OnHold {
		return "on hold"
	}
	return string(status)
}

// channelName returns a channel for people.
func channelName(ch channel.Channel) string {
	name, ok := map[channel.Channel]string{
		channel.SMS: "SMS", channel.Facebook: "Messenger", channel.LiveChat: "Live chat", channel.Email: "Email",
		channel.WhatsApp: "WhatsApp", channel.Apple: "Apple Messages", channel.API: "API",
	}[ch]
	if !ok {
		return string(ch)
	}
	return name
}

// text returns a body for people. The body may be any bytes.
func text(body []byte) string { return strings.ToValidUTF8(string(body), "\uFFFD") }

// slot returns a time slot for people.
func slot(start time.Time, length time.Duration) string {
	return fmt.Sprintf("%s, %v min", start.Format("Mon 2 Jan 15:04"), length.Minutes())
}

// values returns its arguments, for templates that pass several values on.
func values(all ...any) []any { return all }
