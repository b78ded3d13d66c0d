//go:build tools

// Package tools pins the nats command that the pages' lines are run with.
package tools

import _ "github.com/nats-io/natscli/nats"
