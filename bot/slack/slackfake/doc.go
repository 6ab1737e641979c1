// Package slackfake is a Slack for tests: a server with workspaces, messages, modals
// and files that keeps state, checks limits, delivers what people do over a socket or
// over HTTP, and fails on demand.
//
// It knows Slack's API as Slack documents it, and nothing of Bob.
package slackfake
