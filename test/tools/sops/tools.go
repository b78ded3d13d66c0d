//go:build tools

// Package tools pins the sops that encrypts and decrypts in tests.
package tools

import _ "github.com/getsops/sops/v3/cmd/sops"
