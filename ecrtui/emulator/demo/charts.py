"""The files of the demo's Helm charts."""

from __future__ import annotations

import json
from collections.abc import Mapping

_VALUES = """\
# How many pods run. The autoscaler takes over if it is enabled.
replicaCount: 2

image:
  repository: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/{name}
  tag: "{app_version}"
  pullPolicy: IfNotPresent

service:
  type: ClusterIP
  port: 80
  targetPort: 8080

ingress:
  enabled: true
  className: nginx
  host: {name}.example.com
  tls: true

resources:
  requests: {{cpu: 250m, memory: 512Mi}}
  limits: {{memory: 512Mi}}

autoscaling:
  enabled: false
  minReplicas: 2
  maxReplicas: 12
  targetCPUUtilizationPercentage: 75

env:
  JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=75
  OTEL_SERVICE_NAME: {name}
"""
_HELPERS = """\
{{- define "NAME.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-NAME
  labels: {{- include "NAME.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels: {app.kubernetes.io/instance: {{ .Release.Name }}}
  template:
    metadata:
      labels: {{- include "NAME.labels" . | nindent 8 }}
    spec:
      containers:
        - name: NAME
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          ports: [{containerPort: {{ .Values.service.targetPort }}}]
          resources: {{- toYaml .Values.resources | nindent 12 }}
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-NAME
spec:
  type: {{ .Values.service.type }}
  ports: [{port: {{ .Values.service.port }}, targetPort: {{ .Values.service.targetPort }}}]
"""
_SCHEMA = {
    "$schema": "https://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["image"],
    "properties": {"replicaCount": {"type": "integer", "minimum": 1}, "image": {"type": "object"}},
}


def chart_files(chart: Mapping[str, str]) -> Mapping[str, str]:
    """Return the files of a chart by path.

    Args:
        chart: the members of its ``Chart.yaml``.
    """
    name = chart["name"]
    members = {**chart, "type": "application", "kubeVersion": ">=1.29.0-0"}
    maintainers = f"maintainers:\n  - name: team {name}\n    email: {name}@example.com\n"
    return {
        f"{name}/Chart.yaml": "".join(f"{key}: {json.dumps(value)}\n" for key, value in members.items()) + maintainers,
        f"{name}/values.yaml": _VALUES.format(name=name, app_version=chart["appVersion"]),
        f"{name}/values.schema.json": json.dumps(_SCHEMA, indent=2) + "\n",
        f"{name}/.helmignore": ".git/\n*.tgz\n",
        f"{name}/templates/_helpers.tpl": _HELPERS.replace("NAME", name),
        f"{name}/templates/deployment.yaml": _DEPLOYMENT.replace("NAME", name),
        f"{name}/templates/service.yaml": _SERVICE.replace("NAME", name),
        f"{name}/templates/NOTES.txt": f"{name} {{{{ .Chart.AppVersion }}}} runs in {{{{ .Release.Namespace }}}}.\n",
    }
