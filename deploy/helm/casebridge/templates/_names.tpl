{{/* The services, in the order in which their migrations run: later ones build on the tables of earlier ones. */}}
{{- define "casebridge.services" -}}
[case-api, d365-sync, status-sync, portal-web]
{{- end -}}

{{/* What the names of all objects begin with. */}}
{{- define "casebridge.prefix" -}}
{{- $name := default "casebridge" .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* By what pods are selected: root, component. */}}
{{- define "casebridge.selector" -}}
app.kubernetes.io/name: casebridge
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The labels of an object: root, component. */}}
{{- define "casebridge.labels" -}}
{{ include "casebridge.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The image of a service: root, service. */}}
{{- define "casebridge.image" -}}
{{- $own := (eq .service "casebridge" | ternary .root.Values.check (index .root.Values.services .service)).image -}}
{{- $name := printf "%s/%s" .root.Values.image.repository .service -}}
{{- if $own.digest -}}
{{ $name }}@{{ $own.digest }}
{{- else -}}
{{ $name }}:{{ $own.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}
