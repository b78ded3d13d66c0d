//go:build tools

// Package tools pins the nats-server that tests and the demo run.
package tools

import _ "github.com/nats-io/nats-server/v2"
