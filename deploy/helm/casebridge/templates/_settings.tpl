{{/* Which groups of settings, secrets and files a program reads; a later one counts more. tests/support/chart.py has the same. */}}
{{- define "casebridge.groups" -}}
case-api: [services, kafka, oidc, case-api]
d365-sync: [services, kafka, oidc, d365, d365-sync]
status-sync: [services, kafka, d365, status-sync]
portal-web: [services, oidc, portal-web]
migrate: [kafka, migrate]
check: [services, kafka, d365, d365-sync]
{{- end -}}

{{/* What one of settings, secrets and files says for a program, as YAML: root, program, what. */}}
{{- define "casebridge.merged" -}}
{{- $all := index .root.Values .what -}}
{{- /* An authority in front of PostgreSQL is one of the migrations, too. */ -}}
{{- $found := eq .program "migrate" | ternary (pick $all.services "SSL_CERT_FILE") (dict) -}}
{{- range $group := index (include "casebridge.groups" .root | fromYaml) .program -}}
{{- range $name, $value := index $all $group -}}
{{- $_ := set $found $name $value -}}
{{- end -}}
{{- end -}}
{{- /* What several must know alike is set once. */ -}}
{{- $shared := dict -}}
{{- if eq .program "case-api" -}}
{{- $shared = pick $all.d365 "D365_CATEGORY_TYPES" -}}
{{- else if eq .program "migrate" -}}
{{- $shared = pick (index $all "status-sync") "D365_EVENTS_TOPIC" "D365_EVENTS_CONNECTION_STRING" -}}
{{- end -}}
{{- range $name, $value := $shared -}}
{{- $_ := set $found $name $value -}}
{{- end -}}
{{- /* The check waits for an event of D365, which only status-sync's user in Kafka may read. */ -}}
{{- if eq .program "check" -}}
{{- range $name, $_ := index $all "d365-sync" -}}
{{- if hasPrefix "KAFKA_" $name -}}
{{- $found = omit $found $name -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := index $all "status-sync" -}}
{{- if or (hasPrefix "KAFKA_" $name) (has $name (list "D365_EVENTS_TOPIC" "D365_EVENTS_CONNECTION_STRING")) -}}
{{- $_ := set $found $name $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end -}}

{{/* A value as the environment has it: text as it is, everything else as JSON (1000000, and not 1e+06). */}}
{{- define "casebridge.text" -}}
{{- if kindIs "string" . -}}{{ . }}{{- else -}}{{ toJson . }}{{- end -}}
{{- end -}}

{{/* The environment of a program: root, program. */}}
{{- define "casebridge.env" -}}
{{- range $name, $value := include "casebridge.merged" (dict "root" .root "program" .program "what" "settings") | fromYaml }}
- name: {{ $name }}
  value: {{ include "casebridge.text" $value | quote }}
{{- end }}
{{- range $name, $_ := include "casebridge.merged" (dict "root" .root "program" .program "what" "secrets") | fromYaml }}
- name: {{ $name }}_FILE
  value: /run/secrets/casebridge/{{ $name }}
{{- end }}
{{- range $name, $_ := include "casebridge.merged" (dict "root" .root "program" .program "what" "files") | fromYaml }}
- name: {{ $name }}
  value: /etc/casebridge/{{ $name }}
{{- end }}
{{- if and .root.Values.mapping (has .program (list "d365-sync" "status-sync" "check")) }}
- name: D365_MAPPING
  value: /etc/casebridge/D365_MAPPING
{{- end }}
{{- if not (has .program (list "migrate" "check")) }}
- name: DRAIN_SECONDS
  value: {{ .root.Values.drainSeconds | quote }}
{{- end }}
{{- if eq .program "portal-web" }}
- name: CASE_API_URL
  value: http://{{ include "casebridge.prefix" .root }}-case-api:8000
- name: D365_SYNC_URL
  value: http://{{ include "casebridge.prefix" .root }}-d365-sync:8000
{{- end }}
{{- end -}}

{{/* The volumes with a program's secrets and files, as a list: root, program. */}}
{{- define "casebridge.volumes" -}}
{{- $secrets := include "casebridge.merged" (dict "root" .root "program" .program "what" "secrets") | fromYaml -}}
{{- $files := include "casebridge.merged" (dict "root" .root "program" .program "what" "files") | fromYaml -}}
{{- if and .root.Values.mapping (has .program (list "d365-sync" "status-sync" "check")) -}}
{{- $_ := set $files "D365_MAPPING" (dict "configMap" (printf "%s-mapping" (include "casebridge.prefix" .root)) "key" "mapping.toml") -}}
{{- end }}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $ref := $secrets }}
      - secret: { name: {{ $ref.secret }}, items: [{ key: {{ $ref.key | default $name }}, path: {{ $name }} }] }
      {{- end }}
{{- if $files }}
- name: files
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $ref := $files }}
      {{- if $ref.configMap }}
      - configMap: { name: {{ $ref.configMap }}, items: [{ key: {{ $ref.key }}, path: {{ $name }} }] }
      {{- else }}
      - secret: { name: {{ $ref.secret }}, items: [{ key: {{ $ref.key }}, path: {{ $name }} }] }
      {{- end }}
      {{- end }}
{{- end }}
{{- end -}}

{{/* Where they are: the volumes' own YAML. */}}
{{- define "casebridge.mounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: secrets, mountPath: /run/secrets/casebridge, readOnly: true }
{{- if contains "- name: files" . }}
- { name: files, mountPath: /etc/casebridge, readOnly: true }
{{- end }}
{{- end -}}
