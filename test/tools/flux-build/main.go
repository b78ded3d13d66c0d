// Command flux-build makes of a folder what Flux makes of it, without a cluster: source-controller's default ignores, then
// kustomize-controller's generated kustomization, build, substitution and reading of objects, all by Flux's own packages.
//
// It reads a line of JSON for each folder, {"directory": D, "substitute": {NAME: VALUE}}, and answers each with a line,
// {"objects": [...]} or {"error": "..."}.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type request struct {
	Directory  string            `json:"directory"`
	Substitute map[string]string `json:"substitute"`
}

type answer struct {
	Objects []map[string]any `json:"objects,omitempty"`
	Error   string           `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		objects, err := build(asked)
		if err != nil {
			_ = out.Encode(answer{Error: err.Error()})
		} else {
			_ = out.Encode(answer{Objects: objects})
		}
	}
}

func build(asked request) ([]map[string]any, error) {
	folder, err := os.MkdirTemp("", "sluice-flux-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := copyArtifact(asked.Directory, folder); err != nil {
		return nil, err
	}

	spec := map[string]any{}
	if asked.Substitute != nil {
		substitute := map[string]any{}
		for name, value := range asked.Substitute {
			substitute[name] = value
		}
		spec["postBuild"] = map[string]any{"substitute": substitute}
	}
	kustomization := unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1",
		"kind":       "Kustomization",
		"metadata":   map[string]any{"name": "test", "namespace": "flux-system"},
		"spec":       spec,
	}}
	if _, err := kustomize.NewGenerator(folder, kustomization).WriteFile(folder); err != nil {
		return nil, err
	}
	resources, err := kustomize.SecureBuild(folder, folder, false)
	if err != nil {
		return nil, err
	}
	for _, resource := range resources.Resources() {
		if asked.Substitute == nil {
			continue
		}
		substituted, err := kustomize.SubstituteVariables(context.Background(), nil, kustomization, resource)
		if err != nil {
			return nil, fmt.Errorf("substitution in %s: %w", resource.CurId(), err)
		}
		if substituted != nil {
			if _, err := resources.Replace(substituted); err != nil {
				return nil, err
			}
		}
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, err
	}
	read, err := utils.ReadObjects(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	objects := make([]map[string]any, 0, len(read))
	for _, object := range read {
		objects = append(objects, object.Object)
	}
	return objects, nil
}

// copyArtifact copies what source-controller puts into the artifact of a GitRepository.
func copyArtifact(from, to string) error {
	domain := strings.Split(from, string(filepath.Separator))
	matcher := sourceignore.NewDefaultMatcher(nil, domain)
	return filepath.Walk(from, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == from {
			return err
		}
		if matcher.Match(strings.Split(path, string(filepath.Separator)), info.IsDir()) {
			if info.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if info.IsDir() {
			return os.Mkdir(target, 0o755)
		}
		source, err := os.Open(path)
		if err != nil {
			return err
		}
		defer source.Close()
		file, err := os.Create(target)
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, source); err != nil {
			file.Close()
			return err
		}
		return file.Close()
	})
}
