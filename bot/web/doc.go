// Package web is Bob's HTTP API: it translates requests into calls of jobs and
// answers with reports, problems (RFC 9457) and streams of events. It knows HTTP
// and what a browser may do to a server on the same machine; it does not know who
// listens where, how rows are kept, or any rule of jobs.
//
// The routes are one table, from which the OpenAPI document is made too, so that
// the two cannot differ.
package web
