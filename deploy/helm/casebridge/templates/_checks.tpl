{{/* What only the chart can see: values that do not fit together. Each is named. */}}
{{- define "casebridge.checks" -}}
{{- $portal := index .Values.ingress.hosts "portal-web" -}}
{{- $public := index .Values.settings "portal-web" "PUBLIC_URL" -}}
{{- if and $portal (ne $public (printf "https://%s" $portal)) -}}
{{- fail (printf "settings.portal-web.PUBLIC_URL: is %s, but browsers reach the portal at https://%s (ingress.hosts.portal-web)" $public $portal) -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- range $service, $host := .Values.ingress.hosts -}}
{{- if and $host (not (index $.Values.ingress.tlsSecrets $service)) -}}
{{- fail (printf "ingress.tlsSecrets.%s: name the Secret with the certificate of %s" $service $host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.monitoring.enabled (not .Values.secrets.services.METRICS_TOKEN) -}}
{{- fail "secrets.services.METRICS_TOKEN: name the Secret with the token that Prometheus sends (monitoring.enabled)" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.settings.services.OTEL_EXPORTER_OTLP_ENDPOINT (not .Values.networkPolicy.collector.to) -}}
{{- fail "networkPolicy.collector.to: say where the collector of OTEL_EXPORTER_OTLP_ENDPOINT is" -}}
{{- end -}}
{{- range $service := list "case-api" "portal-web" -}}
{{- with (index $.Values.services $service).autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "services.%s.autoscaling.maxReplicas: is %d, fewer than minReplicas (%d)" $service (int .maxReplicas) (int .minReplicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
