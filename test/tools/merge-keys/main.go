// Command merge-keys prints how kustomize merges lists of Kubernetes' own kinds: for each definition its fields that are
// merged, or have something in them that is, as JSON. It is what kyaml's OpenAPI says, which kustomize goes by.
package main

import (
	"encoding/json"
	"os"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type field struct {
	// The keys of a list that is merged; a list of scalars has none.
	Keys []string `json:"keys,omitempty"`
	// Whether the list is merged.
	Merged bool `json:"merged,omitempty"`
	// What the field, the items of the list or the values of the map are.
	Type string `json:"type,omitempty"`
}

type output struct {
	Kinds       map[string]string           `json:"kinds"`
	Definitions map[string]map[string]field `json:"definitions"`
}

func refOf(schema *spec.Schema) string {
	if schema == nil {
		return ""
	}
	if ref := schema.Ref.String(); ref != "" {
		return strings.TrimPrefix(ref, "#/definitions/")
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		return refOf(schema.Items.Schema)
	}
	return ""
}

func main() {
	definitions := openapi.Schema().Definitions
	all := map[string]map[string]field{}
	for name, definition := range definitions {
		fields := map[string]field{}
		for key, property := range definition.Properties {
			one := field{Type: refOf(&property)}
			schema := &openapi.ResourceSchema{Schema: &property}
			strategy, keys := schema.PatchStrategyAndKeyList()
			for _, part := range strings.Split(strategy, ",") {
				one.Merged = one.Merged || part == "merge"
			}
			if one.Merged && len(property.Type) > 0 && property.Type[0] == "array" {
				one.Keys = keys
			} else {
				one.Merged = false
			}
			if one.Merged || one.Type != "" {
				fields[key] = one
			}
		}
		all[name] = fields
	}
	// Only what leads to a list that is merged.
	leads := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for name, fields := range all {
			if leads[name] {
				continue
			}
			for _, one := range fields {
				if one.Merged || leads[one.Type] {
					leads[name], changed = true, true
					break
				}
			}
		}
	}
	out := output{Kinds: map[string]string{}, Definitions: map[string]map[string]field{}}
	used := map[string]bool{}
	var use func(name string)
	use = func(name string) {
		if used[name] || !leads[name] {
			return
		}
		used[name] = true
		kept := map[string]field{}
		for key, one := range all[name] {
			if !leads[one.Type] {
				one.Type = ""
			}
			if one.Merged || one.Type != "" {
				kept[key] = one
				use(one.Type)
			}
		}
		out.Definitions[name] = kept
	}
	names := []string{}
	for name := range definitions {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		definition := definitions[name]
		list, _ := definition.Extensions["x-kubernetes-group-version-kind"].([]interface{})
		for _, entry := range list {
			gvk, _ := entry.(map[string]interface{})
			group, _ := gvk["group"].(string)
			version, _ := gvk["version"].(string)
			kind, _ := gvk["kind"].(string)
			if kind == "" || !leads[name] || strings.HasSuffix(kind, "List") || len(list) > 1 {
				continue
			}
			api := version
			if group != "" {
				api = group + "/" + version
			}
			out.Kinds[api+"/"+kind] = name
			use(name)
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(out)
}
