//go:build tools

// Package tools pins Flux's kustomize-controller, which tests of what consumers do with Sluice's output run.
package tools

import _ "github.com/fluxcd/kustomize-controller"
