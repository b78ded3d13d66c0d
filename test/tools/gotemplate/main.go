// Command gotemplate is what Sluice's template engine is measured against: Go's own text/template with Sveltos'
// functions. It reads JSON lines on stdin and answers each with one on stdout.
//
//	gotemplate render   {"template", "data", "numbers", "missingkey"}  ->  {"output" (base64) | "errorKind", "error"}
//	gotemplate bench    {"template", "data", "iterations", "yaml"}     ->  {"nanoseconds", "cpuNanoseconds" per rendering}
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
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
	// CPU time of all threads, the garbage collector's among them.
	CPUNanoseconds float64 `json:"cpuNanoseconds,omitempty"`
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
	if os.Args[1] == "render" {
		go exitWhenTooLarge()
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

// exitWhenTooLarge ends the program before one template takes the machine's memory: a value that holds itself never ends
// when it is serialized.
func exitWhenTooLarge() {
	const heapBytesMax = 1 << 30
	for range time.Tick(50 * time.Millisecond) {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		if stats.HeapAlloc > heapBytesMax {
			fmt.Fprintln(os.Stderr, "out of memory")
			os.Exit(3)
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
	started, cpuStarted := time.Now(), cpuTime()
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
	elapsed, cpu := time.Since(started), cpuTime()-cpuStarted
	times := float64(asked.Iterations)
	return answer{
		Output:         out.Bytes(),
		Nanoseconds:    float64(elapsed.Nanoseconds()) / times,
		CPUNanoseconds: float64(cpu.Nanoseconds()) / times,
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
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
