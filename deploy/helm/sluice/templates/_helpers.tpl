{{- define "sluice.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "sluice.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "sluice.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end -}}
{{- end }}

{{- define "sluice.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end -}}
{{- end }}

{{/* sluice.yaml: the settings, with what only the chart can know. */}}
{{- define "sluice.settings" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.settings.lease) }}
{{- fail "replicas > 1 needs settings.lease: {connection: NAME}, by which the instances agree who leads" }}
{{- end }}
{{- $server := dict "address" (printf "0.0.0.0:%d" (int .Values.service.port)) }}
{{- if .Values.page.enabled }}{{- $_ := set $server "page" (dict "hosts" .Values.page.hosts) }}{{- end }}
{{- if .Values.webhooks.port }}
{{- if not (dig "server" "webhooks" "secret" "" .Values.settings) }}{{- fail "webhooks.port needs settings.server.webhooks.secret" }}{{- end }}
{{- $_ := set $server "webhooks" (dict "address" (printf "0.0.0.0:%d" (int .Values.webhooks.port))) }}
{{- end }}
{{- $fixed := dict "apiVersion" "sluice.dev/v1alpha1" "kind" "Settings" "server" $server "state" (dict "directory" "/var/lib/sluice") }}
{{- toYaml (mergeOverwrite (deepCopy .Values.settings) $fixed) }}
{{- end }}
