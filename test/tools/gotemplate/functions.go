package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	yamlv3 "gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// functions is what Sveltos' event-manager gives its templates: Sprig, the serialization functions that it shares with
// Helm, and its own that work on objects.
func functions() template.FuncMap {
	all := sprig.TxtFuncMap()
	all["toYaml"] = func(v any) string { return textOrNothing(yaml.Marshal(v)) }
	all["toJson"] = func(v any) string { return textOrNothing(json.Marshal(v)) }
	all["toToml"] = toToml
	all["fromYaml"] = func(s string) map[string]any { return objectFrom(s, yamlUnmarshal) }
	all["fromJson"] = func(s string) map[string]any { return objectFrom(s, json.Unmarshal) }
	all["fromToml"] = func(s string) map[string]any { return objectFrom(s, toml.Unmarshal) }
	all["fromYamlArray"] = func(s string) []any { return listFrom(s, yamlUnmarshal) }
	all["fromJsonArray"] = func(s string) []any { return listFrom(s, json.Unmarshal) }

	all["getResource"] = func(u map[string]any) map[string]any { return withoutServerFields(u) }
	all["copy"] = dump
	all["getField"] = func(u map[string]any, path string) any {
		value, found, err := unstructured.NestedFieldCopy(u, strings.Split(path, ".")...)
		if err != nil || !found {
			return ""
		}
		return value
	}
	all["removeField"] = func(u map[string]any, path string) string {
		unstructured.RemoveNestedField(u, strings.Split(path, ".")...)
		return dump(u)
	}
	all["chainRemoveField"] = func(u map[string]any, path string) map[string]any {
		unstructured.RemoveNestedField(u, strings.Split(path, ".")...)
		return u
	}
	all["setField"] = func(u map[string]any, path string, value any) string {
		if unstructured.SetNestedField(u, value, strings.Split(path, ".")...) != nil {
			return ""
		}
		return dump(u)
	}
	all["chainSetField"] = func(u map[string]any, path string, value any) map[string]any {
		if unstructured.SetNestedField(u, value, strings.Split(path, ".")...) != nil {
			return nil
		}
		return u
	}
	return all
}

func yamlUnmarshal(data []byte, into any) error { return yaml.Unmarshal(data, into) }

func textOrNothing(data []byte, err error) string {
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toToml(v any) string {
	var out bytes.Buffer
	if err := toml.NewEncoder(&out).Encode(v); err != nil {
		return err.Error()
	}
	return out.String()
}

func objectFrom(s string, unmarshal func([]byte, any) error) map[string]any {
	object := map[string]any{}
	if err := unmarshal([]byte(s), &object); err != nil {
		object["Error"] = err.Error()
	}
	return object
}

func listFrom(s string, unmarshal func([]byte, any) error) []any {
	list := []any{}
	if err := unmarshal([]byte(s), &list); err != nil {
		return []any{err.Error()}
	}
	return list
}

func withoutServerFields(content map[string]any) map[string]any {
	var object unstructured.Unstructured
	object.SetUnstructuredContent(content)
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	object.SetUID("")
	return object.Object
}

func dump(content map[string]any) string {
	var object unstructured.Unstructured
	object.Object = withoutServerFields(content)
	return textOrNothing(yamlv3.Marshal(object.UnstructuredContent()))
}
