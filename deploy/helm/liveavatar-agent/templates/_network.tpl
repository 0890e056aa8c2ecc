{{/* Parts of the rules of worker and page. */}}
{{- define "egress" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
# The Redis of STATE_URL.
- ports:
    - {protocol: TCP, port: {{ .Values.networkPolicy.statePort }}}
{{- end }}

{{- define "fromPrometheus" -}}
{{- if include "hasMetrics" . }}
- ports:
    - {protocol: TCP, port: metrics}
  {{- with .Values.networkPolicy.prometheus }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "anywhere" -}}
# Everywhere except the addresses at which clouds serve a node's credentials. In some networks an ipBlock does not match
# pods, so pods, such as a LiveKit in the cluster, are listed in addition.
- namespaceSelector: {}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [169.254.0.0/16]
- ipBlock:
    cidr: ::/0
    except: ["fe80::/10", "fd00:ec2::/32"]
{{- end }}
