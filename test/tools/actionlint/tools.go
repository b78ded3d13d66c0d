//go:build tools

// Package tools pins the actionlint that the workflows are checked with.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
