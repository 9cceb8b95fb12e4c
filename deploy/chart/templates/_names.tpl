{{- define "onoma.name" -}}
{{- if contains "onoma" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-onoma" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "onoma.selector" -}}
app.kubernetes.io/name: onoma
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- define "onoma.labels" -}}
app.kubernetes.io/name: onoma
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "onoma.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "onoma.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "onoma.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "onoma.postgres" -}}
- name: ONOMA_POSTGRES
  valueFrom:
    secretKeyRef: {name: {{ .Values.postgres.secret }}, key: {{ .Values.postgres.key }}}
{{- end }}

{{/* Encrypted and authenticated, as the program asks beyond loopback. */}}
{{- define "onoma.closed" -}}
{{- if and .Values.tls.secret (or .Values.callers.secret .Values.tls.clientCA) }}yes{{ end }}
{{- end }}
