//go:build tools

// Package tools pins kubectl, which benches hold the applier against.
package tools

import _ "k8s.io/kubernetes/cmd/kubectl"
