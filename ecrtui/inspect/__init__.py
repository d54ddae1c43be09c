"""What is in an image: its artifacts, packages, layers and findings, and how it differs from another image.

Nothing here trusts a document: any bytes give a result or a problem in words, never an exception of the parser.

- Artifacts: ``artifact_reading`` reads them, ``artifacts`` puts them in one tree, ``formats`` names their kinds.
- The content of an artifact: ``contents`` decides what a blob is. ``packages`` (SBOMs), ``archives``, ``envelopes``,
  ``cbor`` and ``certificates`` read one format each. ``statements``, ``provenance``, ``cosign`` and ``notation`` say in
  ``facts`` what a document states, and ``signers`` who signed it.
- Findings: ``findings`` joins the scans of the platforms; ``findings_filter``, ``findings_export`` and
  ``findings_elsewhere`` use the rows.
- Lifecycle policies: ``lifecycle`` evaluates one here, ``lifecycle_keepers`` says what would keep an image,
  ``lifecycle_preview`` asks ECR, ``lifecycle_export`` writes the result.
- The panes of an image: ``overview`` with ``platform_facts`` and ``release_sharing``, ``layers``, ``tag_history``. The
  details of a repository: ``repository_facts`` with ``pull_access``.

``comparison`` compares two images.
"""
