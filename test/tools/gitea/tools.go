//go:build tools

// Package tools pins the Gitea server that tests of reviews run against.
package tools

import _ "code.gitea.io/gitea"
