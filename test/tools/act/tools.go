//go:build tools

// Package tools pins the act that the Action's tests run.
package tools

import _ "github.com/nektos/act"
