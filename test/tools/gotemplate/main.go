// Command gotemplate is what Sluice's template engine is measured against: Go's own text/template with Sveltos'
// functions. It reads JSON lines on stdin and answers each with one on stdout.
//
//	gotemplate render   {"template", "data", "numbers", "missingkey"}  ->  {"output" (base64) | "errorKind", "error"}
//	gotemplate bench    {"template", "data", "iterations", "yaml"}     ->  {"nanoseconds" per rendering}
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"text/template"
	"time"

	"sigs.k8s.io/yaml"
)

type request struct {
	Template   string          `json:"template"`
	Data       json.RawMessage `json:"data"`
	Numbers    string          `json:"numbers"`
	MissingKey string          `json:"missingkey"`
	Iterations int             `json:"iterations"`
	Yaml       bool            `json:"yaml"`
}

type answer struct {
	Output      []byte  `json:"output"`
	ErrorKind   string  `json:"errorKind,omitempty"`
	Error       string  `json:"error,omitempty"`
	Nanoseconds float64 `json:"nanoseconds,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gotemplate render|bench")
		os.Exit(2)
	}
	// A value that holds itself overflows the stack when it is printed: sooner with less of it.
	debug.SetMaxStack(32 << 20)
	work := map[string]func(request) answer{"render": render, "bench": bench}[os.Args[1]]
	if work == nil {
		fmt.Fprintf(os.Stderr, "gotemplate: unknown command %q\n", os.Args[1])
		os.Exit(2)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var asked request
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(work(asked)); err != nil {
			os.Exit(1)
		}
	}
}

func parse(asked request) (*template.Template, error) {
	missingKey := asked.MissingKey
	if missingKey == "" {
		missingKey = "default"
	}
	return template.New("tmpl").Option("missingkey=" + missingKey).Funcs(functions()).Parse(asked.Template)
}

func render(asked request) answer {
	parsed, err := parse(asked)
	if err != nil {
		return answer{ErrorKind: "parse", Error: err.Error()}
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, decode(asked)); err != nil {
		return answer{ErrorKind: "exec", Error: err.Error()}
	}
	return answer{Output: out.Bytes()}
}

// bench renders over and over, each time into a fresh buffer as event-manager does; with yaml, it also parses what was
// rendered and writes it again.
func bench(asked request) answer {
	parsed, err := parse(asked)
	if err != nil {
		return answer{ErrorKind: "parse", Error: err.Error()}
	}
	data := decode(asked)
	var out bytes.Buffer
	started := time.Now()
	for range asked.Iterations {
		out = bytes.Buffer{}
		if err := parsed.Execute(&out, data); err != nil {
			return answer{ErrorKind: "exec", Error: err.Error()}
		}
		if asked.Yaml {
			if err := rewriteYaml(out.Bytes()); err != nil {
				return answer{ErrorKind: "yaml", Error: err.Error()}
			}
		}
	}
	elapsed := time.Since(started)
	return answer{Output: out.Bytes(), Nanoseconds: float64(elapsed.Nanoseconds()) / float64(asked.Iterations)}
}

func rewriteYaml(rendered []byte) error {
	for _, document := range bytes.Split(rendered, []byte("\n---\n")) {
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return err
		}
		if _, err := yaml.Marshal(object); err != nil {
			return err
		}
	}
	return nil
}
