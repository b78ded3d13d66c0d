//go:build tools

// Package tools pins the API server that tests of what consumers do with Sluice's output run.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
