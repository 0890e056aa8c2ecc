{{- define "name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{/* The labels that select the pods of a component. Takes (list $ "worker"). */}}
{{- define "selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The labels of an object that belongs to no component. */}}
{{- define "labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* Seconds from SIGTERM to SIGKILL: the drain, 395 s to close the remaining calls, and a margin. */}}
{{- define "gracePeriod" -}}
{{ add .Values.drainSeconds 420 }}
{{- end }}

{{- define "hasMetrics" -}}
{{- if or .Values.metrics.enabled .Values.metrics.operator (eq .Values.autoscaling.kind "keda") }}true{{ end }}
{{- end }}

{{/*
Pods are replaced when their configuration has changed. The chart does not make the Secret: Helm reads its present
content at an upgrade. `helm template` reaches no cluster, so there `secret.revision` stands for the content.
*/}}
{{- define "rolloutAnnotations" -}}
checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
checksum/secrets: {{ include "secretContents" . | sha256sum }}
{{- end }}

{{- define "secretContents" -}}
{{- .Values.secret.revision }}
{{- range compact (list .Values.secret.name .Values.state.url.secretName) }}
{{- with lookup "v1" "Secret" $.Release.Namespace . }}{{ toJson .data }}{{ end }}
{{- end }}
{{- end }}

{{/* The part of a pod's spec that worker and page share. Takes (list $ "worker"). */}}
{{- define "podBasics" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ include "name" $root }}
automountServiceAccountToken: false
# Otherwise a Service named `livekit` in the namespace would put LIVEKIT_PORT and the like into the environment.
enableServiceLinks: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with $root.Values.runAs }}
  runAsUser: {{ int64 .user }}
  runAsGroup: {{ int64 .group }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
# Spread the pods, so that a lost zone or node takes as few as possible; a pod that can't be spread starts nevertheless.
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "selector" (list $root (index $ 1)) | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "containerBasics" -}}
image: {{ include "image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Variables that worker and page share: the port of metrics, and where the state of the fleet is. */}}
{{- define "sharedEnv" -}}
{{- if include "hasMetrics" . }}
- name: METRICS_PORT
  value: {{ .Values.metrics.port | quote }}
- name: METRICS_HOST
  value: 0.0.0.0
{{- end }}
- name: STATE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.state.url.secretName | default .Values.secret.name }}
      key: {{ .Values.state.url.key }}
      # Without a STATE_URL each worker is on its own; a Secret that `state.url` names has to have the key.
      optional: {{ empty .Values.state.url.secretName }}
{{- end }}

{{- define "sharedMounts" -}}
- name: tmp
  mountPath: /tmp
- name: state
  mountPath: /var/lib/liveavatar-agent
{{- if .Values.personas }}
- name: personas
  mountPath: /app/agent/personas
  readOnly: true
{{- end }}
{{- end }}

{{- define "personasVolume" -}}
{{- if .Values.personas }}
- name: personas
  configMap:
    name: {{ include "name" . }}-personas
{{- end }}
{{- end }}

{{- define "scalingBehavior" -}}
# Scale up at once (the default); scale down slowly. A removed pod has to drain, and a new pod has to start: a dip of
# minutes is not worth that. 3600 is the longest window that Kubernetes allows.
scaleDown:
  stabilizationWindowSeconds: {{ min .Values.drainSeconds 3600 }}
  policies:
    - type: Pods
      value: 1
      periodSeconds: 600
{{- end }}
