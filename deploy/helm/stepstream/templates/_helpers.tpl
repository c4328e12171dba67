{{- define "stepstream.name" -}}
{{- if contains "stepstream" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-stepstream" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "stepstream.selector" -}}
app.kubernetes.io/name: stepstream
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "stepstream.labels" -}}
{{ include "stepstream.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "stepstream.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "stepstream.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "stepstream.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Refuses values that contradict one another, before a pod finds out. */}}
{{- define "stepstream.validate" -}}
{{- if not .Values.config -}}
{{- fail "config is empty: --set-file config=stepstream.toml (and the definitions as workflows)" -}}
{{- end -}}
{{- if not .Values.workflows -}}
{{- fail "workflows is empty: --set-file 'workflows.NAME\\.asl\\.json=FILE' for each definition" -}}
{{- end -}}
{{- if and .Values.staticMembership (ne .Values.kind "StatefulSet") -}}
{{- fail "staticMembership needs kind: StatefulSet, whose pods keep their names" -}}
{{- end -}}
{{- if and (ne .Values.rack.source "none") (not (contains "/run/stepstream/rack" .Values.config)) -}}
{{- fail "rack: config lacks  \"client.rack\" = { file = \"/run/stepstream/rack\" }  in [kafka.secrets]" -}}
{{- end -}}
{{- if and .Values.logs.persistence.enabled (ne .Values.kind "StatefulSet") -}}
{{- fail "logs.persistence needs kind: StatefulSet, whose pods have a volume each" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not (and .Values.autoscaling.triggers .Values.kafka.brokers)) -}}
{{- fail "autoscaling needs kafka.brokers and, for each workflow, a topic and its group in autoscaling.triggers" -}}
{{- end -}}
{{- end -}}

{{/* What the Pod Security Standard "restricted" asks of a container. */}}
{{- define "stepstream.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
