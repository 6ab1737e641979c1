package main

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// WebConfig says where bob serve answers, and to whom.
type WebConfig struct {
	Listen    string `yaml:"listen"`     // host:port
	Token     Secret `yaml:"token"`      // empty: one is made at each start
	PublicURL string `yaml:"public_url"` // empty: as it is asked
}

// minToken keeps a token from being guessed.
const minToken = 16

func (c WebConfig) check() []error {
	var faults []error
	_, port, err := net.SplitHostPort(c.Listen)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		faults = append(faults, errors.New("web.listen must be HOST:PORT, such as 127.0.0.1:8484"))
	}
	if token := string(c.Token); token != "" && (len(token) < minToken || strings.ContainsAny(token, " \t\r\n")) {
		faults = append(faults, errors.New("web.token must have at least 16 characters and no spaces"))
	}
	if c.PublicURL != "" && !isWebURL(c.PublicURL) {
		faults = append(faults, errors.New("web.public_url must be a URL such as https://bob.example.com"))
	}
	return faults
}

// address is where commands on this machine reach the server.
func (c WebConfig) address() *url.URL {
	host, port, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
}
