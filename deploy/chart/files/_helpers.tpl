{{- /* The image: by digest where there is one. */}}
{{- define "adwright.image" -}}
{{- with $.Values.image -}}
{{- .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- /* Labels of every resource. They stay the same at an upgrade, because operators copy them to pods, which would restart. */}}
{{- define "adwright.labels" -}}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
app.kubernetes.io/instance: {{ $.Release.Name }}
{{- end }}

{{- /* Labels of the Deployments; their pods do not have them. */}}
{{- define "adwright.release-labels" -}}
{{ include "adwright.labels" $ }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Annotations of a service's pods: a changed ConfigMap makes new pods. */}}
{{- define "adwright.annotations" -}}
{{- $root := index . 0 -}}
{{- $own := index . 1 -}}
checksum/config: {{ include "adwright.config" $root | sha256sum }}
{{- with merge (deepCopy $own.podAnnotations) $root.Values.pods.annotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Where a pod runs, and with which credentials its image is pulled. */}}
{{- define "adwright.pod" -}}
{{- $root := index . 0 }}
{{- $own := index . 1 }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | toJson }}
{{- end }}
{{- end }}
{{- with merge (deepCopy $own.nodeSelector) $root.Values.pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations | default $root.Values.pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity | default $root.Values.pods.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* At an upgrade, the databases are migrated before anything else changes. */}}
{{- define "adwright.hook" -}}
helm.sh/hook: pre-upgrade
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}
