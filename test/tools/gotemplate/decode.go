package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// decode reads the data: integers as int64 as Kubernetes does, or all numbers as float64 as encoding/json does.
func decode(asked request) any {
	var data any
	decoder := json.NewDecoder(bytes.NewReader(asked.Data))
	decoder.UseNumber()
	if err := decoder.Decode(&data); err != nil {
		panic(err)
	}
	return typed(data, asked.Numbers != "float64")
}

func typed(value any, integers bool) any {
	switch value := value.(type) {
	case json.Number:
		if integers && !strings.ContainsAny(string(value), ".eE") {
			if integer, err := value.Int64(); err == nil {
				return integer
			}
		}
		float, err := value.Float64()
		if err != nil {
			panic(err)
		}
		return float
	case map[string]any:
		for key, member := range value {
			value[key] = typed(member, integers)
		}
	case []any:
		for index, item := range value {
			value[index] = typed(item, integers)
		}
	}
	return value
}
