// Package slack is Bob's front end for Slack: what people do there becomes messages
// and clicks, and posts, cards and pages become messages, modals and the Home tab.
//
// It knows Slack's API and limits. It holds no rule about jobs: it tells Slack that it
// has got something only when the handler says that it is durable.
package slack
